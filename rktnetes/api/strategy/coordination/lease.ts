/** What leases do beyond their data: fields of what is not switched on are not kept. */
import { leaseErrors } from "../../validate/cluster/lease.ts";
import type { JsonObject } from "../../schema/schema.ts";
import { readObject } from "../object-at.ts";
import type { Strategy } from "../strategy.ts";

/** Coordinated leader election, which is off by default. */
const COORDINATED = ["strategy", "preferredHolder"];

function dropCoordinated(lease: JsonObject, old: JsonObject): void {
  const spec = readObject(lease, "spec");
  const before = readObject(old, "spec");
  for (const field of COORDINATED) if (before[field] === undefined) delete spec[field];
}

export const LEASE: Strategy = {
  prepareForCreate: (lease) => {
    dropCoordinated(lease, {});
  },
  prepareForUpdate: dropCoordinated,
  validateCreate: leaseErrors,
  validateUpdate: leaseErrors,
};
