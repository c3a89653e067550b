/**
 * How much an expression can cost at most, before anybody asks it. In: a tree and the types of its
 * variables, which know how long values get. Out: units, counted as other servers count them: which
 * rules a definition may have depends on it. Pure.
 */
import type { Call, Each, EachOperation, Expr, OptionalMap, Select } from "./ast.ts";
import { type CallEstimate, estimateCall, type Operand } from "./call-cost.ts";
import { check, type Types } from "./check.ts";
import { qualifiedName } from "./evaluate.ts";
import {
  either,
  ENDLESS,
  exactly,
  NONE,
  ONE,
  plus,
  type Range,
  scaled,
  times,
  UNKNOWN,
} from "./size-range.ts";
import { type CelType, DYN, INT, itemOf } from "./types.ts";

/** Of what a list or map has. */
interface EntrySize {
  readonly isList: boolean;
  readonly key: Range;
  readonly value: Range;
}

/** From a variable down to a value; empty where there is none. */
type Path = readonly string[];

interface Local {
  readonly path: Path;
  readonly size: Range | undefined;
  readonly entry: EntrySize | undefined;
}

interface Scope {
  readonly types: Types;
  readonly locals: ReadonlyMap<string, Local>;
}

/** What was found out about parts of the expression. */
interface Notes {
  /** Whose fields paths lead through. */
  readonly root: CelType;
  readonly paths: Map<Expr, Path>;
  readonly sizes: Map<Expr, Range>;
  readonly entries: Map<Expr, EntrySize>;
}

const LIST = exactly(10);
const MAP = exactly(30);
const OBJECT = exactly(40);
const WALK = 0.1;

export function estimateCost(expr: Expr, types: Types): number {
  const root = types.get("self") ?? DYN;
  const notes: Notes = { root, paths: new Map(), sizes: new Map(), entries: new Map() };
  return costOf(notes, expr, { types, locals: new Map() }).max;
}

function costOf(notes: Notes, expr: Expr, scope: Scope): Range {
  switch (expr.kind) {
    case "constant":
      return NONE;
    case "identifier":
      notes.paths.set(expr, scope.locals.get(expr.name)?.path ?? [expr.name]);
      return ONE;
    case "select":
      return selectCost(notes, expr, scope);
    case "call":
      return callCost(notes, expr, scope);
    case "list":
      return listCost(notes, expr, scope);
    case "map":
      return mapCost(notes, expr, scope);
    case "struct":
      return plus(OBJECT, ...expr.entries.map(({ value }) => costOf(notes, value, scope)));
    case "each":
      return eachCost(notes, expr, scope);
    case "bind": {
      const init = costOf(notes, expr.init, scope);
      const inner = withLocal(scope, expr.name, check(expr.init, scope.types), {
        path: pathOf(notes, expr.init, scope),
        size: sizeOf(notes, expr.init, scope),
        entry: entryOf(notes, expr.init, scope),
      });
      const body = costOf(notes, expr.body, inner);
      copySize(notes, expr, expr.body, inner);
      return plus(LIST, init, body);
    }
    default:
      return optionalMapCost(notes, expr, scope);
  }
}

function withLocal(scope: Scope, name: string, type: CelType, local: Local): Scope {
  return {
    types: new Map(scope.types).set(name, type),
    locals: new Map(scope.locals).set(name, local),
  };
}

function selectCost(notes: Notes, expr: Select, scope: Scope): Range {
  const operand = costOf(notes, expr.operand, scope);
  if (expr.isTest) return operand;
  if (expr.isOptional) return plus(operand, ONE);
  const { name } = check(expr.operand, scope.types);
  notes.paths.set(expr, [...pathOf(notes, expr.operand, scope), expr.field]);
  return name === "map" || name === "object" ? plus(operand, ONE) : operand;
}

type ListExpr = Extract<Expr, { readonly kind: "list" }>;
type MapExpr = Extract<Expr, { readonly kind: "map" }>;

function listCost(notes: Notes, expr: ListExpr, scope: Scope): Range {
  const costs = expr.items.map((item) => costOf(notes, item, scope));
  const value = sizesOf(notes, expr.items, scope);
  notes.entries.set(expr, { isList: true, key: ONE, value });
  return plus(LIST, ...costs);
}

