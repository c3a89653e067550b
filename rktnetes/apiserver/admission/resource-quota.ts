/**
 * Namespaces take no more than their quotas allow. In: objects about to be written. Out: the
 * quotas' used amounts raised first, each in one commit that fails when somebody else was faster;
 * or a refusal.
 */
import {
  type Amounts,
  describeAmounts,
  difference,
  isZero,
  only,
  readAmounts,
  sum,
  writeAmounts,
} from "@rktnetes/api/quota/amounts";
import { isInScope } from "@rktnetes/api/quota/scopes";
import { type CountedResource, missingIn, usageOf } from "@rktnetes/api/quota/usage";
import type { JsonObject } from "@rktnetes/api/schema";
import { StatusFault } from "@rktnetes/api/status-fault";
import type { Pod, ResourceQuota } from "@rktnetes/api/types/core-v1";
import { compareQuantities } from "@rktnetes/api/values/quantity";
import { ownRequest } from "../registry/own-request.ts";
import type { Registry } from "../registry/registry.ts";
import { update } from "../registry/update.ts";
import type { AdmissionPlugin, AdmissionRequest } from "./admission.ts";
import { builtinKind, type Lookup } from "./lookup.ts";
import { refused, typed } from "./subject.ts";

const QUOTAS = "/resourcequotas";
const TRIES = 20;

/** Updates of these can take more; of all others only creations count. */
const COUNTED_UPDATES: ReadonlySet<string> = new Set([
  "/persistentvolumeclaims",
  "/pods/resize",
  "/services",
]);

export function resourceQuota(lookup: Lookup, registry: () => Registry): AdmissionPlugin {
  return {
    name: "ResourceQuota",
    validate: async (request) => {
      if (!isCounted(request)) return;
      const quotas = await lookup.list<ResourceQuota>(QUOTAS, request.namespace);
      for (const { metadata } of quotas) {
        await charge({ registry: registry(), request, name: metadata.name ?? "" });
      }
    },
  };
}

function isCounted({
  operation,
  namespace,
  resource,
  subresource,
  object,
}: AdmissionRequest): boolean {
  if (namespace === "" || object === undefined) return false;
  const name = `${resource.kind.group}/${resource.kind.resource}`;
  if (operation === "CREATE") return subresource === "" && name !== "/events";
  const path = subresource === "" ? name : `${name}/${subresource}`;
  return operation === "UPDATE" && COUNTED_UPDATES.has(path);
}

interface Charge {
  readonly registry: Registry;
  readonly request: AdmissionRequest;
  readonly name: string;
}

/** Raises what is used of one quota, however often somebody else does so at the same time. */
async function charge({ registry, request, name }: Charge): Promise<void> {
  const resource = await registry.resource(builtinKind(QUOTAS));
  const { namespace, context } = request;
  const subresource = "status";
  const write = ownRequest({ namespace, name, subresource, dryRun: context.dryRun });
  const change = (current: JsonObject | undefined): JsonObject => raised(request, current ?? {});
  for (let attempt = 1; ; attempt++) {
    try {
      await update(registry, resource, { ...write, change, mayCreate: false });
      return;
    } catch (error) {
      const code = error instanceof StatusFault ? error.failure.code : 0;
      if (code === 404) return;
      if (code !== 409 || attempt === TRIES) throw error;
    }
  }
}

function raised(request: AdmissionRequest, current: JsonObject): JsonObject {
  const used = raisedUse(request, typed<ResourceQuota>(current));
  if (used === undefined) return current;
  const status = (current["status"] ?? {}) as JsonObject;
  const before = (status["used"] ?? {}) as JsonObject;
  return { ...current, status: { ...status, used: { ...before, ...used } } };
}

/** The used amounts as they will be; undefined where nothing changes. */
function raisedUse(
  request: AdmissionRequest,
  quota: ResourceQuota,
): Record<string, string> | undefined {
  const { kind } = request.resource;
  const of: CountedResource = { group: kind.group, resource: kind.resource };
  const object = request.object ?? {};
  if (quota.spec !== undefined && !isInScope(quota.spec, of, object)) return undefined;
  const hard = readAmounts(quota.status?.hard);
  checkNamed(request, quota, Object.keys(hard));
  const before = request.old === undefined ? {} : usageOf(of, request.old);
  const change = difference(usageOf(of, object), before);
  const asked = only(change, (name) => hard[name] !== undefined && !isZero(change[name] ?? ZERO));
  if (Object.keys(asked).length === 0) return undefined;
  const used = readAmounts(quota.status?.used);
  const unknown = Object.keys(asked).filter((name) => used[name] === undefined);
  if (unknown.length > 0) {
    const which = `${quota.metadata.name}, resources: ${unknown.sort().join(",")}`;
    throw refused(request, `status unknown for quota: ${which}`);
  }
  const next = only(sum([used, asked]), (name) => asked[name] !== undefined);
  checkExceeded(request, quota, { asked, used, hard, next });
  return writeAmounts(next);
}

const ZERO = readAmounts({ zero: "0" })["zero"] as Amounts[string];

/** Containers must say how much they need of what is limited. */
function checkNamed(
  request: AdmissionRequest,
  quota: ResourceQuota,
  limited: readonly string[],
): void {
  const { kind } = request.resource;
  if (kind.group !== "" || kind.resource !== "pods") return;
  const spec = typed<Pod>(request.object).spec;
  const missing = spec === undefined ? new Map<string, string[]>() : missingIn(spec, limited);
  if (missing.size === 0) return;
  const list = [...missing].sort(([left], [right]) => (left < right ? -1 : 1));
  const what = list.map(([name, containers]) => `${name} for: ${containers.join(",")}`).join("; ");
  throw refused(request, `failed quota: ${quota.metadata.name}: must specify ${what}`);
}

interface Balance {
  readonly asked: Amounts;
  readonly used: Amounts;
  readonly hard: Amounts;
  readonly next: Amounts;
}

function checkExceeded(
  request: AdmissionRequest,
  quota: ResourceQuota,
  { asked, used, hard, next }: Balance,
): void {
  const exceeded = (name: string): boolean => {
    const [wanted, limit, more] = [next[name], hard[name], asked[name]];
    if (wanted === undefined || limit === undefined || more === undefined) return false;
    return compareQuantities(more, 0n) > 0 && compareQuantities(wanted, limit) > 0;
  };
  if (!Object.keys(next).some(exceeded)) return;
  const [requested, before, limited] = [asked, used, hard].map((amounts) =>
    describeAmounts(only(amounts, exceeded)),
  );
  const what = `requested: ${requested}, used: ${before}, limited: ${limited}`;
  throw refused(request, `exceeded quota: ${quota.metadata.name}, ${what}`);
}
