/** Ranges of sizes and costs: what at least and at most is to be expected. They never overflow. */

export interface Range {
  readonly min: number;
  readonly max: number;
}

/** As far as CEL counts. */
export const ENDLESS: number = 2 ** 64;

export const UNKNOWN: Range = { min: 0, max: ENDLESS };
export const NONE: Range = { min: 0, max: 0 };
export const ONE: Range = { min: 1, max: 1 };

export function exactly(value: number): Range {
  return { min: value, max: value };
}

export function plus(...ranges: readonly Range[]): Range {
  return {
    min: capped(ranges.reduce((sum, { min }) => sum + min, 0)),
    max: capped(ranges.reduce((sum, { max }) => sum + max, 0)),
  };
}

export function times(left: Range, right: Range): Range {
  return { min: capped(left.min * right.min), max: capped(left.max * right.max) };
}

/** Rounded up. */
export function scaled({ min, max }: Range, factor: number): Range {
  return { min: capped(Math.ceil(min * factor)), max: capped(Math.ceil(max * factor)) };
}

/** The range that has both. */
export function either(left: Range, right: Range): Range {
  return { min: Math.min(left.min, right.min), max: Math.max(left.max, right.max) };
}

function capped(value: number): number {
  return Math.min(value, ENDLESS);
}