function mapCost(notes: Notes, expr: MapExpr, scope: Scope): Range {
  const [keys, values] = [expr.entries.map(({ key }) => key), expr.entries.map((e) => e.value)];
  const costs = [...keys, ...values].map((part) => costOf(notes, part, scope));
  const [key, value] = [sizesOf(notes, keys, scope), sizesOf(notes, values, scope)];
  notes.entries.set(expr, { isList: false, key, value });
  return plus(MAP, ...costs);
}

function sizesOf(notes: Notes, parts: readonly Expr[], scope: Scope): Range {
  if (parts.length === 0) return NONE;
  return parts
    .map((part) => sizeOf(notes, part, scope) ?? UNKNOWN)
    .reduce((all, size) => either(all, size));
}

/** What a macro does at its beginning, before and in each step, and at its end. */
interface Loop {
  readonly start: Range;
  readonly step: (body: Range) => Range;
  readonly end: Range;
  /** Sets out to make a list or map as long as what it runs over. */
  readonly collects: boolean;
}

/** A decision: the other side may be skipped. */
function decided(body: Range, before: number): Range {
  return { min: before + 1, max: before + 1 + body.max };
}

function appended(body: Range): Range {
  return plus(exactly(12), body);
}

const LOOPS: Readonly<Record<EachOperation, Loop>> = {
  all: { start: NONE, step: (body) => decided(body, 2), end: ONE, collects: false },
  exists: { start: NONE, step: (body) => decided(body, 3), end: ONE, collects: false },
  existsOne: {
    start: NONE,
    step: (body) => plus(body, { min: 1, max: 2 }),
    end: exactly(2),
    collects: false,
  },
  map: { start: LIST, step: appended, end: ONE, collects: true },
  transformList: { start: LIST, step: appended, end: ONE, collects: true },
  filter: {
    start: LIST,
    step: (body) => plus(body, either(exactly(13), ONE)),
    end: ONE,
    collects: true,
  },
  transformMap: { start: MAP, step: (body) => plus(exactly(3), body), end: ONE, collects: true },
  transformMapEntry: {
    start: MAP,
    step: (body) => plus(exactly(2), body),
    end: ONE,
    collects: true,
  },
  sortBy: { start: exactly(21), step: appended, end: exactly(3), collects: true },
};

function eachCost(notes: Notes, expr: Each, scope: Scope): Range {
  const { range, body, filter, operation } = expr;
  const { start, step, end, collects } = LOOPS[operation];
  const over = costOf(notes, range, scope);
  const count = sizeOf(notes, range, scope) ?? UNKNOWN;
  const inner = stepScope(notes, expr, scope);
  const bodyCost = costOf(notes, body, inner);
  const filterCost = filter === undefined ? undefined : costOf(notes, filter, inner);
  const made = step(bodyCost);
  const each = filterCost === undefined ? made : plus(filterCost, either(made, ONE));
  notes.sizes.set(expr, collects ? count : ONE);
  if (operation === "map" || operation === "filter" || operation === "transformList") {
    const item = operation === "filter" ? itemSize(notes, range, scope) : undefined;
    const { max } = item ?? sizeOf(notes, body, inner) ?? UNKNOWN;
    notes.entries.set(expr, { isList: true, key: ONE, value: { min: 0, max } });
  }
  return plus(over, start, end, times(count, each));
}

/** The names of a macro, in each of its steps. */
function stepScope(notes: Notes, { range, names }: Each, scope: Scope): Scope {
  const type = check(range, scope.types);
  const entry = entryOf(notes, range, scope);
  const isList = entry?.isList ?? type.name === "list";
  const path = pathOf(notes, range, scope);
  const [first = "", second] = names;
  const key = type.name === "map" ? (type.of?.[0] ?? DYN) : INT;
  const keys = { path: [...path, isList ? "@indices" : "@keys"], size: entry?.key };
  const values = { path: [...path, isList ? "@items" : "@values"], size: entry?.value };
  const none = { entry: undefined };
  if (second === undefined) {
    return isList
      ? withLocal(scope, first, itemOf(type), { ...values, ...none })
      : withLocal(scope, first, type.name === "map" ? key : DYN, { ...keys, ...none });
  }
  const outer = withLocal(scope, first, key, { ...keys, ...none });
  return withLocal(outer, second, itemOf(type), { ...values, ...none });
}

