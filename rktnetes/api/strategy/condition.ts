/** Conditions in the status of an object. Pure. */
import type { JsonObject } from "../schema/schema.ts";
import { isObject } from "../structural/structural.ts";
import { objectAt } from "./object-at.ts";

/** Puts a condition in the place of the one of its type; its time stays while its status does. */
export function setCondition(object: JsonObject, condition: JsonObject): void {
  const status = objectAt(object, "status");
  const conditions = Array.isArray(status["conditions"]) ? status["conditions"] : [];
  const at = conditions.findIndex((each) => isObject(each) && each["type"] === condition["type"]);
  const before = conditions[at];
  if (!isObject(before)) {
    status["conditions"] = [...conditions, condition];
    return;
  }
  const isSame = before["status"] === condition["status"];
  const lastTransitionTime = isSame
    ? before["lastTransitionTime"]
    : condition["lastTransitionTime"];
  const next = { ...condition, lastTransitionTime: lastTransitionTime ?? null };
  status["conditions"] = conditions.with(at, next);
}
