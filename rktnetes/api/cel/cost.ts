/**
 * How much an expression can cost at most, before anybody asks it. In: a tree and the types of its
 * variables, which know how long values get. Out: units. Pure.
 */
import type { Call, Expr } from "./ast.ts";
import { check, type Types } from "./check.ts";
import { type CelType, DYN, itemOf, INT } from "./types.ts";

interface Estimate {
  readonly cost: number;
  /** How long the value gets. */
  readonly size: number;
  readonly type: CelType;
}

const UNBOUNDED = 3 * 1024 * 1024;
const WALK = 0.1;
const PATTERN = 0.25;

export function estimateCost(expr: Expr, types: Types): number {
  return estimate(expr, types).cost;
}

function estimate(expr: Expr, types: Types): Estimate {
  switch (expr.kind) {
    case "constant": {
      const { value } = expr;
      const size = typeof value === "string" ? value.length : 1;
      return { cost: 0, size, type: check(expr, types) };
    }
    case "identifier": {
      const type = types.get(expr.name) ?? DYN;
      return { cost: 1, size: sizeOf(type), type };
    }
    case "select": {
      const operand = estimate(expr.operand, types);
      const holder = operand.type.name === "optional" ? itemOf(operand.type) : operand.type;
      const type = holder.fields?.get(expr.field) ?? itemOf(holder);
      return { cost: operand.cost + 1, size: sizeOf(type), type };
    }
    case "call":
      return callEstimate(expr, types);
    case "list": {
      const items = expr.items.map((item) => estimate(item, types));
      return { cost: 10 + total(items), size: items.length, type: check(expr, types) };
    }
    case "map":
    case "struct": {
      const parts = expr.entries.flatMap(({ key, value }) => [
        estimate(key, types),
        estimate(value, types),
      ]);
      return { cost: 30 + total(parts), size: expr.entries.length, type: check(expr, types) };
    }
    case "each": {
      const range = estimate(expr.range, types);
      const [first = "", second] = expr.names;
      const inner = new Map(types);
      const item = range.type.name === "map" ? (range.type.of?.[0] ?? DYN) : itemOf(range.type);
      if (second === undefined) inner.set(first, item);
      else
        inner.set(first, range.type.name === "list" ? INT : item).set(second, itemOf(range.type));
      const filter = expr.filter === undefined ? 0 : estimate(expr.filter, inner).cost;
      const body = estimate(expr.body, inner);
      const cost = range.cost + range.size * (body.cost + filter + 2) + 1;
      return { cost, size: range.size, type: check(expr, types) };
    }
    case "bind": {
      const init = estimate(expr.init, types);
      const body = estimate(expr.body, new Map(types).set(expr.name, init.type));
      return { ...body, cost: init.cost + body.cost + 1 };
    }
    default: {
      const target = estimate(expr.target, types);
      const body = estimate(expr.body, new Map(types).set(expr.name, itemOf(target.type)));
      return { ...body, cost: target.cost + body.cost + 1 };
    }
  }
}

function total(parts: readonly Estimate[]): number {
  return parts.reduce((sum, { cost }) => sum + cost, 0);
}

function sizeOf({ name, maxSize }: CelType): number {
  if (maxSize !== undefined) return maxSize;
  const hasLength = ["string", "bytes", "list", "map", "dyn"].includes(name);
  return hasLength ? UNBOUNDED : 1;
}

function callEstimate(expr: Call, types: Types): Estimate {
  const given = expr.target === undefined ? expr.args : [expr.target, ...expr.args];
  const args = given.map((arg) => (isNamespace(arg, types) ? NOTHING : estimate(arg, types)));
  const [a = NOTHING, b = NOTHING] = args;
  const type = check(expr, types);
  const done = (cost: number, size: number = sizeOf(type)): Estimate => ({
    cost: total(args) + cost,
    size,
    type,
  });
  switch (expr.name) {
    case "_==_":
    case "_!=_":
    case "_<_":
    case "_<=_":
    case "_>_":
    case "_>=_":
      return done(Math.max(1, Math.min(a.size, b.size) * WALK));
    case "_?_:_":
      return done(1, Math.max(b.size, args[2]?.size ?? 1));
    case "_+_":
      return done(Math.max(1, (a.size + b.size) * WALK), a.size + b.size);
    case "matches":
      return done(a.size * WALK * Math.max(1, b.size * PATTERN));
    case "contains":
      return done(Math.max(1, a.size * WALK * Math.max(1, b.size * WALK)));
    case "startsWith":
    case "endsWith":
      return done(Math.max(1, b.size * WALK));
    case "@in":
      return done(b.type.name === "map" ? 1 : b.size);
    case "_[_]":
      return { ...done(1), size: sizeOf(itemOf(a.type)), type: itemOf(a.type) };
    case "size":
      return done(1, 1);
    case "sum":
    case "min":
    case "max":
    case "isSorted":
      return done(a.size);
    case "indexOf":
    case "lastIndexOf":
      return done(Math.max(1, a.size * WALK * Math.max(1, b.size * WALK)));
    case "contains_":
    case "lowerAscii":
    case "upperAscii":
    case "trim":
    case "replace":
    case "split":
    case "join":
    case "substring":
      return done(Math.max(1, a.size * WALK), a.size);
    default:
      return done(1);
  }
}

const NOTHING: Estimate = { cost: 0, size: 1, type: DYN };

/** `math` of `math.greatest`. */
function isNamespace(expr: Expr, types: Types): boolean {
  return expr.kind === "identifier" && !types.has(expr.name);
}