/** `a.hasValue() ? optional.of(…a.value()…) : optional.none()` */
function optionalMapCost(notes: Notes, expr: OptionalMap, scope: Scope): Range {
  const target = costOf(notes, expr.target, scope);
  const content = itemOf(check(expr.target, scope.types));
  const local: Local = { path: [], size: scalarSize(content), entry: undefined };
  const body = costOf(notes, expr.body, withLocal(scope, expr.name, content, local));
  const some = plus(LIST, target, ONE, body, expr.isFlat ? NONE : ONE);
  return plus(target, ONE, either(some, ONE));
}

function callCost(notes: Notes, expr: Call, scope: Scope): Range {
  const isQualified = qualifiedName(expr, new Set(scope.types.keys())) !== undefined;
  const target = isQualified ? undefined : expr.target;
  const targetCost = target === undefined ? NONE : costOf(notes, target, scope);
  const costs = expr.args.map((arg) => costOf(notes, arg, scope));
  const [left = NONE, right = NONE, other = NONE] = costs;
  switch (expr.name) {
    case "dyn":
      if (expr.args[0] !== undefined) copySize(notes, expr, expr.args[0], scope);
      return plus(ONE, left);
    case "_&&_":
    case "_||_":
      return { min: left.min, max: plus(left, right).max };
    case "_?_:_":
      noteChoice(notes, expr, scope);
      return plus(left, either(right, other));
    case "_[_]":
      noteItem(notes, expr, scope);
      return plus(left, right, ONE);
    default: {
      const estimates = flavours(notes, { expr, target, scope });
      const cost = estimates.map((each) => each.cost).reduce(either, { min: ENDLESS, max: 0 });
      const sizes = estimates.flatMap(({ size }) => (size === undefined ? [] : [size]));
      const [first, ...rest] = sizes;
      if (first !== undefined) notes.sizes.set(expr, rest.reduce(either, first));
      return plus(targetCost, cost, ...costs);
    }
  }
}

function noteChoice(notes: Notes, expr: Call, scope: Scope): void {
  const [, yes, no] = expr.args;
  if (yes === undefined || no === undefined) return;
  notes.sizes.set(expr, sizesOf(notes, [yes, no], scope));
  joinEntries(notes, expr, [yes, no], scope);
}

function joinEntries(notes: Notes, expr: Expr, parts: readonly Expr[], scope: Scope): void {
  const [first, second] = parts.map((part) => entryOf(notes, part, scope));
  if (first === undefined || second === undefined) return;
  const key = either(first.key, second.key);
  notes.entries.set(expr, { ...first, key, value: either(first.value, second.value) });
}

function noteItem(notes: Notes, expr: Call, scope: Scope): void {
  const [holder] = expr.args;
  if (holder === undefined) return;
  const known = entryOf(notes, holder, scope)?.value;
  const step = check(holder, scope.types).name === "list" ? "@items" : "@values";
  notes.paths.set(expr, [...pathOf(notes, holder, scope), step]);
  if (known !== undefined) notes.sizes.set(expr, known);
}

interface Calling {
  readonly expr: Call;
  readonly target: Expr | undefined;
  readonly scope: Scope;
}

/** A call of values without a known type may be one of several functions. */
function flavours(notes: Notes, { expr, target, scope }: Calling): readonly CallEstimate[] {
  const operand = (part: Expr): Operand => operandOf(notes, part, scope);
  const args = expr.args.map(operand);
  const qualified = qualifiedName(expr, new Set(scope.types.keys()));
  const name = qualified ?? expr.name;
  const plain: CallEstimate = { cost: ONE };
  const [a, b] = args;
  if (a !== undefined && b !== undefined && target === undefined) {
    const sized = operatorEstimate(notes, { expr, target, scope }, [a, b]);
    if (sized !== undefined) return sized;
  }
  const own = target === undefined ? undefined : operand(target);
  return [estimateCall(name, { target: own, args }) ?? plain];
}

