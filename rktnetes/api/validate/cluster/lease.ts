/** What is wrong with leases. In: decoded objects. Out: field errors. Pure. */
import type { JsonObject } from "../../schema/schema.ts";
import { readNumber, readObject } from "../../strategy/object-at.ts";
import { type Errors, nonNegativeErrors } from "../checks.ts";
import { invalid } from "../field-error.ts";

export function leaseErrors(lease: JsonObject): Errors {
  const spec = readObject(lease, "spec");
  const seconds = readNumber(spec, "leaseDurationSeconds");
  return [
    ...(seconds !== undefined && seconds <= 0
      ? [invalid("spec.leaseDurationSeconds", seconds, "must be greater than 0")]
      : []),
    ...nonNegativeErrors("spec.leaseTransitions", spec["leaseTransitions"]),
  ];
}
