/**
 * Policies with those of their bindings that are about a request, and the parameters that these
 * name. In: a request. Out: what is to be evaluated, in the order of names.
 */
import { builtinKinds } from "@rktnetes/api/kinds";
import type { Kind } from "@rktnetes/api/kind";
import type { JsonObject } from "@rktnetes/api/schema";
import { readObject, readText } from "@rktnetes/api/strategy/object-at";
import { selectsLabels } from "@rktnetes/api/selectors/object-selector";
import { Fault } from "@shared/base";
import { objectKey, scopePrefix } from "../../registry/keys.ts";
import { labelsOf, metaText } from "../../registry/metadata.ts";
import type { Registry } from "../../registry/registry.ts";
import { apiVersionOf } from "../../registry/resource.ts";
import type { AdmissionRequest } from "../admission.ts";
import { type EquivalentParts, type Seen, seenAs } from "../equivalent.ts";
import { matchResources } from "./matching.ts";

export interface PolicyParts extends EquivalentParts {
  readonly registry: () => Registry;
}

export interface Bound {
  readonly policy: JsonObject;
  readonly binding: JsonObject;
  /** The request as the policy sees it. */
  readonly seen: Seen;
  /** One evaluation each; a fault for parameters that cannot be had. */
  readonly params: readonly (JsonObject | undefined)[] | Fault;
}

/** `what` is `validating` or `mutating`. */
export async function boundPolicies(
  parts: PolicyParts,
  what: "validating" | "mutating",
  request: AdmissionRequest,
): Promise<readonly Bound[]> {
  const group = "admissionregistration.k8s.io";
  const bindings = await parts.lookup.list(`${group}/${what}admissionpolicybindings`);
  if (bindings.length === 0) return [];
  const policies = await parts.lookup.list(`${group}/${what}admissionpolicies`);
  const out: Bound[] = [];
  for (const policy of policies) {
    const name = metaText(policy, "name");
    const mine = bindings.filter(
      (each) => readText(readObject(each, "spec"), "policyName") === name,
    );
    if (mine.length === 0) continue;
    const spec = readObject(policy, "spec");
    const match = await matchResources(parts, readObject(spec, "matchConstraints"), request);
    if (match === undefined) continue;
    for (const binding of mine) {
      const further = readObject(readObject(binding, "spec"), "matchResources");
      if ((await matchResources(parts, further, request)) === undefined) continue;
      const seen = await seenAs(parts, request, match.kind);
      out.push({ policy, binding, seen, params: await paramsOf(parts, spec, binding, request) });
    }
  }
  return out;
}

async function paramsOf(
  parts: PolicyParts,
  spec: JsonObject,
  binding: JsonObject,
  request: AdmissionRequest,
): Promise<Bound["params"]> {
  const { paramKind } = spec;
  const ref = readObject(readObject(binding, "spec"), "paramRef");
  if (paramKind === undefined || Object.keys(ref).length === 0) return [undefined];
  const kind = kindOf(parts, readObject(spec, "paramKind"));
  if (kind === undefined)
    return new Fault("invalid", "failed to configure policy: no such paramKind");
  const namespace = kind.namespaced ? readText(ref, "namespace") || request.namespace : "";
  if (kind.namespaced && namespace === "") {
    const why =
      "cannot use namespaced paramRef in policy binding that matches cluster-scoped resources";
    return new Fault("invalid", `failed to configure binding: ${why}`);
  }
  const found = await findParams(parts.registry(), kind, ref, namespace);
  if (found.length > 0) return found;
  if (readText(ref, "parameterNotFoundAction") === "Allow") return [];
  const why = "no params found for policy binding with `Deny` parameterNotFoundAction";
  return new Fault("invalid", `failed to configure binding: ${why}`);
}

function kindOf({ kinds }: PolicyParts, wanted: JsonObject): Kind | undefined {
  const [version, name] = [readText(wanted, "apiVersion"), readText(wanted, "kind")];
  const fits = (kind: Kind): boolean => kind.kind === name && apiVersionOf(kind) === version;
  const [group = "", own = ""] = version.includes("/") ? version.split("/") : ["", version];
  return builtinKinds().find(fits) ?? kinds().of(group, own).find(fits);
}

async function findParams(
  registry: Registry,
  kind: Kind,
  ref: JsonObject,
  namespace: string,
): Promise<readonly JsonObject[]> {
  const resource = await registry.resource(kind);
  const cache = await registry.fresh(resource);
  const name = readText(ref, "name");
  if (name !== "") {
    const one = cache.get(objectKey(resource.prefix, namespace, name));
    return one === undefined ? [] : [one.object];
  }
  const selector = readObject(ref, "selector");
  return cache
    .range(scopePrefix(resource.prefix, namespace))
    .map(({ object }) => object)
    .filter((object) => selectsLabels(selector, { ...labelsOf(object) }));
}
