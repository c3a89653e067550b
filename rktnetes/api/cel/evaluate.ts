/**
 * A tree becomes a program. In: an expression, the names that have a value. Out: a function from
 * values to a value. What has no value is a CelError; what costs too much is one too.
 */
import type { Bind, Call, Each, Expr, ListOf, MapOf, OptionalMap, Select } from "./ast.ts";
import { spentBy } from "./call-spent.ts";
import { FUNCTIONS, overloadError } from "./functions/table.ts";
import {
  CelError,
  CelMap,
  type CelValue,
  equal,
  isList,
  keyName,
  type MapKey,
  Opaque,
  Optional,
  TypeValue,
  typeName,
  Uint,
} from "./values.ts";

/** Counts what an evaluation does. */
export class Meter {
  readonly limit: number;
  spent = 0;

  constructor(limit: number) {
    this.limit = limit;
  }

  spend(units: number): void {
    this.spent += units;
    if (this.spent > this.limit) {
      throw new CostError("operation cancelled: actual cost limit exceeded");
    }
  }
}

/** Nothing catches it, not even `||`. */
export class CostError extends CelError {}

/** Names and their values; inner ones hide outer ones. */
export interface Scope {
  readonly meter: Meter;
  readonly find: (name: string) => CelValue | undefined;
}

export type Program = (scope: Scope) => CelValue;

/** The outermost scope. Values are made when they are first asked for. */
export function rootScope(
  values: Readonly<Record<string, (() => CelValue) | undefined>>,
  meter: Meter,
): Scope {
  const made = new Map<string, CelValue>();
  const find = (name: string): CelValue | undefined => {
    const known = made.get(name);
    if (known !== undefined) return known;
    const value = Object.hasOwn(values, name) ? values[name]?.() : undefined;
    if (value !== undefined) made.set(name, value);
    return value;
  };
  return { meter, find };
}

function inner(outer: Scope, name: string, value: CelValue): Scope {
  return {
    meter: outer.meter,
    find: (wanted) => (wanted === name ? value : outer.find(wanted)),
  };
}

const TYPES: Readonly<Record<string, string>> = {
  bool: "bool",
  int: "int",
  uint: "uint",
  double: "double",
  string: "string",
  bytes: "bytes",
  list: "list",
  map: "map",
  null_type: "null_type",
  type: "type",
  optional_type: "optional_type",
};

/** `declared` are the names that are variables, not the beginnings of functions' names. */
export function program(expr: Expr, declared: ReadonlySet<string>): Program {
  switch (expr.kind) {
    case "constant": {
      const { value } = expr;
      return () => value;
    }
    case "identifier":
      return identifier(expr.name);
    case "select":
      return select(expr, declared);
    case "call":
      return call(expr, declared);
    case "list":
      return list(expr, declared);
    case "map":
      return map(expr, declared, "");
    case "struct":
      return map({ ...expr, kind: "map" }, declared, expr.name);
    case "each":
      return each(expr, declared);
    case "bind":
      return bind(expr, declared);
    default:
      return optionalMap(expr, declared);
  }
}

function identifier(name: string): Program {
  const type = Object.hasOwn(TYPES, name) ? TYPES[name] : undefined;
  return (scope) => {
    scope.meter.spend(1);
    const value = scope.find(name);
    if (value !== undefined) return value;
    if (type !== undefined) return new TypeValue(type);
    throw new CelError(`no such attribute(s): ${name}`);
  };
}

const QUALIFIED_TYPES: ReadonlySet<string> = new Set([
  "google.protobuf.Timestamp",
  "google.protobuf.Duration",
  "net.IP",
  "net.CIDR",
  "kubernetes.Quantity",
  "kubernetes.Semver",
  "kubernetes.URL",
  "kubernetes.NamedFormat",
]);

/** `net.IP` where no variable is called `net`. */
export function namedType(expr: Expr, declared: ReadonlySet<string>): string | undefined {
  if (expr.kind !== "select" || expr.isTest || expr.isOptional) return undefined;
  const name = dottedName(expr);
  if (name === undefined || !QUALIFIED_TYPES.has(name)) return undefined;
  return declared.has(name.slice(0, name.indexOf("."))) ? undefined : name;
}

function dottedName(expr: Expr): string | undefined {
  if (expr.kind === "identifier") return expr.name;
  if (expr.kind !== "select") return undefined;
  const before = dottedName(expr.operand);
  return before === undefined ? undefined : `${before}.${expr.field}`;
}

function select(expr: Select, declared: ReadonlySet<string>): Program {
  const type = namedType(expr, declared);
  if (type !== undefined) {
    const value = new TypeValue(type);
    return () => value;
  }
  const operand = program(expr.operand, declared);
  const { field, isTest, isOptional } = expr;
  return (scope) => {
    if (!isTest) scope.meter.spend(1);
    let value = operand(scope);
    const wraps = isOptional || value instanceof Optional;
    if (value instanceof Optional) {
      if (value.value === undefined) return isTest ? false : value;
      value = value.value;
    }
    if (value instanceof Opaque && value.fields !== undefined) value = value.fields;
    if (!(value instanceof CelMap)) {
      throw new CelError(
        isTest ? "no such overload" : `unexpected type in field selection: ${typeName(value)}`,
      );
    }
    if (isTest) return value.has(field);
    const found = value.get(field);
    if (wraps) return new Optional(found);
    if (found === undefined) throw new CelError(`no such key: ${field}`);
    return found;
  };
}

