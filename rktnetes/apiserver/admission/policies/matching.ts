/** Which requests a policy or its binding is about. In: `matchResources`. Out: how it sees them. */
import type { Kind } from "@rktnetes/api/kind";
import type { JsonObject } from "@rktnetes/api/schema";
import { readList, readText, readTexts } from "@rktnetes/api/strategy/object-at";
import type { AdmissionRequest } from "../admission.ts";
import { type EquivalentParts, otherVersions } from "../equivalent.ts";
import { selectsRequest } from "../selects.ts";
import { matchingVersion } from "../webhooks/webhook-rules.ts";

/** The version in which the request is seen; undefined in `kind` for its own. */
export interface Match {
  readonly kind: Kind | undefined;
}

/** Undefined for requests that it is not about. Without rules all match. */
export async function matchResources(
  parts: EquivalentParts,
  match: JsonObject,
  request: AdmissionRequest,
): Promise<Match | undefined> {
  if (!(await selectsRequest(parts.lookup, match, request))) return undefined;
  const isExact = readText(match, "matchPolicy") === "Exact";
  const others = (): readonly Kind[] => (isExact ? [] : otherVersions(parts, request));
  if (firstMatch(readList(match, "excludeResourceRules"), request, others) !== undefined) {
    return undefined;
  }
  const rules = readList(match, "resourceRules");
  return rules.length === 0 ? { kind: undefined } : firstMatch(rules, request, others);
}

function firstMatch(
  rules: readonly JsonObject[],
  request: AdmissionRequest,
  others: () => readonly Kind[],
): Match | undefined {
  const named = rules.filter((rule) => {
    const names = readTexts(rule, "resourceNames");
    return names.length === 0 || names.includes(request.name);
  });
  return matchingVersion(named, request, others);
}
