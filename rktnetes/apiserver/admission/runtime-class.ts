/** What running under a runtime class costs, and where it is possible, goes into the pod. */
import type { Pod, PodSpec, Toleration } from "@rktnetes/api/types/core-v1";
import type { RuntimeClass } from "@rktnetes/api/types/node-v1";
import { compareQuantities, parseQuantity } from "@rktnetes/api/values/quantity";
import type { AdmissionPlugin, AdmissionRequest } from "./admission.ts";
import type { Lookup } from "./lookup.ts";
import { isCreate, refused, typed } from "./subject.ts";

export function runtimeClass(lookup: Lookup): AdmissionPlugin {
  return {
    name: "RuntimeClass",
    mutate: async (request) => {
      if (!isCreate(request, "/pods")) return;
      const { spec } = typed<Pod>(request.object);
      const found = await classOf(lookup, request);
      if (spec === undefined || found === undefined) return;
      setOverhead(request, spec, found);
      setScheduling(request, spec, found);
    },
    validate: async (request) => {
      if (isCreate(request, "/pods")) checkOverhead(request, await classOf(lookup, request));
    },
  };
}

async function classOf(
  lookup: Lookup,
  request: AdmissionRequest,
): Promise<RuntimeClass | undefined> {
  const name = typed<Pod>(request.object).spec?.runtimeClassName;
  if (name === undefined) return undefined;
  const found = await lookup.find<RuntimeClass>("node.k8s.io/runtimeclasses", "", name);
  if (found !== undefined) return found;
  throw refused(request, `pod rejected: RuntimeClass ${JSON.stringify(name)} not found`);
}

const OTHER_OVERHEAD = "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead";

type Amounts = Readonly<Record<string, string>>;

function setOverhead(request: AdmissionRequest, spec: PodSpec, { overhead }: RuntimeClass): void {
  const fixed = overhead?.podFixed;
  if (fixed === undefined) return;
  if (spec.overhead !== undefined && !isSame(spec.overhead, fixed)) {
    throw refused(request, OTHER_OVERHEAD);
  }
  spec.overhead = { ...fixed };
}

function checkOverhead(request: AdmissionRequest, found: RuntimeClass | undefined): void {
  const own = typed<Pod>(request.object).spec?.overhead ?? {};
  const fixed = found?.overhead?.podFixed;
  if (fixed !== undefined) {
    if (!isSame(own, fixed)) throw refused(request, OTHER_OVERHEAD);
  } else if (Object.keys(own).length > 0) {
    const why = "Pod Overhead set without corresponding RuntimeClass defined Overhead";
    throw refused(request, `pod rejected: ${why}`);
  }
}

function isSame(left: Amounts, right: Amounts): boolean {
  const names = Object.keys(left);
  if (names.length !== Object.keys(right).length) return false;
  return names.every((name) => {
    const [a, b] = [left[name], right[name]];
    if (a === undefined || b === undefined) return false;
    return compareQuantities(parseQuantity(a), parseQuantity(b)) === 0;
  });
}

function setScheduling(
  request: AdmissionRequest,
  spec: PodSpec,
  { scheduling }: RuntimeClass,
): void {
  const own = spec.nodeSelector ?? {};
  const wanted = scheduling?.nodeSelector ?? {};
  for (const [key, value] of Object.entries(wanted)) {
    const mine = own[key];
    if (mine === undefined || mine === value) continue;
    const theirs = `runtimeClass.scheduling.nodeSelector[${key}] = ${value}`;
    throw refused(request, `conflict: ${theirs}; pod.spec.nodeSelector[${key}] = ${mine}`);
  }
  if (Object.keys(wanted).length > 0) spec.nodeSelector = { ...own, ...wanted };
  const added = scheduling?.tolerations ?? [];
  if (added.length > 0) spec.tolerations = mergedTolerations(spec.tolerations ?? [], added);
}

function mergedTolerations(own: readonly Toleration[], added: readonly Toleration[]): Toleration[] {
  const known = new Set(own.map((each) => JSON.stringify(each)));
  return [...own, ...added.filter((each) => !known.has(JSON.stringify(each)))];
}
