/** Whether selectors of objects and namespaces choose a request. In: both. Out: yes or no. */
import { readList, readObject } from "@rktnetes/api/strategy/object-at";
import { selectsLabels } from "@rktnetes/api/selectors/object-selector";
import type { JsonObject } from "@rktnetes/api/schema";
import { labelsOf } from "../registry/metadata.ts";
import type { AdmissionRequest } from "./admission.ts";
import type { Lookup } from "./lookup.ts";

/** `of` has a `namespaceSelector` and an `objectSelector`; empty ones choose everything. */
export async function selectsRequest(
  lookup: Lookup,
  of: JsonObject,
  request: AdmissionRequest,
): Promise<boolean> {
  const objects = readObject(of, "objectSelector");
  const either = [request.object, request.old].filter((each) => each !== undefined);
  if (!isEmpty(objects) && !either.some((each) => selectsLabels(objects, { ...labelsOf(each) }))) {
    return false;
  }
  const namespaces = readObject(of, "namespaceSelector");
  if (isEmpty(namespaces)) return true;
  const labels = await namespaceLabels(lookup, request);
  return labels === undefined || selectsLabels(namespaces, labels);
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
