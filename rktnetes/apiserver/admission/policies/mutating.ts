/**
 * MutatingAdmissionPolicies. In: a request. Out: its object changed in place, by what expressions
 * say it is to have or by the operations of a patch. @throws {StatusFault}
 */
import { mergeApplied } from "@rktnetes/api/apply/merge-applied";
import type { Scope } from "@rktnetes/api/cel/evaluate";
import { compilePolicy, type CompiledPolicy, type Mutation } from "@rktnetes/api/cel/policy";
import { CelError, toJson } from "@rktnetes/api/cel/values";
import { decodeTree } from "@rktnetes/api/codec/decode";
import { applyJsonPatch, decodeJsonPatch } from "@rktnetes/api/patch/json-patch";
import type { Json, JsonObject } from "@rktnetes/api/schema";
import { readObject, readText } from "@rktnetes/api/strategy/object-at";
import { forbiddenFault, type StatusFault } from "@rktnetes/api/status-fault";
import { isSameJson } from "@rktnetes/api/values/same-json";
import { Fault } from "@shared/base";
import type { Authorizer } from "../../auth/authorizer.ts";
import { metaText } from "../../registry/metadata.ts";
import type { AdmissionRequest } from "../admission.ts";
import { broughtBack, type Seen, seenAs } from "../equivalent.ts";
import { formOf, nameOf, setDefaults } from "../subject.ts";
import { isExempt } from "../webhooks/webhook-rules.ts";
import { type Bound, boundPolicies, type PolicyParts } from "./bindings.ts";
import { allHold } from "./conditions.ts";
import { withScope } from "./environment.ts";

/** What each policy left behind, for requests that are on their way. */
const LEFT = new WeakMap<AdmissionRequest, Map<string, JsonObject>>();

export async function mutate(
  parts: PolicyParts,
  authorizer: Authorizer,
  request: AdmissionRequest,
): Promise<void> {
  if (isExempt(request) || request.object === undefined) return;
  const left = new Map<string, JsonObject>();
  LEFT.set(request, left);
  for (const bound of await boundPolicies(parts, "mutating", request)) {
    await mutateBy(parts, authorizer, bound, request);
    left.set(nameOfBound(bound), structuredClone(request.object));
  }
  await mutateAgain(parts, authorizer, request);
}

/** Asks those again that asked for it, where somebody has changed what they left behind. */
export async function mutateAgain(
  parts: PolicyParts,
  authorizer: Authorizer,
  request: AdmissionRequest,
): Promise<void> {
  const left = LEFT.get(request);
  if (left === undefined || request.object === undefined) return;
  for (const bound of await boundPolicies(parts, "mutating", request)) {
    if (readText(readObject(bound.policy, "spec"), "reinvocationPolicy") !== "IfNeeded") continue;
    const before = left.get(nameOfBound(bound));
    if (before === undefined || isSameJson(before, request.object)) continue;
    await mutateBy(parts, authorizer, bound, request);
    left.set(nameOfBound(bound), structuredClone(request.object));
  }
}

function nameOfBound({ policy, binding }: Bound): string {
  return `${metaText(policy, "name")}/${metaText(binding, "name")}`;
}

async function mutateBy(
  parts: PolicyParts,
  authorizer: Authorizer,
  bound: Bound,
  request: AdmissionRequest,
): Promise<void> {
  const { policy, params, seen: before } = bound;
  const isLoose = readText(readObject(policy, "spec"), "failurePolicy") === "Ignore";
  try {
    if (params instanceof Fault) throw params;
    const compiled = compilePolicy(policy);
    const { namespace } = request;
    const namespaceObject =
      namespace === "" ? undefined : await parts.lookup.find("/namespaces", "", namespace);
    for (const each of params) {
      const seen = await seenAs(parts, request, before.kind);
      const facts = { seen, namespaceObject, params: each, variables: compiled.variables };
      const holds = await withScope(authorizer, facts, (scope) =>
        allHold(compiled.conditions, scope),
      );
      if (!holds) continue;
      await run(compiled, (ask) => withScope(authorizer, facts, ask), seen);
      const made = seen.request.object ?? {};
      if (seen.kind !== undefined) replace(request, await broughtBack(parts, seen, made));
    }
  } catch (error) {
    if (isLoose || !(error instanceof CelError || error instanceof Fault)) {
      if (isLoose) return;
      throw error;
    }
    throw refusal(bound, request, error.message);
  }
}

/** Each mutation sees what those before it have made. */
async function run(
  { mutations }: CompiledPolicy,
  evaluate: (ask: (scope: Scope) => Json) => Promise<Json>,
  { request, kind }: Seen,
): Promise<void> {
  const { object } = request;
  if (object === undefined) return;
  const schema = (kind ?? formOf(request)).schema;
  for (const mutation of mutations) {
    const value = await evaluate((scope) => valueOf(mutation, scope));
    const { object: next } = decodeTree(schema, changed(mutation, object, value, schema));
    if (kind === undefined) setDefaults(request, next);
    for (const field of Object.keys(object)) delete object[field];
    Object.assign(object, next);
  }
}

function replace({ object = {}, resource }: AdmissionRequest, wanted: JsonObject): void {
  const { object: next } = decodeTree(resource.kind.schema, wanted);
  resource.strategy.setDefaults?.(next);
  for (const field of Object.keys(object)) delete object[field];
  Object.assign(object, next);
}

function valueOf({ compilation }: Mutation, scope: Scope): Json {
  if (!compilation.ok) throw new CelError(compilation.error);
  return toJson(compilation.compiled.run(scope));
}

function changed(
  { type }: Mutation,
  object: JsonObject,
  value: Json,
  schema: AdmissionRequest["resource"]["kind"]["schema"],
): Json {
  const copy = structuredClone(object);
  if (type === "JSONPatch") return applyJsonPatch(copy, decodeJsonPatch(value));
  return mergeApplied(copy, value, schema);
}

function refusal(
  { policy, binding }: Bound,
  request: AdmissionRequest,
  message: string,
): StatusFault {
  const names = `'${metaText(policy, "name")}' with binding '${metaText(binding, "name")}'`;
  const why = `policy ${names} denied request: ${message}`;
  return forbiddenFault(request.resource.named, nameOf(request), why);
}
