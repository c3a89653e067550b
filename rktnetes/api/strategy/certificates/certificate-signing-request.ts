/**
 * What requests for certificates do beyond their data: who asks is who is asking, and only those
 * who may approve can say so.
 */
import type { JsonObject } from "../../schema/schema.ts";
import {
  approvalErrors,
  requestErrors,
  statusErrors,
} from "../../validate/cluster/certificate-signing-request.ts";
import { objectAt, readList, readObject } from "../object-at.ts";
import type { Strategy, WriteContext } from "../strategy.ts";

function prepareForCreate(request: JsonObject, { user }: WriteContext): void {
  const spec = objectAt(request, "spec");
  for (const field of ["username", "uid", "groups", "extra"]) delete spec[field];
  if (user.name !== "") spec["username"] = user.name;
  if (user.uid !== undefined && user.uid !== "") spec["uid"] = user.uid;
  if (user.groups.length > 0) spec["groups"] = [...user.groups];
  const extra = Object.entries(user.extra ?? {});
  if (extra.length > 0)
    spec["extra"] = Object.fromEntries(extra.map(([key, values]) => [key, [...values]]));
  request["status"] = {};
}

/** Conditions get their times from the server. */
function stampConditions(request: JsonObject, old: JsonObject, { now }: WriteContext): void {
  const before = readList(readObject(old, "status"), "conditions");
  for (const condition of readList(readObject(request, "status"), "conditions")) {
    condition["lastUpdateTime"] ??= now;
    if ((condition["lastTransitionTime"] ?? null) !== null) continue;
    const same = before.find(
      ({ type, status }) => type === condition["type"] && status === condition["status"],
    );
    condition["lastTransitionTime"] = same?.["lastTransitionTime"] ?? now;
  }
}

export const CERTIFICATE_SIGNING_REQUEST: Strategy = {
  prepareForCreate,
  validateCreate: requestErrors,
  resetFields: [["spec"], ["status"]],
  prepareForUpdate: (request, old) => {
    request["spec"] = structuredClone(readObject(old, "spec"));
  },
  subresources: {
    status: {
      prepareForUpdate: (request, old, context) => {
        stampConditions(request, old, context);
      },
      validateUpdate: statusErrors,
    },
    approval: {
      prepareForUpdate: (request, old, context) => {
        const conditions = readObject(request, "status")["conditions"];
        request["spec"] = structuredClone(readObject(old, "spec"));
        request["status"] = structuredClone(readObject(old, "status"));
        const status = objectAt(request, "status");
        if (conditions === undefined) delete status["conditions"];
        else status["conditions"] = conditions;
        stampConditions(request, old, context);
      },
      validateUpdate: approvalErrors,
    },
  },
};
