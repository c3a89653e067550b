/** What further API servers do beyond their data. */
import { apiServiceDefaults } from "../../defaults/cluster.ts";
import { apiServiceErrors, apiServiceStatusErrors } from "../../validate/cluster/api-service.ts";
import { pathSegmentName } from "../../validate/object-names.ts";
import type { JsonObject } from "../../schema/schema.ts";
import { setCondition } from "../condition.ts";
import { readObject } from "../object-at.ts";
import type { Strategy, WriteContext } from "../strategy.ts";

export const API_SERVICE: Strategy = {
  setDefaults: apiServiceDefaults,
  prepareForCreate: sayLocal,
  nameProblems: pathSegmentName,
  validateCreate: apiServiceErrors,
  validateUpdate: apiServiceErrors,
  subresources: { status: { validateUpdate: apiServiceStatusErrors } },
};

/** What the server itself serves needs no check. */
function sayLocal(object: JsonObject, { now }: WriteContext): void {
  if (readObject(object, "spec")["service"] !== undefined) return;
  setCondition(object, {
    type: "Available",
    status: "True",
    lastTransitionTime: now,
    reason: "Local",
    message: "Local APIServices are always available",
  });
}
