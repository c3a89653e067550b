/**
 * Whether an answer is the recorded one. In: both, and what placeholders stand for. Out: the first
 * difference, in words. Descriptions are not compared: they are not served.
 */
import type { Bindings } from "./bindings.ts";

export interface Comparison {
  readonly bindings: Bindings;
  /** Fields of objects that are not looked at. */
  readonly ignored: ReadonlySet<string>;
}

/** Recorded instead of a number. */
const PORT = /^<nodePort\d*>$/;

/** `.spec.replicas: 3, recorded 2`; undefined when they are the same. */
export function firstDifference(
  recorded: unknown,
  actual: unknown,
  comparison: Comparison,
  path: string = "",
): string | undefined {
  if (typeof recorded === "string" && typeof actual === "number" && PORT.test(recorded))
    return firstDifference(recorded, String(actual), comparison, path);
  if (typeof recorded === "string" && typeof actual === "string") {
    return sameText(recorded, actual, comparison, path)
      ? undefined
      : `${path}: ${show(actual)}, recorded ${show(recorded)}`;
  }
  if (Array.isArray(recorded) && Array.isArray(actual)) {
    return listDifference(recorded, actual, comparison, path);
  }
  if (isObject(recorded) && isObject(actual)) {
    return objectDifference(recorded, actual, comparison, path);
  }
  if (Object.is(recorded, actual)) return undefined;
  return `${path}: ${show(actual)}, recorded ${show(recorded)}`;
}

/** The end of a token volume's name is chance; recordings keep it. */
const TOKEN_VOLUME = /kube-api-access-[a-z0-9]{5}/g;
/** Where lines of a pod stand, which is later in the recorded pods: they have a further source. */
const LINE_NUMBERS = /^@@ -\d+,(\d+) \+\d+,(\d+) @@$/gm;

const AGE = /^(?:\d+[smhdy])+$/;

function sameText(
  recorded: string,
  actual: string,
  { bindings }: Comparison,
  path: string,
): boolean {
  if (/^<(?:long body|binary|pem )/.test(recorded)) return actual !== "";
  if (recorded.includes("kube-api-access-")) {
    const [left, right] = [recorded, actual].map((text) => text.replace(TOKEN_VOLUME, "token"));
    return bindings.matches(left ?? "", right ?? "");
  }
  if (path.includes(".cells[") && AGE.test(recorded) && AGE.test(actual)) return true;
  if (path.endsWith(".message") && recorded.includes("\n@@ -")) {
    const [left, right] = [recorded, actual].map((text) =>
      text.replace(LINE_NUMBERS, "@@ $1 $2 @@"),
    );
    return bindings.matches(left ?? "", right ?? "");
  }
  if (path.endsWith(".message")) {
    const inRecord = /in record \(\d+\)/;
    const [left, right] = [recorded, actual].map((text) => text.replace(inRecord, "in record"));
    return bindings.matches(left ?? "", right ?? "");
  }
  return bindings.matches(recorded, actual);
}

function listDifference(
  recorded: readonly unknown[],
  actual: readonly unknown[],
  comparison: Comparison,
  path: string,
): string | undefined {
  if (recorded.every(isConflict) && actual.every(isConflict)) {
    const [left, right] = [recorded, actual].map((causes) => causes.map(show).toSorted());
    return show(left) === show(right)
      ? undefined
      : `${path}: ${show(right)}, recorded ${show(left)}`;
  }
  for (let at = 0; at < Math.min(recorded.length, actual.length); at++) {
    const difference = firstDifference(recorded[at], actual[at], comparison, `${path}[${at}]`);
    if (difference !== undefined) return difference;
  }
  if (recorded.length === actual.length) return undefined;
  const rest = recorded.length > actual.length ? recorded[actual.length] : actual[recorded.length];
  return `${path}: ${actual.length} items, recorded ${recorded.length}: ${show(rest)}`;
}

function objectDifference(
  recorded: Readonly<Record<string, unknown>>,
  actual: Readonly<Record<string, unknown>>,
  comparison: Comparison,
  path: string,
): string | undefined {
  const isSkipped = (name: string): boolean =>
    comparison.ignored.has(name) || (name === "description" && path.includes("columnDefinitions"));
  for (const [name, value] of Object.entries(recorded)) {
    if (isSkipped(name)) continue;
    const where = `${path}.${name}`;
    if (!(name in actual)) return `${where}: missing, recorded ${show(value)}`;
    const difference = firstDifference(value, actual[name], comparison, where);
    if (difference !== undefined) return difference;
  }
  for (const [name, value] of Object.entries(actual)) {
    if (isSkipped(name) || name in recorded) continue;
    return `${path}.${name}: ${show(value)}, recorded nothing`;
  }
  return undefined;
}

/** Causes of an apply's conflict come in no order. */
function isConflict(value: unknown): boolean {
  return isObject(value) && value["reason"] === "FieldManagerConflict";
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 300 ? `${text.slice(0, 300)} ...` : text;
}
