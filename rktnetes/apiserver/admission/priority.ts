/**
 * A pod's priority class becomes a number and a preemption policy. There is one default class at
 * most, and the classes of the system stay.
 */
import type { Pod, PodSpec } from "@rktnetes/api/types/core-v1";
import type { PriorityClass } from "@rktnetes/api/types/scheduling-v1";
import type { AdmissionPlugin, AdmissionRequest } from "./admission.ts";
import type { Lookup } from "./lookup.ts";
import { isCreate, refused, targetOf, typed } from "./subject.ts";

const CLASSES = "scheduling.k8s.io/priorityclasses";
const OF_SYSTEM: ReadonlySet<string> = new Set(["system-node-critical", "system-cluster-critical"]);
const PREEMPTS = "PreemptLowerPriority";

export function priority(lookup: Lookup): AdmissionPlugin {
  return {
    name: "Priority",
    mutate: async (request) => {
      if (isCreate(request, "/pods")) await settle(lookup, request);
      else if (targetOf(request) === "/pods" && request.operation === "UPDATE") keep(request);
    },
    validate: async (request) => {
      if (targetOf(request) === CLASSES) await validateClass(lookup, request);
    },
  };
}

interface Computed {
  readonly className: string;
  readonly value: number;
  readonly policy: string;
}

async function settle(lookup: Lookup, request: AdmissionRequest): Promise<void> {
  const { spec } = typed<Pod>(request.object);
  if (spec === undefined) return;
  const { className, value, policy } = await compute(lookup, request, spec);
  const computed = "must not be provided in pod spec; priority admission controller computed";
  if (spec.priority !== undefined && spec.priority !== value) {
    const why = `the integer value of priority (${spec.priority}) ${computed} ${value} from`;
    throw refused(request, `${why} the given PriorityClass name`);
  }
  if (spec.preemptionPolicy !== undefined && spec.preemptionPolicy !== policy) {
    const why = `the string value of PreemptionPolicy (${spec.preemptionPolicy}) ${computed}`;
    throw refused(request, `${why} ${policy} from the given PriorityClass name`);
  }
  if (className !== "") spec.priorityClassName = className;
  spec.priority = value;
  spec.preemptionPolicy = policy;
}

async function compute(
  lookup: Lookup,
  request: AdmissionRequest,
  { priorityClassName: wanted = "" }: PodSpec,
): Promise<Computed> {
  const found =
    wanted === ""
      ? await defaultClass(lookup)
      : await lookup.find<PriorityClass>(CLASSES, "", wanted);
  if (found === undefined && wanted !== "") {
    throw refused(request, `no PriorityClass with name ${wanted} was found`);
  }
  const policy = found?.preemptionPolicy ?? PREEMPTS;
  return { className: found?.metadata?.name ?? "", value: found?.value ?? 0, policy };
}

/** Of several the one with the lowest value. */
async function defaultClass(lookup: Lookup): Promise<PriorityClass | undefined> {
  const all = await lookup.list<PriorityClass>(CLASSES);
  const defaults = all.filter(({ globalDefault }) => globalDefault === true);
  return defaults.sort((left, right) => left.value - right.value)[0];
}

/** What creation has set stays where an update leaves it out. */
function keep({ object, old }: AdmissionRequest): void {
  const { spec } = typed<Pod>(object);
  const before = typed<Pod>(old).spec;
  if (spec === undefined || before === undefined) return;
  if (before.priority !== undefined) spec.priority ??= before.priority;
  if (before.preemptionPolicy !== undefined) spec.preemptionPolicy ??= before.preemptionPolicy;
}

async function validateClass(lookup: Lookup, request: AdmissionRequest): Promise<void> {
  const { operation, name } = request;
  if (operation === "DELETE" && OF_SYSTEM.has(name)) {
    throw refused(request, "this is a system priority class and cannot be deleted");
  }
  if (request.object === undefined) return;
  if (typed<PriorityClass>(request.object).globalDefault !== true) return;
  const known = (await defaultClass(lookup))?.metadata?.name;
  if (known === undefined || (operation === "UPDATE" && known === name)) return;
  const why = `PriorityClass ${known} is already marked as default. Only one default can exist`;
  throw refused(request, why);
}
