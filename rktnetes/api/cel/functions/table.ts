/** All functions by name; the target of `a.f(b)` is the first argument. */
import { CelError, type CelValue, typeName } from "../values.ts";
import { ADDRESS_FUNCTIONS } from "./address.ts";
import { ARITHMETIC } from "./arithmetic.ts";
import { AUTHORIZER_FUNCTIONS } from "./authorizer.ts";
import { COLLECTION_FUNCTIONS } from "./collections.ts";
import { CONVERSIONS } from "./conversions.ts";
import { FORMAT_FUNCTIONS } from "./formats.ts";
import type { CelFunction, Library, PartialFunction } from "./library.ts";
import { MATH_FUNCTIONS } from "./math.ts";
import { QUANTITY_FUNCTIONS } from "./quantity.ts";
import { SEMVER_FUNCTIONS } from "./semver.ts";
import { STRING_FUNCTIONS } from "./strings.ts";
import { TIME_FUNCTIONS } from "./time.ts";
import { URL_FUNCTIONS } from "./url.ts";

const LIBRARIES: readonly Library[] = [
  ARITHMETIC,
  COLLECTION_FUNCTIONS,
  CONVERSIONS,
  STRING_FUNCTIONS,
  TIME_FUNCTIONS,
  MATH_FUNCTIONS,
  QUANTITY_FUNCTIONS,
  ADDRESS_FUNCTIONS,
  URL_FUNCTIONS,
  FORMAT_FUNCTIONS,
  SEMVER_FUNCTIONS,
  AUTHORIZER_FUNCTIONS,
];

export const FUNCTIONS: ReadonlyMap<string, CelFunction> = joined();

function joined(): ReadonlyMap<string, CelFunction> {
  const all = new Map<string, PartialFunction[]>();
  for (const library of LIBRARIES) {
    for (const [name, run] of Object.entries(library)) {
      all.set(name, [...(all.get(name) ?? []), run]);
    }
  }
  const out = new Map<string, CelFunction>();
  for (const [name, overloads] of all) {
    out.set(name, (args) => {
      for (const run of overloads) {
        const value = run(args);
        if (value !== undefined) return value;
      }
      throw overloadError(name, args);
    });
  }
  return out;
}

export function overloadError(name: string, args: readonly CelValue[]): CelError {
  const types = args.map(typeName).join(", ");
  return new CelError(`no such overload: ${name}(${types})`);
}
