/**
 * Containers get the amounts that a namespace gives them by default, and nothing is smaller or
 * larger than the namespace wants it. In: pods and claims. Out: amounts filled in, refusals.
 */
import { podAmounts, readAmounts, type Amounts } from "@rktnetes/api/quota/amounts";
import type {
  Container,
  LimitRange,
  LimitRangeItem,
  PersistentVolumeClaim,
  Pod,
} from "@rktnetes/api/types/core-v1";
import {
  compareQuantities,
  formatQuantity,
  parseQuantity,
  type Quantity,
} from "@rktnetes/api/values/quantity";
import type { AdmissionPlugin, AdmissionRequest } from "./admission.ts";
import type { Lookup } from "./lookup.ts";
import { refused, targetOf, typed } from "./subject.ts";

const ANNOTATION = "kubernetes.io/limit-ranger";

export function limitRanger(lookup: Lookup): AdmissionPlugin {
  const ranges = (namespace: string): Promise<readonly LimitRange[]> =>
    lookup.list<LimitRange>("/limitranges", namespace);
  return {
    name: "LimitRanger",
    mutate: async (request) => {
      if (request.operation !== "CREATE" || targetOf(request) !== "/pods") return;
      for (const range of await ranges(request.namespace)) {
        fillIn(typed<Pod>(request.object), range);
      }
    },
    validate: async (request) => {
      if (!isLimited(request)) return;
      for (const range of await ranges(request.namespace)) check(request, range);
    },
  };
}

function isLimited(request: AdmissionRequest): boolean {
  const target = targetOf(request);
  if (request.operation === "CREATE") {
    return target === "/pods" || target === "/persistentvolumeclaims";
  }
  return (
    request.operation === "UPDATE" &&
    (target === "/persistentvolumeclaims" || target === "/pods/resize")
  );
}

function fillIn(pod: Pod, { spec }: LimitRange): void {
  if (pod.spec === undefined) return;
  const items = (spec?.limits ?? []).filter(({ type }) => type === "Container");
  const limits = Object.assign({}, ...items.map((item) => item.default ?? {})) as Texts;
  const requests = Object.assign({}, ...items.map((item) => item.defaultRequest ?? {})) as Texts;
  const notes = [
    ...(pod.spec.containers ?? []).flatMap((each) =>
      filled(each, "container", { limits, requests }),
    ),
    ...(pod.spec.initContainers ?? []).flatMap((each) =>
      filled(each, "init container", { limits, requests }),
    ),
  ];
  if (notes.length === 0) return;
  pod.metadata.annotations = {
    ...pod.metadata.annotations,
    [ANNOTATION]: `LimitRanger plugin set: ${notes.join("; ")}`,
  };
}

type Texts = Readonly<Record<string, string>>;

function filled(
  container: Container,
  noun: string,
  defaults: { readonly limits: Texts; readonly requests: Texts },
): string[] {
  const notes: string[] = [];
  for (const which of ["requests", "limits"] as const) {
    const own = container.resources?.[which] ?? {};
    const missing = Object.keys(defaults[which]).filter((name) => own[name] === undefined);
    if (missing.length === 0) continue;
    const added = Object.fromEntries(missing.map((name) => [name, defaults[which][name] ?? ""]));
    container.resources = { ...container.resources, [which]: { ...own, ...added } };
    const one = which === "requests" ? "request" : "limit";
    notes.push(`${missing.sort().join(", ")} ${one} for ${noun} ${container.name}`);
  }
  return notes;
}

function check(request: AdmissionRequest, { spec }: LimitRange): void {
  const isClaim = targetOf(request) === "/persistentvolumeclaims";
  const problems = (spec?.limits ?? []).flatMap((item) =>
    isClaim
      ? claimProblems(typed<PersistentVolumeClaim>(request.object), item)
      : podProblems(typed<Pod>(request.object), item),
  );
  if (problems.length === 0) return;
  const text = problems.length === 1 ? problems[0] : `[${problems.join(", ")}]`;
  throw refused(request, text ?? "");
}

