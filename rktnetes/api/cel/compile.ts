/**
 * The text of an expression becomes something that can be asked. In: text, the types of variables,
 * the type that is wanted. Out: a program, or what is wrong in CEL's words.
 */
import type { Expr } from "./ast.ts";
import { check, CheckFault, type Types } from "./check.ts";
import { type Program, program } from "./evaluate.ts";
import { SyntaxFault } from "./lexer.ts";
import { parse } from "./parser.ts";
import { type CelType, typeText } from "./types.ts";

export interface Compiled {
  readonly run: Program;
  readonly type: CelType;
  readonly expr: Expr;
}

export type Compilation =
  | { readonly ok: true; readonly compiled: Compiled }
  | { readonly ok: false; readonly error: string };

/** `wanted` are the names of types that the expression may have; any without them. */
export function compile(text: string, types: Types, wanted: readonly string[] = []): Compilation {
  try {
    const expr = parse(text);
    const type = check(expr, types);
    if (wanted.length > 0 && !wanted.includes(type.name) && type.name !== "dyn") {
      return { ok: false, error: mismatch(wanted, type) };
    }
    const run = program(expr, new Set(types.keys()));
    return { ok: true, compiled: { run, type, expr } };
  } catch (error) {
    if (!(error instanceof SyntaxFault) && !(error instanceof CheckFault)) throw error;
    return { ok: false, error: `compilation failed: ${pointed(text, error)}` };
  }
}

function mismatch(wanted: readonly string[], type: CelType): string {
  const [only = ""] = wanted;
  if (wanted.length === 1) return `must evaluate to ${only} but got ${typeText(type)}`;
  const names = wanted.map((name) => (name === "null" ? "null_type" : name)).join(" ");
  return `must evaluate to one of [${names}] but got ${typeText(type)}`;
}

/** The message, the line that it is about, and a mark below the place. */
function pointed(text: string, { message, at }: SyntaxFault | CheckFault): string {
  const before = text.slice(0, at).split("\n");
  const row = before.length;
  const column = [...(before.at(-1) ?? "")].length;
  const line = (text.split("\n")[row - 1] ?? "").replaceAll("\t", " ");
  const mark = `${".".repeat(column)}^`;
  return `ERROR: <input>:${row}:${column + 1}: ${message}\n | ${line}\n | ${mark}`;
}
