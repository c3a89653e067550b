/**
 * Whether an answer is the recorded one. In: both, and what placeholders stand for. Out: the first
 * difference, in words. Descriptions are not compared: they are not served.
 */
import type { Bindings } from "./bindings.ts";

export interface Comparison {
  readonly bindings: Bindings;
  /** True for a text or number that a request of the case has brought: chance had no part in it. */
  readonly isSent: (value: string) => boolean;
  /** Fields of objects that are not looked at. */
  readonly ignored: ReadonlySet<string>;
}

/** `.spec.replicas: 3, recorded 2`; undefined when they are the same. */
export function firstDifference(
  recorded: unknown,
  actual: unknown,
  comparison: Comparison,
  path: string = "",
): string | undefined {
  if (typeof actual === "number" && (isPort(path) || PORT.test(String(recorded)))) {
    return samePort(recorded, actual, comparison)
      ? undefined
      : `${path}: ${show(actual)}, recorded ${show(recorded)}`;
  }
  if (typeof recorded === "string" && typeof actual === "string") {
    return sameText(recorded, actual, comparison, path)
      ? undefined
      : `${path}: ${show(actual)}, recorded ${show(recorded)}`;
  }
  if (isLong(recorded) && actual !== "") return undefined;
  if (Array.isArray(recorded) && Array.isArray(actual)) {
    return listDifference(recorded, actual, comparison, path);
  }
  if (isObject(recorded) && isObject(actual)) {
    return objectDifference(recorded, actual, comparison, path);
  }
  if (Object.is(recorded, actual)) return undefined;
  return `${path}: ${show(actual)}, recorded ${show(recorded)}`;
}

/** Recorded instead of a number, or in a number's place. */
const PORT = /^<(?:nodePort|port)\d*>$/;

function samePort(recorded: unknown, actual: number, { bindings, isSent }: Comparison): boolean {
  const text = String(recorded);
  if (PORT.test(text)) return bindings.matches(text, String(actual));
  if (recorded === actual) return true;
  return !isSent(text) && bindings.matches(`<nodePort${text}>`, String(actual));
}

function isPort(path: string): boolean {
  return /[nN]odePort$/.test(path);
}

function isLong(recorded: unknown): boolean {
  return typeof recorded === "string" && /^<(?:long body|binary|pem )/.test(recorded);
}

/** The end of a token volume's name is chance; recordings keep it. */
const TOKEN_VOLUME = /kube-api-access-[a-z0-9]{5}/g;
/** Where lines of a pod stand, which is later in the recorded pods: they have a further source. */
const LINE_NUMBERS = /^@@ -\d+,(\d+) \+\d+,(\d+) @@$/gm;

const AGE = /^(?:\d+[smhdy])+$/;

function sameText(
  recorded: string,
  actual: string,
  { bindings, isSent }: Comparison,
  path: string,
): boolean {
  if (isLong(recorded)) return actual !== "";
  if (path.includes(".cells[") && AGE.test(recorded) && AGE.test(actual)) return true;
  const left = withPlaceholders(withoutChance(recorded, path), path, isSent);
  return bindings.matches(left, withoutChance(actual, path));
}

/** Objects in messages are recorded with the version that they had. */
const VERSION_IN_TEXT = /(\\?"resourceVersion\\?":\\?")\d+/g;

/** In places that the pattern names, chance is taken out of both texts. */
const CHANCES: readonly { readonly path: RegExp; readonly chance: RegExp; readonly is: string }[] =
  [
    { path: /(?:)/, chance: TOKEN_VOLUME, is: "token" },
    { path: /\.message$/, chance: LINE_NUMBERS, is: "@@ $1 $2 @@" },
    { path: /\.message$/, chance: VERSION_IN_TEXT, is: "$1" },
    { path: /\.message$/, chance: /in record \(\d+\)/, is: "in record" },
    // What stands behind the plus is no part of a version.
    { path: /\.gitVersion$/, chance: /\+.*$/, is: "" },
    { path: /\.serverRelativeURL$/, chance: /hash=[0-9A-F]{128}$/, is: "hash" },
    { path: /\.(?:serverAddress|jwks_uri)$/, chance: /(?:\d+\.){3}1:[^/]+/, is: "host" },
    // Facts of a build.
    {
      path: /\.(?:gitCommit|gitTreeState|buildDate|goVersion|compiler|platform)$/,
      chance: /.+/,
      is: "",
    },
    // YAML is recorded as text.
    { path: /^\.body$/, chance: /(resourceVersion: )"\d+"/g, is: "$1" },
    { path: /^\.body$/, chance: /"(?:<time>|\d{4}-\d\d-\d\dT[\d:]+Z)"/g, is: "time" },
  ];

const ADDRESS = /^10\.9[67]\.\d+\.\d+$/;
const CELL_PORT = /(?<=:)3\d{4}(?=\/)/;
const GENERATED = /^(.*?)([a-z0-9]{5})$/;
const GENERATED_QUOTED = /(?<=")([^"]*?)([a-z0-9]{5})(?=")/g;

function withoutChance(text: string, path: string): string {
  return CHANCES.filter(({ path: where }) => where.test(path)).reduce(
    (left, { chance, is }) => left.replace(chance, is),
    text,
  );
}

/** Names, addresses and ports that no request has brought are placeholders: the server chose. */
function withPlaceholders(text: string, path: string, isSent: Comparison["isSent"]): string {
  // Revisions of one digit are recorded as they were.
  if (/\]\.(?:object\.)?metadata\.resourceVersion$/.test(path) && text.length === 1) return "<rv>";
  const isCell = path.includes(".cells[");
  if (isCell && CELL_PORT.test(text)) {
    return text.replace(CELL_PORT, (port) => (isSent(port) ? port : `<nodePort${port}>`));
  }
  if ((isCell || /[cC]lusterIPs?(?:\[\d+\])?$/.test(path)) && ADDRESS.test(text)) {
    return isSent(`"${text}"`) ? text : `<clusterIP${text.replaceAll(".", "")}>`;
  }
  if (!isCell && !/\.(?:name|message)$/.test(path)) return text;
  const generated = path.endsWith("message") ? GENERATED_QUOTED : GENERATED;
  return text.replace(generated, (whole, prefix: string) =>
    isSent(`"generateName":"${prefix}`) ? `${prefix}<suffix>` : whole,
  );
}

/** Rules of a review come in no order. */
const UNORDERED = /\.status\.(?:nonR|r)esourceRules$/;

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
  if (UNORDERED.test(path)) {
    const [left, right] = [recorded, actual].map((rules) => rules.map(show).toSorted());
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
