/**
 * Does an expression make sense for values of declared types? In: a tree and the types of its
 * variables. Out: its type. @throws {CheckFault}
 */
import type { Call, Each, Expr, Select, Struct } from "./ast.ts";
import { namedType, qualifiedName } from "./evaluate.ts";
import { FUNCTIONS } from "./functions/table.ts";
import { type Overload, overloadsOf } from "./overloads.ts";
import {
  BOOL,
  BYTES,
  type CelType,
  DOUBLE,
  DYN,
  INT,
  itemOf,
  listOf,
  mapOf,
  NULL,
  optionalOf,
  STRING,
  typeText,
  UINT,
} from "./types.ts";
import { keyName, Uint } from "./values.ts";

/** The expression makes no sense; `at` counts code points. */
export class CheckFault extends Error {
  readonly at: number;

  constructor(message: string, at: number) {
    super(message);
    this.at = at;
  }
}

export type Types = ReadonlyMap<string, CelType>;

const TYPE_NAMES: ReadonlySet<string> = new Set(
  "bool int uint double string bytes list map null_type type optional_type".split(" "),
);

export function check(expr: Expr, types: Types): CelType {
  switch (expr.kind) {
    case "constant":
      return constantType(expr.value);
    case "identifier": {
      const type = types.get(expr.name);
      if (type !== undefined) return type;
      if (TYPE_NAMES.has(expr.name)) return { name: "type" };
      throw new CheckFault(`undeclared reference to '${expr.name}' (in container '')`, expr.at);
    }
    case "select":
      return selectType(expr, types);
    case "call":
      return callType(expr, types);
    case "list": {
      const items = expr.items.map((item, at) => {
        const type = check(item, types);
        return expr.optional.has(at) ? itemOf(type) : type;
      });
      return listOf(typeOfAll(items));
    }
    case "map": {
      const keys = expr.entries.map(({ key }) => check(key, types));
      const values = expr.entries.map(({ value, isOptional }) => {
        const type = check(value, types);
        return isOptional ? itemOf(type) : type;
      });
      return mapOf(typeOfAll(keys), typeOfAll(values));
    }
    case "struct":
      return structType(expr, types);
    case "each":
      return eachType(expr, types);
    case "bind":
      return check(expr.body, new Map(types).set(expr.name, check(expr.init, types)));
    default: {
      const content = itemOf(check(expr.target, types));
      const body = check(expr.body, new Map(types).set(expr.name, content));
      return expr.isFlat ? body : optionalOf(body);
    }
  }
}

function constantType(value: unknown): CelType {
  if (value === null) return NULL;
  if (typeof value === "boolean") return BOOL;
  if (typeof value === "bigint") return INT;
  if (typeof value === "number") return DOUBLE;
  if (typeof value === "string") return STRING;
  return value instanceof Uint ? UINT : BYTES;
}

function typeOfAll(types: readonly CelType[]): CelType {
  const [first, ...rest] = types;
  if (first === undefined) return DYN;
  return rest.every((type) => unify(first, type, new Map())) ? first : DYN;
}

function selectType(expr: Select, types: Types): CelType {
  if (namedType(expr, new Set(types.keys())) !== undefined) return { name: "type" };
  const { operand, field, isTest, isOptional, at } = expr;
  const holder = check(operand, types);
  const isWrapped = holder.name === "optional";
  const plain = isWrapped ? itemOf(holder) : holder;
  const found = fieldType(plain, field, at);
  if (isTest) return BOOL;
  return isWrapped || isOptional ? optionalOf(found) : found;
}

function fieldType(holder: CelType, field: string, at: number): CelType {
  if (holder.name === "dyn") return DYN;
  if (holder.name === "map") return itemOf(holder);
  if (holder.fields !== undefined) {
    const type = holder.fields.get(field);
    if (type !== undefined) return type;
    throw new CheckFault(`undefined field '${field}'`, at);
  }
  throw new CheckFault(`type '${typeText(holder)}' does not support field selection`, at);
}

function structType({ name, entries, at }: Struct, types: Types): CelType {
  // `Object.spec.template` names a part of whatever the object is.
  const type = types.get(`@${name.split(".")[0] ?? ""}`);
  if (type === undefined) {
    throw new CheckFault(`undeclared reference to '${name}' (in container '')`, at);
  }
  for (const { key, value } of entries) {
    const field = key.kind === "constant" ? keyName(key.value) : "";
    const wanted = type.fields === undefined ? DYN : type.fields.get(field);
    if (wanted === undefined) throw new CheckFault(`undefined field '${field}'`, key.at);
    check(value, types);
  }
  return type;
}

