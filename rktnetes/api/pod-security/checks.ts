/** Whether a pod is as a level of the Pod Security Standards wants it. Pure. */
import { BASELINE } from "./baseline.ts";
import type { CheckedPod, Violation } from "./check.ts";
import type { LevelVersion } from "./levels.ts";
import { RESTRICTED } from "./restricted.ts";

/** Later than any version. */
const LATEST = Number.MAX_SAFE_INTEGER;

/** Everything about a pod that a level forbids, in the order of reports. */
export function violations(
  pod: Omit<CheckedPod, "minor">,
  { level, minor = LATEST }: LevelVersion,
): readonly Violation[] {
  if (level === "privileged") return [];
  const checked = { ...pod, minor };
  const isRestricted = level === "restricted";
  const replaced = new Set(isRestricted ? RESTRICTED.map(([replaces]) => replaces) : []);
  const checks = [
    ...BASELINE.filter(([id]) => !replaced.has(id)),
    ...(isRestricted ? RESTRICTED : []),
  ];
  return checks.map(([, check]) => check(checked)).filter((found) => found !== undefined);
}

/** `host namespaces (hostNetwork=true), privileged (…)` */
export function describeViolations(found: readonly Violation[]): string {
  return found
    .map(({ reason, detail }) => (detail === "" ? reason : `${reason} (${detail})`))
    .join(", ");
}
