/**
 * Regular expressions as Go reads them: RE2, linear in time whatever a client sends. In: a pattern.
 * Out: a compiled one, made once. Loaded only by what judges custom kinds and CEL.
 *
 * @see https://github.com/google/re2/wiki/Syntax
 */
import { RE2JS } from "re2js";
import { Fault } from "@shared/base";

/** A compiled pattern. */
export interface GoRegexp {
  /** True when the pattern is found anywhere in the text. */
  test(text: string): boolean;
  readonly re2: RE2JS;
}

const CACHE_MAX = 1000;
const compiled = new Map<string, GoRegexp>();

/** @throws {Fault} invalid, in Go's words */
export function goRegexp(pattern: string): GoRegexp {
  const known = compiled.get(pattern);
  if (known !== undefined) return known;
  let re2: RE2JS;
  try {
    re2 = RE2JS.compile(pattern);
  } catch (error) {
    throw new Fault("invalid", error instanceof Error ? error.message : String(error));
  }
  const made = { test: (text: string): boolean => re2.matcher(text).find(), re2 };
  if (compiled.size >= CACHE_MAX) compiled.clear();
  compiled.set(pattern, made);
  return made;
}
