/** One CEL expression of a configuration file. In: text and a name. Out: a function of a value. */
import { compile } from "@rktnetes/api/cel/compile";
import { Meter, rootScope } from "@rktnetes/api/cel/evaluate";
import { DYN } from "@rktnetes/api/cel/types";
import { CelError, fromJson, toJson } from "@rktnetes/api/cel/values";
import type { Json } from "@rktnetes/api/schema";
import { Fault } from "@shared/base";
import { wrong } from "./config-file.ts";

/** What an expression may cost. */
const BUDGET = 10_000_000;

/** @throws {Fault} "invalid" for an expression that has no value */
export type Evaluate = (value: Json) => Json;

/** `name` is what the expression calls its value. @throws {Fault} "invalid" */
export function readExpression(
  text: string,
  path: string,
  name: string,
  wanted: readonly string[] = [],
): Evaluate {
  const compilation = compile(text, new Map([[name, DYN]]), wanted);
  if (!compilation.ok) throw wrong(path, `Invalid value: ${compilation.error}`);
  const { run } = compilation.compiled;
  return (value) => {
    try {
      return toJson(run(rootScope({ [name]: () => fromJson(value) }, new Meter(BUDGET))));
    } catch (error) {
      if (!(error instanceof CelError)) throw error;
      throw new Fault("invalid", `expression '${text}' resulted in error: ${error.message}`);
    }
  };
}