function eachType(expr: Each, types: Types): CelType {
  const range = check(expr.range, types);
  if (!["list", "map", "dyn"].includes(range.name)) {
    const shown = typeText(range);
    const why =
      `expression of type '${shown}' cannot be range of a comprehension ` +
      "(must be list, map, or dynamic)";
    throw new CheckFault(why, expr.range.at);
  }
  const [first = "", second] = expr.names;
  const inner = new Map(types);
  const key = range.name === "map" ? (range.of?.[0] ?? DYN) : itemOf(range);
  if (second === undefined) inner.set(first, key);
  else {
    inner.set(first, range.name === "list" ? INT : (range.of?.[0] ?? DYN));
    inner.set(second, itemOf(range));
  }
  if (expr.filter !== undefined) wantBool(expr.filter, inner);
  const { operation, body } = expr;
  if (operation === "map" || operation === "transformList") return listOf(check(body, inner));
  if (operation === "transformMap") return mapOf(inner.get(first) ?? DYN, check(body, inner));
  if (operation === "transformMapEntry") return check(body, inner);
  if (operation === "sortBy") {
    check(body, inner);
    return range;
  }
  wantBool(body, inner);
  return operation === "filter" ? listOf(key) : BOOL;
}

function wantBool(expr: Expr, types: Types): void {
  const type = check(expr, types);
  if (type.name === "bool" || type.name === "dyn") return;
  throw new CheckFault(`expected type 'bool' but found '${typeText(type)}'`, expr.at);
}

const OPEN: ReadonlySet<string> = new Set(["math.greatest", "math.least"]);

function callType(expr: Call, types: Types): CelType {
  const declared: ReadonlySet<string> = new Set(types.keys());
  const qualified = qualifiedName(expr, declared);
  const name = qualified ?? expr.name;
  const given = expr.target === undefined || qualified !== undefined ? [] : [expr.target];
  if (!FUNCTIONS.has(name) && !name.includes("_")) {
    throw new CheckFault(`undeclared reference to '${name}' (in container '')`, expr.at);
  }
  const args = [...given, ...expr.args].map((arg) => check(arg, types));
  if (OPEN.has(name)) return greatest(args);
  const overloads = overloadsOf(name);
  if (overloads === undefined) return DYN;
  if (name === "_==_" || name === "_!=_") return equalityType(args, name, expr.at);
  const found = matching(overloads, args);
  if (found !== undefined) return found;
  throw noOverload(name, given.length > 0, args, expr.at);
}

function greatest(args: readonly CelType[]): CelType {
  const [only] = args;
  if (args.length === 1 && only?.name === "list") return itemOf(only);
  return typeOfAll(args);
}

function equalityType(args: readonly CelType[], name: string, at: number): CelType {
  const [left = DYN, right = DYN] = args;
  if (unify(left, right, new Map()) || unify(right, left, new Map())) return BOOL;
  throw noOverload(name, false, args, at);
}

function noOverload(
  name: string,
  isMember: boolean,
  args: readonly CelType[],
  at: number,
): CheckFault {
  const shown = args.map(typeText);
  const types = isMember
    ? `${shown[0] ?? ""}.(${shown.slice(1).join(", ")})`
    : `(${shown.join(", ")})`;
  return new CheckFault(`found no matching overload for '${name}' applied to '${types}'`, at);
}

/** Several overloads may fit where types are unknown: then the result is too. */
function matching(overloads: readonly Overload[], args: readonly CelType[]): CelType | undefined {
  const results: CelType[] = [];
  for (const overload of overloads) {
    if (overload.args.length !== args.length) continue;
    const bound = new Map<string, CelType>();
    const fits = overload.args.every((wanted, at) => unify(wanted, args[at] ?? DYN, bound));
    if (fits) results.push(resolve(overload.result, bound));
  }
  const [first, ...rest] = results;
  if (first === undefined) return undefined;
  return rest.every((each) => typeText(each) === typeText(first)) ? first : DYN;
}

function isParameter({ name }: CelType): boolean {
  return name.length === 1;
}

function resolve(type: CelType, bound: ReadonlyMap<string, CelType>): CelType {
  if (isParameter(type)) return bound.get(type.name) ?? DYN;
  if (type.of === undefined) return type;
  return { ...type, of: type.of.map((each) => resolve(each, bound)) };
}

const NULLABLE: ReadonlySet<string> = new Set(["object", "timestamp", "duration", "optional"]);

function unify(wanted: CelType, actual: CelType, bound: Map<string, CelType>): boolean {
  if (isParameter(wanted)) {
    const known = bound.get(wanted.name);
    if (known !== undefined && known.name !== "dyn" && known.name !== "null") {
      return unify(known, actual, bound);
    }
    bound.set(wanted.name, actual);
    return true;
  }
  if (wanted.name === "dyn" || actual.name === "dyn" || actual.name === "error") return true;
  if (wanted.name === "null" || actual.name === "null") {
    return wanted.name === actual.name || NULLABLE.has(wanted.name) || NULLABLE.has(actual.name);
  }
  if (wanted.name !== actual.name) return false;
  if (wanted.name === "object") return wanted.title === actual.title;
  return (wanted.of ?? []).every((each, at) => unify(each, actual.of?.[at] ?? DYN, bound));
}