function call(expr: Call, declared: ReadonlySet<string>): Program {
  const special = Object.hasOwn(SPECIAL, expr.name) ? SPECIAL[expr.name] : undefined;
  if (special !== undefined && expr.target === undefined) {
    return special(expr.args.map((arg) => program(arg, declared)));
  }
  const qualified = qualifiedName(expr, declared);
  const name = qualified ?? expr.name;
  const operands = [
    ...(expr.target === undefined || qualified !== undefined ? [] : [expr.target]),
    ...expr.args,
  ].map((arg) => program(arg, declared));
  const run = FUNCTIONS.get(name);
  const isFree = name === "@in" && isConstant(expr.args[1]);
  return (scope) => {
    const args = operands.map((operand) => operand(scope));
    if (run === undefined) throw overloadError(name, args);
    const result = run(args);
    if (!isFree) scope.meter.spend(spentBy(name, args, result));
    return result;
  };
}

/** Whether something is among constants is known at once. */
function isConstant(expr: Expr | undefined): boolean {
  return expr?.kind === "list" && expr.items.every(({ kind }) => kind === "constant");
}

/** `math.greatest` where no variable is called `math`. */
export function qualifiedName(
  { target, name }: Call,
  declared: ReadonlySet<string>,
): string | undefined {
  if (target?.kind !== "identifier" || declared.has(target.name)) return undefined;
  const whole = `${target.name}.${name}`;
  return FUNCTIONS.has(whole) ? whole : undefined;
}

type Special = (operands: readonly Program[]) => Program;

const SPECIAL: Readonly<Record<string, Special>> = {
  "_&&_": (operands) => junction(operands, false),
  "_||_": (operands) => junction(operands, true),
  "_?_:_":
    ([condition, yes, no]) =>
    (scope) => {
      const value = condition?.(scope);
      if (typeof value !== "boolean") throw new CelError("no such overload");
      return (value ? yes : no)?.(scope) ?? null;
    },
};

/** An error on one side does not matter where the other side decides. */
function junction(operands: readonly Program[], decides: boolean): Program {
  return (scope) => {
    let error: CelError | undefined;
    for (const operand of operands) {
      try {
        const value = operand(scope);
        if (value === decides) return decides;
        if (typeof value !== "boolean") error ??= new CelError("no such overload");
      } catch (thrown) {
        if (!(thrown instanceof CelError) || thrown instanceof CostError) throw thrown;
        error ??= thrown;
      }
    }
    if (error !== undefined) throw error;
    return !decides;
  };
}

const LIST_COST = 10;
const MAP_COST = 30;
const OBJECT_COST = 40;

function list(expr: ListOf, declared: ReadonlySet<string>): Program {
  const items = expr.items.map((item) => program(item, declared));
  return (scope) => {
    scope.meter.spend(LIST_COST);
    const out: CelValue[] = [];
    for (const [at, item] of items.entries()) {
      const value = item(scope);
      if (!expr.optional.has(at)) out.push(value);
      else if (value instanceof Optional && value.value !== undefined) out.push(value.value);
    }
    return out;
  };
}

function map(expr: MapOf, declared: ReadonlySet<string>, type: string): Program {
  const entries = expr.entries.map(({ key, value, isOptional }) => ({
    key: program(key, declared),
    value: program(value, declared),
    isOptional,
  }));
  return (scope) => {
    scope.meter.spend(type === "" ? MAP_COST : OBJECT_COST);
    const out = new CelMap(type);
    for (const { key, value, isOptional } of entries) {
      const name = asKey(key(scope));
      const content = value(scope);
      if (out.has(name)) throw new CelError(`Failed with repeated key: ${keyName(name)}`);
      if (!isOptional) out.set(name, content);
      else if (content instanceof Optional && content.value !== undefined) {
        out.set(name, content.value);
      }
    }
    return out;
  };
}

export function asKey(value: CelValue): MapKey {
  const isKey =
    typeof value === "string" || typeof value === "bigint" || typeof value === "boolean";
  if (isKey || value instanceof Uint) return value;
  throw new CelError(`unsupported key type: ${typeName(value)}`);
}

interface Step {
  readonly first: CelValue;
  readonly second: CelValue;
}

/** Items with their place; keys with their value. */
function stepsOf(range: CelValue, names: number): readonly Step[] {
  if (isList(range)) {
    return range.map((item, at) =>
      names === 2 ? { first: BigInt(at), second: item } : { first: item, second: null },
    );
  }
  if (range instanceof CelMap) {
    return range.entries().map(([first, second]) => ({ first, second }));
  }
  throw new CelError(`got '${typeName(range)}', expected iterable type`);
}

