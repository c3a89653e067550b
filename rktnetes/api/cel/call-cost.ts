/**
 * What a call costs beyond its arguments, and how long its result gets. In: the name of the
 * function and the sizes of what it works on. Out: an estimate; undefined where the function takes
 * one unit whatever it gets. Pure.
 */
import type { CelType } from "./types.ts";
import { ENDLESS, exactly, NONE, ONE, plus, type Range, scaled, times } from "./size-range.ts";

/** One operand of a call. */
export interface Operand {
  readonly size: Range;
  readonly type: CelType;
  /** Of the items of a list; undefined where it is none. */
  readonly itemSize: Range | undefined;
}

export interface CallEstimate {
  readonly cost: Range;
  readonly size?: Range;
}

export interface Operands {
  /** Of member calls. */
  readonly target: Operand | undefined;
  readonly args: readonly Operand[];
}

type Estimator = (target: Operand, args: readonly Operand[]) => CallEstimate | undefined;

/** A text is walked for a tenth of a unit per character, a pattern costs a quarter. */
const WALK = 0.1;
const PATTERN = 0.25;

/** An authorization check: two fit in an expression. */
const CHECK = 350_000;

export function estimateCall(name: string, { target, args }: Operands): CallEstimate | undefined {
  if (name === "check") return { cost: exactly(CHECK) };
  const [first, second] = args;
  if (target !== undefined) {
    return Object.hasOwn(MEMBERS, name) ? MEMBERS[name]?.(target, args) : undefined;
  }
  if (first === undefined) return undefined;
  if (second === undefined) {
    return Object.hasOwn(GLOBALS, name) ? GLOBALS[name]?.(first) : undefined;
  }
  const factor = Object.hasOwn(SETS, name) ? SETS[name] : undefined;
  if (factor === undefined) return undefined;
  return { cost: plus(scaled(times(first.size, second.size), factor), ONE) };
}

const SETS: Readonly<Record<string, number>> = {
  "sets.contains": 1,
  "sets.intersects": 1,
  "sets.equivalent": 2,
};

const GLOBALS: Readonly<Record<string, (arg: Operand) => CallEstimate | undefined>> = {
  url: ({ size }) => ({ cost: scaled(size, WALK) }),
  "strings.quote": ({ size: { min, max } }) => ({
    cost: scaled({ min, max }, WALK),
    size: { min: min + 2, max: max * 2 + 2 },
  }),
  bytes: ({ size, type }) =>
    type.name === "string"
      ? { cost: scaled(size, WALK), size: { min: size.min, max: size.max * 4 } }
      : undefined,
  string: ({ size, type }) =>
    type.name === "bytes"
      ? { cost: scaled(size, WALK), size: { min: Math.floor(size.min / 4), max: size.max } }
      : undefined,
};

const walkTarget: Estimator = ({ size }) => ({ cost: scaled(size, WALK), size });

const walkArgument: Estimator = (_target, [arg]) =>
  arg === undefined ? undefined : { cost: scaled(arg.size, WALK) };

/** Every item is looked at; texts among them are walked. */
const compareItems: Estimator = ({ size, itemSize, type }) => {
  if (itemSize === undefined) return { cost: scaled(size, WALK) };
  const hasTexts = ["string", "bytes"].includes(type.of?.[0]?.name ?? "");
  const each = hasTexts ? plus(ONE, scaled(itemSize, WALK)) : ONE;
  return { cost: times(size, each) };
};

const search: Estimator = ({ size }, [pattern]) => {
  if (pattern === undefined) return undefined;
  const cost = times(scaled(plus(size, ONE), WALK), scaled(pattern.size, PATTERN));
  return { cost, size: { min: 0, max: size.max } };
};

const contains: Estimator = ({ size }, [part]) =>
  part === undefined ? undefined : { cost: times(scaled(size, WALK), scaled(part.size, WALK)) };

const replace: Estimator = ({ size }, [old, next]) => {
  if (old === undefined || next === undefined) return undefined;
  const most = replaced(size.max, old.size.min, next.size.max);
  const least = replaced(size.min, old.size.max, next.size.min);
  return { cost: scaled(size, 2 * WALK), size: { min: least, max: most } };
};

/** How long a text gets; where nothing is replaced, the new text stands around each character. */
function replaced(length: number, old: number, next: number): number {
  if (old === 0) return Math.min((length + 1) * next + length, ENDLESS);
  const isLonger = next > old;
  return isLonger ? Math.min(Math.ceil(length / old) * next, ENDLESS) : length;
}

const join: Estimator = ({ size, itemSize }, [separator]) => {
  let whole = itemSize === undefined ? NONE : times(size, itemSize);
  if (separator !== undefined) {
    const between = { min: Math.max(size.min - 1, 0), max: Math.max(size.max - 1, 0) };
    whole = plus(whole, times(separator.size, between));
  }
  return { cost: scaled(whole, WALK), size: whole };
};

/** Addresses are compared byte by byte, both of them. */
const ADDRESS_BYTES: Range = { min: 4, max: 16 };
const COMPARED: Range = scaled(plus(ADDRESS_BYTES, ADDRESS_BYTES), WALK);

function parsed(arg: Operand | undefined): Range {
  return arg?.type.name === "string" ? scaled(arg.size, WALK) : NONE;
}

const MEMBERS: Readonly<Record<string, Estimator>> = {
  isSorted: compareItems,
  sum: compareItems,
  max: compareItems,
  min: compareItems,
  indexOf: compareItems,
  lastIndexOf: compareItems,
  lowerAscii: walkTarget,
  upperAscii: walkTarget,
  substring: walkTarget,
  trim: walkTarget,
  format: ({ size }) => ({ cost: scaled(size, WALK) }),
  startsWith: walkArgument,
  endsWith: walkArgument,
  contains,
  matches: (target, args) => {
    const found = search(target, args);
    return found === undefined ? undefined : { cost: found.cost };
  },
  find: search,
  findAll: search,
  replace,
  split: ({ size }) => ({ cost: scaled(size, 2 * WALK), size: { min: 0, max: size.max } }),
  join,
  containsIP: (_target, [other]) => ({ cost: plus(COMPARED, parsed(other)) }),
  containsCIDR: (_target, [other]) => ({
    cost: plus(COMPARED, scaled(ADDRESS_BYTES, WALK), ONE, parsed(other)),
  }),
};
