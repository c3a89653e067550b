/**
 * Field selectors as they stand in queries: text becomes terms, a term is asked about an object.
 * Which fields a kind may be asked for is part of the kind. Refusals have the words of Kubernetes.
 * Pure.
 */
import type { Kind } from "../kinds/kind.ts";
import type { Json, JsonObject } from "../schema/schema.ts";
import { badRequest } from "../status/status-fault.ts";

/** One condition on one field. */
export interface FieldTerm {
  readonly field: string;
  readonly equal: boolean;
  readonly value: string;
}

/** All must hold. */
export type FieldSelector = readonly FieldTerm[];

/** @throws {StatusFault} 400 */
export function parseFieldSelector(kind: Kind, text: string): FieldSelector {
  const terms = splitTerms(text)
    .map(parseTerm)
    .filter(({ field }) => field !== "");
  return terms.map((term) => ({ ...term, field: checkedField(kind, term.field) }));
}

/** At commas that no backslash precedes; empty terms are dropped. */
function splitTerms(text: string): readonly string[] {
  return (text.match(/(?:\\.|[^,\\]|\\$)+/gs) ?? []).filter((term) => term !== "");
}

function parseTerm(term: string): FieldTerm {
  const [, field, operator = "", value = ""] = /^(.*?)(!=|==|=)(.*)$/s.exec(term) ?? [];
  if (field === undefined) {
    throw badRequest(`invalid selector: '${term}'; can't understand '${term}'`);
  }
  return { field, equal: operator !== "!=", value: unescaped(value) };
}

function unescaped(value: string): string {
  let out = "";
  for (let at = 0; at < value.length; at++) {
    const char = value[at] ?? "";
    if (char === "," || char === "=") {
      const code = char.charCodeAt(0);
      throw badRequest(`invalid field selector: unescaped character in value: ${code}`);
    }
    if (char !== "\\") {
      out += char;
      continue;
    }
    const next = value[++at] ?? "";
    if (!["\\", ",", "="].includes(next)) {
      throw badRequest(`invalid field selector: invalid escape sequence: \\${next}`);
    }
    out += next;
  }
  return out;
}

const OF_EVERY_KIND: ReadonlySet<string> = new Set(["metadata.name", "metadata.namespace"]);

function checkedField(kind: Kind, field: string): string {
  if (OF_EVERY_KIND.has(field) || kind.selectableFields.includes(field)) return field;
  if (kind.group === "batch" && kind.resource === "jobs") {
    throw badRequest(`field label "${field}" not supported for Job`);
  }
  if (kind.selectableFields.length > 0) throw badRequest(`field label not supported: ${field}`);
  const known = [...OF_EVERY_KIND].map((name) => `"${name}"`).join(", ");
  throw badRequest(`"${field}" is not a known field selector: only ${known}`);
}

/** True when every term holds. */
export function matchesFields(selector: FieldSelector, object: JsonObject): boolean {
  return selector.every(
    ({ field, equal, value }) => (fieldValue(object, field) === value) === equal,
  );
}

/** Fields whose text is not simply what stands at their path. */
const COMPUTED: Readonly<Record<string, (object: JsonObject) => Json | undefined>> = {
  "spec.host": (object) => at(object, "spec.nodeName"),
  "status.podIP": (object) => at(object, "status.podIP"),
  "status.podIPs": () => undefined,
  "status.successful": (object) => at(object, "status.succeeded") ?? 0,
  "status.replicas": (object) => at(object, "status.replicas") ?? 0,
  "spec.hostNetwork": (object) => at(object, "spec.hostNetwork") ?? false,
  "spec.unschedulable": (object) => at(object, "spec.unschedulable") ?? false,
  source: (object) => at(object, "source.component") ?? at(object, "reportingComponent"),
};

/**
 * What the compact JSON of an object has if the term holds; undefined where that cannot be said.
 */
export function textOfMatch({ field, equal, value }: FieldTerm): string | undefined {
  if (!equal || Object.hasOwn(COMPUTED, field) || !PLAIN.test(value)) return undefined;
  return `"${field.slice(field.lastIndexOf(".") + 1)}":"${value}"`;
}

/** Text that JSON has no other form for, and that is neither a number nor a truth value. */
const PLAIN = /^(?!(?:true|false)$)[A-Za-z][\w.-]*$/;

/** What a field holds, as text; empty where there is nothing. */
export function fieldValue(object: JsonObject, field: string): string {
  const compute = COMPUTED[field];
  const value = compute === undefined ? at(object, field) : compute(object);
  if (value === undefined || value === null || typeof value === "object") return "";
  return String(value);
}

function at(object: JsonObject, path: string): Json | undefined {
  let value: Json | undefined = object;
  for (const step of path.split(".")) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
    value = Object.hasOwn(value, step) ? value[step] : undefined;
  }
  return value;
}