function each(expr: Each, declared: ReadonlySet<string>): Program {
  const known = new Set([...declared, ...expr.names]);
  const range = program(expr.range, declared);
  const body = program(expr.body, known);
  const filter = expr.filter === undefined ? undefined : program(expr.filter, known);
  const [first = "", second] = expr.names;
  const fold = FOLDS[expr.operation];
  return (scope) => {
    const over = range(scope);
    const steps = stepsOf(over, expr.names.length);
    const scopes = steps.map((step) => {
      const one = inner(scope, first, step.first);
      return second === undefined ? one : inner(one, second, step.second);
    });
    const { start, step } = STEPS[expr.operation];
    const passes = (at: Scope): boolean => {
      const is = filter === undefined || asBool(filter(at));
      if (!is) scope.meter.spend(1);
      return is;
    };
    const run = (at: Scope): CelValue => {
      const value = body(at);
      scope.meter.spend(step(value));
      return value;
    };
    scope.meter.spend(start);
    return fold({ steps, scopes, passes, run });
  };
}

/** What a macro costs once, and in each step beside its body. @see cost.ts */
const STEPS: Readonly<
  Record<Each["operation"], { readonly start: number; readonly step: (made: CelValue) => number }>
> = {
  all: { start: 1, step: () => 3 },
  exists: { start: 1, step: () => 4 },
  existsOne: { start: 2, step: (made) => (made === true ? 2 : 1) },
  map: { start: 11, step: () => 12 },
  filter: { start: 11, step: (made) => (made === true ? 13 : 1) },
  transformList: { start: 11, step: () => 12 },
  transformMap: { start: 31, step: () => 3 },
  transformMapEntry: { start: 31, step: () => 2 },
  sortBy: { start: 24, step: () => 12 },
};

interface Folding {
  readonly steps: readonly Step[];
  readonly scopes: readonly Scope[];
  readonly passes: (scope: Scope) => boolean;
  readonly run: (scope: Scope) => CelValue;
}

function asBool(value: CelValue): boolean {
  if (typeof value === "boolean") return value;
  throw new CelError("no such overload");
}

const FOLDS: Readonly<Record<Each["operation"], (folding: Folding) => CelValue>> = {
  all: (folding) => quantified(folding, false),
  exists: (folding) => quantified(folding, true),
  existsOne: ({ scopes, run }) => scopes.filter((scope) => asBool(run(scope))).length === 1,
  map: ({ scopes, passes, run }) => scopes.filter(passes).map(run),
  filter: ({ steps, scopes, run }) =>
    steps.filter((_, at) => asBool(run(scopes[at] as Scope))).map(({ first }) => first),
  transformList: ({ scopes, passes, run }) => scopes.filter(passes).map(run),
  transformMap: ({ steps, scopes, passes, run }) => {
    const out = new CelMap();
    for (const [at, { first }] of steps.entries()) {
      const scope = scopes[at] as Scope;
      if (passes(scope)) out.set(asKey(first), run(scope));
    }
    return out;
  },
  transformMapEntry: ({ scopes, passes, run }) => {
    const out = new CelMap();
    for (const scope of scopes.filter(passes)) {
      const made = run(scope);
      if (!(made instanceof CelMap)) throw new CelError("no such overload");
      for (const [key, value] of made.entries()) {
        if (out.has(key)) throw new CelError(`insert failed: key '${keyName(key)}' already exists`);
        out.set(key, value);
      }
    }
    return out;
  },
  sortBy: ({ steps, scopes, run }) => {
    const keyed = steps.map(({ first }, at) => ({ first, key: run(scopes[at] as Scope) }));
    const sort = FUNCTIONS.get("sort");
    const keys = sort?.([keyed.map(({ key }) => key)]);
    if (!isList(keys ?? null)) throw new CelError("no such overload");
    const rest = [...keyed];
    return (keys as readonly CelValue[]).map((key) => {
      const at = rest.findIndex((each) => equal(each.key, key));
      return rest.splice(at, 1)[0]?.first ?? null;
    });
  },
};

function quantified({ scopes, run }: Folding, decides: boolean): boolean {
  let error: CelError | undefined;
  for (const scope of scopes) {
    try {
      if (asBool(run(scope)) === decides) return decides;
    } catch (thrown) {
      if (!(thrown instanceof CelError) || thrown instanceof CostError) throw thrown;
      error ??= thrown;
    }
  }
  if (error !== undefined) throw error;
  return !decides;
}

function bind(expr: Bind, declared: ReadonlySet<string>): Program {
  const init = program(expr.init, declared);
  const body = program(expr.body, new Set([...declared, expr.name]));
  return (scope) => body(inner(scope, expr.name, init(scope)));
}

function optionalMap(expr: OptionalMap, declared: ReadonlySet<string>): Program {
  const target = program(expr.target, declared);
  const body = program(expr.body, new Set([...declared, expr.name]));
  return (scope) => {
    const optional = target(scope);
    if (!(optional instanceof Optional)) throw new CelError("no such overload");
    if (optional.value === undefined) return optional;
    const value = body(inner(scope, expr.name, optional.value));
    return expr.isFlat ? value : new Optional(value);
  };
}