function podProblems({ spec }: Pod, item: LimitRangeItem): readonly string[] {
  if (spec === undefined) return [];
  if (item.type === "Pod") {
    return problemsOf(item, {
      requests: podAmounts(spec, "requests"),
      limits: podAmounts(spec, "limits"),
    });
  }
  if (item.type !== "Container") return [];
  const containers = [...(spec.containers ?? []), ...(spec.initContainers ?? [])];
  return containers.flatMap(({ resources }) =>
    problemsOf(item, {
      requests: readAmounts(resources?.requests),
      limits: readAmounts(resources?.limits),
    }),
  );
}

function claimProblems({ spec }: PersistentVolumeClaim, item: LimitRangeItem): readonly string[] {
  if (item.type !== "PersistentVolumeClaim") return [];
  const requests = readAmounts(spec?.resources?.requests);
  return [
    ...each(item.min, (name, limit) =>
      lowRequest({ name, limit, type: item.type }, requests[name]),
    ),
    ...each(item.max, (name, limit) => {
      const request = requests[name];
      const words = `maximum ${name} usage per ${item.type} is ${formatQuantity(limit)}`;
      if (request === undefined) return `${words}.  No request is specified`;
      if (compareQuantities(request, limit) <= 0) return undefined;
      return `${words}, but request is ${formatQuantity(request)}`;
    }),
  ];
}

interface Given {
  readonly requests: Amounts;
  readonly limits: Amounts;
}

function problemsOf(item: LimitRangeItem, { requests, limits }: Given): readonly string[] {
  const { type } = item;
  return [
    ...each(item.min, (name, limit) => {
      const low = lowRequest({ name, limit, type }, requests[name]);
      if (low !== undefined) return low;
      const own = limits[name];
      if (own === undefined || compareQuantities(own, limit) >= 0) return undefined;
      const words = `minimum ${name} usage per ${type} is ${formatQuantity(limit)}`;
      return `${words}, but limit is ${formatQuantity(own)}`;
    }),
    ...each(item.max, (name, limit) => high({ name, limit, type }, requests[name], limits[name])),
    ...each(item.maxLimitRequestRatio, (name, limit) =>
      ratio({ name, limit, type }, requests[name], limits[name]),
    ),
  ];
}

function each(
  bounds: Texts | undefined,
  judge: (name: string, limit: Quantity) => string | undefined,
): readonly string[] {
  return Object.entries(bounds ?? {})
    .toSorted(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, text]) => judge(name, parseQuantity(text)))
    .filter((problem) => problem !== undefined);
}

interface Bound {
  readonly name: string;
  readonly limit: Quantity;
  readonly type: string;
}

function lowRequest(
  { name, limit, type }: Bound,
  request: Quantity | undefined,
): string | undefined {
  const words = `minimum ${name} usage per ${type} is ${formatQuantity(limit)}`;
  if (request === undefined) return `${words}.  No request is specified`;
  if (compareQuantities(request, limit) >= 0) return undefined;
  return `${words}, but request is ${formatQuantity(request)}`;
}

function high(
  { name, limit, type }: Bound,
  request: Quantity | undefined,
  own: Quantity | undefined,
): string | undefined {
  const words = `maximum ${name} usage per ${type} is ${formatQuantity(limit)}`;
  if (own === undefined) return `${words}.  No limit is specified`;
  if (compareQuantities(own, limit) > 0) return `${words}, but limit is ${formatQuantity(own)}`;
  if (request === undefined || compareQuantities(request, limit) <= 0) return undefined;
  return `${words}, but request is ${formatQuantity(request)}`;
}

function ratio(
  { name, limit, type }: Bound,
  request: Quantity | undefined,
  own: Quantity | undefined,
): string | undefined {
  const words = `${name} max limit to request ratio per ${type} is ${formatQuantity(limit)}`;
  if (request === undefined || compareQuantities(request, 0n) === 0) {
    return `${words}, but no request is specified or request is 0`;
  }
  if (own === undefined || compareQuantities(own, 0n) === 0) {
    return `${words}, but no limit is specified or limit is 0`;
  }
  const given = valueOf(own) / valueOf(request);
  return given <= valueOf(limit)
    ? undefined
    : `${words}, but provided ratio is ${given.toFixed(6)}`;
}

function valueOf({ unscaled, exponent }: Quantity): number {
  return Number(unscaled) * 10 ** exponent;
}
