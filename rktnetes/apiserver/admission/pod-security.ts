/**
 * Pods are as safe as the labels of their namespace ask. In: pods, what makes pods, namespaces.
 * Out: refusals for pods, warnings for the rest and for labels that present pods do not fit.
 */
import { labelErrors, levelName, type LevelVersion } from "@rktnetes/api/pod-security/levels";
import { isStricter, policyOf } from "@rktnetes/api/pod-security/levels";
import type { Violation } from "@rktnetes/api/pod-security/check";
import { describeViolations, violations } from "@rktnetes/api/pod-security/checks";
import type { JsonObject } from "@rktnetes/api/schema";
import { invalidFault } from "@rktnetes/api/status-fault";
import type { Namespace, Pod, PodSpec, PodTemplateSpec } from "@rktnetes/api/types/core-v1";
import { labelsOf, metaText } from "../registry/metadata.ts";
import type { AdmissionPlugin, AdmissionRequest } from "./admission.ts";
import type { Lookup } from "./lookup.ts";
import { refused, targetOf, typed } from "./subject.ts";

/** Notes for the audit log begin with it. */
const NOTE = "pod-security.kubernetes.io/";

/** So many pods are looked at when a namespace becomes stricter. */
const PODS_MAX = 3000;

export function podSecurity(lookup: Lookup): AdmissionPlugin {
  return {
    name: "PodSecurity",
    validate: async (request) => {
      if (request.operation !== "CREATE" && request.operation !== "UPDATE") return;
      const target = targetOf(request);
      if (target === "/namespaces") return await judgeNamespace(lookup, request);
      if (target === "/pods" || target === "/pods/ephemeralcontainers") {
        return await judgePod(lookup, request);
      }
      const template = TEMPLATES[target];
      if (template !== undefined) await judgeTemplate(lookup, request, template);
    },
  };
}

interface Templated {
  readonly spec?: { readonly template?: PodTemplateSpec | null };
}

type TemplateOf = (object: JsonObject | undefined) => PodTemplateSpec | undefined;

const inSpec: TemplateOf = (object) => typed<Templated>(object).spec?.template ?? undefined;

const TEMPLATES: Readonly<Record<string, TemplateOf>> = {
  "/podtemplates": (object) =>
    typed<{ readonly template?: PodTemplateSpec }>(object).template ?? undefined,
  "/replicationcontrollers": inSpec,
  "apps/daemonsets": inSpec,
  "apps/deployments": inSpec,
  "apps/replicasets": inSpec,
  "apps/statefulsets": inSpec,
  "batch/cronjobs": (object) =>
    typed<{ readonly spec?: { readonly jobTemplate?: Templated } }>(object).spec?.jobTemplate?.spec
      ?.template ?? undefined,
  "batch/jobs": inSpec,
};

async function labelsAt(
  lookup: Lookup,
  namespace: string,
): Promise<Readonly<Record<string, string>>> {
  const found = await lookup.find<Namespace>("/namespaces", "", namespace);
  return found?.metadata.labels ?? {};
}

async function judgePod(lookup: Lookup, request: AdmissionRequest): Promise<void> {
  const { object, old, namespace, subresource } = request;
  const pod = typed<Pod>(object);
  if (pod.spec === undefined) return;
  if (old !== undefined && subresource === "" && !isSignificant(typed<Pod>(old), pod)) return;
  const policy = policyOf(await labelsAt(lookup, namespace));
  const checked = { metadata: pod.metadata, spec: pod.spec };
  request.annotate?.(`${NOTE}enforce-policy`, levelName(policy.enforce));
  const audited = violations(checked, policy.audit);
  if (audited.length > 0) {
    request.annotate?.(`${NOTE}audit-violations`, `would violate ${worded(policy.audit, audited)}`);
  }
  const found = violations(checked, policy.enforce);
  if (found.length > 0) throw refused(request, `violates ${worded(policy.enforce, found)}`);
  warnOf(request, policy.warn, violations(checked, policy.warn));
}

/** A change of anything that a level looks at. */
function isSignificant(before: Pod, after: Pod): boolean {
  return shape(before.spec) !== shape(after.spec);
}

/** Images, tolerations and deadlines may change at any time. */
function shape(spec: PodSpec | undefined): string {
  const { tolerations: _t, activeDeadlineSeconds: _a, schedulingGates: _s, ...rest } = spec ?? {};
  return JSON.stringify(rest, (key, value: unknown) => (key === "image" ? "" : value));
}

function worded(level: LevelVersion, found: readonly Violation[]): string {
  return `PodSecurity ${JSON.stringify(levelName(level))}: ${describeViolations(found)}`;
}

function warnOf(
  { warn }: AdmissionRequest,
  level: LevelVersion,
  found: readonly Violation[],
): void {
  if (found.length > 0) warn(`would violate ${worded(level, found)}`);
}

async function judgeTemplate(
  lookup: Lookup,
  request: AdmissionRequest,
  templateOf: TemplateOf,
): Promise<void> {
  const template = templateOf(request.object);
  if (template?.spec === undefined) return;
  const { warn, audit } = policyOf(await labelsAt(lookup, request.namespace));
  const { metadata, spec } = template;
  const audited = violations({ metadata, spec }, audit);
  if (audited.length > 0) {
    request.annotate?.(`${NOTE}audit-violations`, `would violate ${worded(audit, audited)}`);
  }
  warnOf(request, warn, violations({ metadata, spec }, warn));
}

async function judgeNamespace(lookup: Lookup, request: AdmissionRequest): Promise<void> {
  const { object, old, name } = request;
  if (object === undefined) return;
  const labels = labelsOf(object);
  const before = old === undefined ? {} : labelsOf(old);
  const errors = labelErrors(labels);
  const known = new Set(old === undefined ? [] : labelErrors(before).map(({ field }) => field));
  const fresh = errors.filter(({ field }) => !known.has(field));
  if (fresh.length > 0)
    throw invalidFault(request.resource.kindNamed, metaText(object, "name"), fresh);
  if (old === undefined) return;
  const { enforce } = policyOf(labels);
  if (!isStricter(policyOf(before).enforce, enforce)) return;
  const pods = await lookup.list<Pod>("/pods", name);
  const lines = reportOf(pods.slice(0, PODS_MAX), enforce);
  if (lines.length === 0) return;
  const level = `new PodSecurity enforce level ${JSON.stringify(levelName(enforce))}`;
  request.warn(`existing pods in namespace ${JSON.stringify(name)} violate the ${level}`);
  for (const line of lines) request.warn(line);
}

/** Pods that violate the same share a line. */
function reportOf(pods: readonly Pod[], level: LevelVersion): readonly string[] {
  const groups = new Map<string, { first: string; count: number }>();
  for (const { metadata, spec } of pods) {
    if (spec === undefined) continue;
    const found = violations({ metadata, spec }, level);
    if (found.length === 0) continue;
    const reasons = found.map(({ reason }) => reason).join(", ");
    const group = groups.get(reasons);
    if (group === undefined) groups.set(reasons, { first: metadata.name ?? "", count: 1 });
    else group.count++;
  }
  return [...groups].map(([reasons, { first, count }]) => {
    const others = count === 2 ? " (and 1 other pod)" : ` (and ${count - 1} other pods)`;
    return `${first}${count === 1 ? "" : others}: ${reasons}`;
  });
}
