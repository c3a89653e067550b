/**
 * Versions in the order in which clients should try them: v2, v1, v1beta2, v1alpha1, others. Pure.
 */

const FORM = /^v(\d+)(?:(alpha|beta)(\d+))?$/;

/** Negative when `left` is preferred. */
export function compareVersions(left: string, right: string): number {
  const [a, b] = [rankOf(left), rankOf(right)];
  if (a === undefined || b === undefined) {
    if (a !== undefined) return -1;
    if (b !== undefined) return 1;
    return left < right ? -1 : left > right ? 1 : 0;
  }
  for (const [at, rank] of a.entries()) {
    const difference = (b[at] ?? 0) - rank;
    if (difference !== 0) return difference;
  }
  return 0;
}

const STABLE = 2;

function rankOf(version: string): readonly number[] | undefined {
  const found = FORM.exec(version);
  if (found === null) return undefined;
  const [, major, stage, minor] = found;
  const level = stage === undefined ? STABLE : stage === "beta" ? 1 : 0;
  return [level, Number(major), Number(minor ?? 0)];
}
