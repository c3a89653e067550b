/** A label selector as objects hold it, put to the test. In: a decoded selector, labels. Pure. */
import type { JsonObject } from "../schema/schema.ts";
import { readList, readObject, readText, readTexts } from "../strategy/object-at.ts";

/** Whether the selector takes these labels; one that is not there takes none, an empty one all. */
export function selectsLabels(selector: JsonObject | undefined, labels: JsonObject): boolean {
  if (selector === undefined) return false;
  const wanted = readObject(selector, "matchLabels");
  for (const key of Object.keys(wanted)) {
    if (!Object.hasOwn(labels, key) || labels[key] !== wanted[key]) return false;
  }
  return readList(selector, "matchExpressions").every((each) => meets(each, labels));
}

function meets(requirement: JsonObject, labels: JsonObject): boolean {
  const key = readText(requirement, "key");
  const isThere = Object.hasOwn(labels, key);
  const values = readTexts(requirement, "values");
  switch (readText(requirement, "operator")) {
    case "In":
      return isThere && values.includes(readText(labels, key));
    case "NotIn":
      return !isThere || !values.includes(readText(labels, key));
    case "Exists":
      return isThere;
    default:
      return !isThere;
  }
}
