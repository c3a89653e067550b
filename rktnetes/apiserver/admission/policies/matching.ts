/** Which requests a policy or its binding is about. In: `matchResources`. Out: yes or no. */
import type { JsonObject } from "@rktnetes/api/schema";
import { readList, readObject, readTexts } from "@rktnetes/api/strategy/object-at";
import { selectsLabels } from "@rktnetes/api/selectors/object-selector";
import { labelsOf } from "../../registry/metadata.ts";
import type { AdmissionRequest } from "../admission.ts";
import type { Lookup } from "../lookup.ts";
import { matchesRules } from "../webhooks/webhook-rules.ts";

/** Without rules all requests match. */
export async function matchesResources(
  lookup: Lookup,
  match: JsonObject,
  request: AdmissionRequest,
): Promise<boolean> {
  const rules = readList(match, "resourceRules");
  if (rules.length > 0 && !matchesAny(rules, request)) return false;
  if (matchesAny(readList(match, "excludeResourceRules"), request)) return false;
  const objects = readObject(match, "objectSelector");
  const either = [request.object, request.old].filter((each) => each !== undefined);
  if (!isEmpty(objects) && !either.some((each) => selectsLabels(objects, { ...labelsOf(each) }))) {
    return false;
  }
  const namespaces = readObject(match, "namespaceSelector");
  if (isEmpty(namespaces)) return true;
  const labels = await namespaceLabels(lookup, request);
  return labels === undefined || selectsLabels(namespaces, labels);
}

function matchesAny(rules: readonly JsonObject[], request: AdmissionRequest): boolean {
  return rules.some((rule) => {
    const names = readTexts(rule, "resourceNames");
    if (names.length > 0 && !names.includes(request.name)) return false;
    return matchesRules([rule], request);
  });
}

function isEmpty(selector: JsonObject): boolean {
  const labels = Object.keys(readObject(selector, "matchLabels")).length;
  return labels === 0 && readList(selector, "matchExpressions").length === 0;
}

/** Of the namespace that the request is in, or is about; undefined for what is in none. */
async function namespaceLabels(
  lookup: Lookup,
  { resource, namespace, object, old }: AdmissionRequest,
): Promise<JsonObject | undefined> {
  const { group, resource: plural } = resource.kind;
  if (group === "" && plural === "namespaces") return { ...labelsOf(object ?? old ?? {}) };
  if (namespace === "") return undefined;
  const found = await lookup.find("/namespaces", "", namespace);
  return found === undefined ? {} : { ...labelsOf(found) };
}