function operatorEstimate(
  notes: Notes,
  { expr, scope }: Calling,
  [a, b]: readonly [Operand, Operand],
): readonly CallEstimate[] | undefined {
  const least = Math.min(a.size.max, b.size.max);
  const compared = { cost: scaled({ min: least > 0 ? 1 : 0, max: least }, WALK) };
  const kinds = new Set([a.type.name, b.type.name]);
  const isText = kinds.has("string") || kinds.has("bytes");
  switch (expr.name) {
    case "_==_":
    case "_!=_":
      return [compared];
    case "_<_":
    case "_<=_":
    case "_>_":
    case "_>=_":
      if (isText) return [compared];
      return kinds.size === 1 && kinds.has("dyn") ? [{ cost: ONE }, compared] : [{ cost: ONE }];
    case "@in":
      return b.type.name === "map" ? [{ cost: ONE }] : [{ cost: b.size }];
    case "_+_": {
      const size = plus(a.size, b.size);
      if (isText) return [{ cost: scaled(size, WALK), size }];
      if (kinds.has("list")) joinEntries(notes, expr, expr.args, scope);
      if (kinds.has("list")) return [{ cost: ONE, size }];
      return kinds.size === 1 && kinds.has("dyn")
        ? [{ cost: ONE }, { cost: scaled(size, WALK), size }]
        : [{ cost: ONE }];
    }
    default:
      return undefined;
  }
}

function operandOf(notes: Notes, expr: Expr, scope: Scope): Operand {
  const type = check(expr, scope.types);
  const size = sizeOf(notes, expr, scope) ?? UNKNOWN;
  return { size, type, itemSize: type.of === undefined ? undefined : itemSize(notes, expr, scope) };
}

function itemSize(notes: Notes, expr: Expr, scope: Scope): Range {
  const path = pathOf(notes, expr, scope);
  const known = path.length === 0 ? undefined : sizeAt(notes.root, [...path, "@items"]);
  return known ?? entryOf(notes, expr, scope)?.value ?? UNKNOWN;
}

function pathOf(notes: Notes, expr: Expr, scope: Scope): Path {
  const local = expr.kind === "identifier" ? scope.locals.get(expr.name) : undefined;
  return local?.path ?? notes.paths.get(expr) ?? [];
}

function entryOf(notes: Notes, expr: Expr, scope: Scope): EntrySize | undefined {
  const local = expr.kind === "identifier" ? scope.locals.get(expr.name) : undefined;
  return notes.entries.get(expr) ?? local?.entry;
}

function sizeOf(notes: Notes, expr: Expr, scope: Scope): Range | undefined {
  const known = notes.sizes.get(expr) ?? writtenSize(expr);
  if (known !== undefined) return known;
  const path = pathOf(notes, expr, scope);
  const declared = path.length === 0 ? undefined : sizeAt(notes.root, path);
  if (declared !== undefined) return declared;
  const local = expr.kind === "identifier" ? scope.locals.get(expr.name) : undefined;
  return scalarSize(check(expr, scope.types)) ?? local?.size;
}

function copySize(notes: Notes, to: Expr, from: Expr, scope: Scope): void {
  const [size, entry] = [sizeOf(notes, from, scope), entryOf(notes, from, scope)];
  if (size !== undefined) notes.sizes.set(to, size);
  if (entry !== undefined) notes.entries.set(to, entry);
}

/** Of what stands in the text. */
function writtenSize(expr: Expr): Range | undefined {
  if (expr.kind === "list") return exactly(expr.items.length);
  if (expr.kind === "map") return exactly(expr.entries.length);
  if (expr.kind !== "constant") return undefined;
  const { value } = expr;
  if (typeof value === "string") return exactly([...value].length);
  return exactly(value instanceof Uint8Array ? value.length : 1);
}

/** What the schema says of the place; the first step is a variable. */
function sizeAt(root: CelType, path: Path): Range | undefined {
  let type: CelType | undefined = root;
  for (const step of path.slice(1)) {
    if (type === undefined) return undefined;
    if (step === "@items" || step === "@values") type = elementOf(type);
    else if (step === "@keys") type = type.name === "map" ? type.of?.[0] : undefined;
    else type = type.fields?.get(step);
  }
  return type === undefined ? undefined : { min: 0, max: type.maxSize ?? 0 };
}

function elementOf(type: CelType): CelType | undefined {
  return type.name === "list" || type.name === "map" ? itemOf(type) : undefined;
}

const SCALARS: ReadonlySet<string> = new Set(["bool", "int", "uint", "double"]);

function scalarSize(type: CelType): Range | undefined {
  const { name } = type.name === "optional" ? itemOf(type) : type;
  const isScalar = SCALARS.has(name) || name === "duration" || name === "timestamp";
  return isScalar ? ONE : undefined;
}
