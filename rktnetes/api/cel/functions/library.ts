/** What a library of CEL is. */
import type { CelValue } from "../values.ts";

export type CelFunction = (args: readonly CelValue[]) => CelValue;

/** Undefined says that these arguments are not meant: the next library is asked. */
export type PartialFunction = (args: readonly CelValue[]) => CelValue | undefined;

/** Functions of one library. */
export type Library = Readonly<Record<string, PartialFunction>>;
