/**
 * JSONPath as the columns of custom kinds speak it. In: a path such as
 * `.spec.items[?(@.type=="a")].b`. Out: a function that finds its values in an object. What cannot
 * be read is a Fault. Pure.
 */
import { Fault, quote } from "@shared/base";
import type { Json, JsonObject } from "../schema/schema.ts";

type Step =
  | { readonly type: "field"; readonly name: string }
  | { readonly type: "all" }
  | { readonly type: "descend" }
  | { readonly type: "slice"; readonly from?: number; readonly to?: number; readonly by: number }
  | { readonly type: "index"; readonly at: number }
  | { readonly type: "union"; readonly names: readonly string[] }
  | { readonly type: "filter"; readonly test: (item: Json) => boolean };

/** Finds the values that a path names; none where there are none. */
export type JsonPath = (root: Json) => readonly Json[];

/** @throws {Fault} invalid */
export function parseJsonPath(path: string): JsonPath {
  const steps = parseSteps(path);
  return (root) => steps.reduce<readonly Json[]>((found, step) => walk(found, step), [root]);
}

function parseSteps(path: string): readonly Step[] {
  const steps: Step[] = [];
  let rest = path.startsWith("$") ? path.slice(1) : path;
  while (rest !== "") {
    if (rest.startsWith("..")) {
      steps.push({ type: "descend" });
      rest = rest[2] === "[" ? rest.slice(2) : rest.slice(1);
      continue;
    }
    const [step, length] = rest.startsWith("[") ? bracketStep(rest, path) : nameStep(rest);
    if (step !== undefined) steps.push(step);
    rest = rest.slice(length);
  }
  return steps;
}

/** `.name`, in which a backslash keeps a dot from ending it. */
function nameStep(rest: string): readonly [Step | undefined, number] {
  const found = /^\.?((?:\\.|[^.[\\])*)/.exec(rest);
  const raw = found?.[1] ?? "";
  const length = Math.max(found?.[0].length ?? 0, 1);
  if (raw === "") return [undefined, length];
  if (raw === "*") return [{ type: "all" }, length];
  return [{ type: "field", name: raw.replaceAll(/\\(.)/g, "$1") }, length];
}

function bracketStep(rest: string, path: string): readonly [Step, number] {
  const end = closingBracket(rest);
  if (end < 0) throw new Fault("invalid", `read JSONPath ${quote(path)}: unterminated array`);
  return [readBracket(rest.slice(1, end).trim(), path), end + 1];
}

function closingBracket(text: string): number {
  let depth = 0;
  let quoted = "";
  for (let at = 0; at < text.length; at++) {
    const char = text[at] ?? "";
    if (quoted !== "") {
      if (char === "\\") at++;
      else if (char === quoted) quoted = "";
    } else if (char === '"' || char === "'") quoted = char;
    else if (char === "[") depth++;
    else if (char === "]" && --depth === 0) return at;
  }
  return -1;
}

function readBracket(inner: string, path: string): Step {
  if (inner === "*") return { type: "all" };
  if (/^-?\d+$/.test(inner)) return { type: "index", at: Number(inner) };
  const slice = /^(-?\d+)?:(-?\d+)?(?::(\d+))?$/.exec(inner);
  if (slice !== null) {
    return {
      type: "slice",
      ...(slice[1] === undefined ? {} : { from: Number(slice[1]) }),
      ...(slice[2] === undefined ? {} : { to: Number(slice[2]) }),
      by: Math.max(Number(slice[3] ?? 1), 1),
    };
  }
  const filter = /^\?\((.*)\)$/s.exec(inner);
  if (filter !== null) return { type: "filter", test: readFilter(filter[1] ?? "", path) };
  const names = inner.split(",").map((each) => unquoted(each.trim()));
  const [only] = names;
  if (names.length === 1 && only !== undefined) return { type: "field", name: only };
  return { type: "union", names };
}

function unquoted(text: string): string {
  const found = /^(['"])(.*)\1$/s.exec(text);
  return found === null
    ? text.replaceAll(/\\(.)/g, "$1")
    : (found[2] ?? "").replaceAll(/\\(.)/g, "$1");
}

type Compare = (left: Json, right: Json) => boolean;

const COMPARE: Readonly<Record<string, Compare>> = {
  "==": (left, right) => left === right,
  "!=": (left, right) => left !== right,
  "<": (left, right) => ordered(left, right, (a, b) => a < b),
  "<=": (left, right) => ordered(left, right, (a, b) => a <= b),
  ">": (left, right) => ordered(left, right, (a, b) => a > b),
  ">=": (left, right) => ordered(left, right, (a, b) => a >= b),
};

function ordered(
  left: Json,
  right: Json,
  compare: (a: number | string, b: number | string) => boolean,
): boolean {
  if (typeof left === "string" && typeof right === "string") return compare(left, right);
  return typeof left === "number" && typeof right === "number" && compare(left, right);
}

function readFilter(text: string, path: string): (item: Json) => boolean {
  const found = /^(.*?)(==|!=|<=|>=|<|>)(.*)$/s.exec(text);
  if (found === null) {
    const exists = operand(text.trim(), path);
    return (item) => exists(item).length > 0;
  }
  const [, left = "", operator = "", right = ""] = found;
  const [a, b] = [operand(left.trim(), path), operand(right.trim(), path)];
  const compare = COMPARE[operator];
  return (item) => {
    const [x] = a(item);
    const [y] = b(item);
    return x !== undefined && y !== undefined && compare?.(x, y) === true;
  };
}

function operand(text: string, path: string): (item: Json) => readonly Json[] {
  if (text.startsWith("@")) {
    const find = parseJsonPath(text.slice(1));
    return find;
  }
  if (/^(['"]).*\1$/s.test(text)) return () => [unquoted(text)];
  if (text === "true" || text === "false") return () => [text === "true"];
  if (text !== "" && !Number.isNaN(Number(text))) return () => [Number(text)];
  throw new Fault("invalid", `read JSONPath ${quote(path)}: unrecognized operand ${quote(text)}`);
}

function isObject(value: Json): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function walk(found: readonly Json[], step: Step): readonly Json[] {
  return found.flatMap((value) => [...walkOne(value, step)]);
}

function walkOne(value: Json, step: Step): readonly Json[] {
  switch (step.type) {
    case "field":
      return isObject(value) && Object.hasOwn(value, step.name) ? [value[step.name] ?? null] : [];
    case "all":
      return Array.isArray(value) ? value : isObject(value) ? Object.values(value) : [];
    case "descend":
      return descend(value);
    case "union":
      return step.names.flatMap((name) =>
        /^-?\d+$/.test(name)
          ? walkOne(value, { type: "index", at: Number(name) })
          : walkOne(value, { type: "field", name }),
      );
    case "index":
      return Array.isArray(value) ? value.slice(step.at, step.at + 1 || undefined) : [];
    case "slice":
      if (!Array.isArray(value)) return [];
      return value.slice(step.from, step.to).filter((_, at) => at % step.by === 0);
    default:
      return Array.isArray(value) ? value.filter(step.test) : [];
  }
}

function descend(value: Json): readonly Json[] {
  const below = Array.isArray(value) ? value : isObject(value) ? Object.values(value) : [];
  return [value, ...below.flatMap((each) => [...descend(each)])];
}
