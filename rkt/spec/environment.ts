/**
 * Variables of the environment from the command line: the values of `--set-env` and the like, and
 * the text of a `--set-env-file`, flow in; names with their values flow out, in the order given.
 * Reads no file.
 *
 * @see rkt Documentation/subcommands/run.md; rkt's kvMap and envFileMap
 */
import { Fault, quote } from "@shared/base";
import type { NameValue } from "./appc.ts";

/** One more `NAME=value` after those already given. Faults: invalid, with rkt's words. */
export function addKeyValue(given: readonly NameValue[], text: string): NameValue[] {
  const equals = text.indexOf("=");
  if (equals < 0) throw new Fault("invalid", "must be specified as key=value");
  const [name, value] = [text.slice(0, equals), text.slice(equals + 1)];
  if (given.some((pair) => pair.name === name)) {
    throw new Fault("invalid", `key ${quote(name)} already set`);
  }
  return [...given, { name, value }];
}

/**
 * The lines of an environment file: `NAME=value`, empty lines and lines that start with `#` or `;`
 * left out. Faults: invalid, with rkt's words, which name the file.
 */
export function parseEnvironmentFile(text: string, path: string): NameValue[] {
  const variables = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    if (line === "" || line.startsWith("#") || line.startsWith(";")) continue;
    const equals = line.indexOf("=");
    if (equals <= 0) {
      const wanted = "environment variable must be specified as name=value";
      throw new Fault("invalid", `${wanted} (file ${quote(path)})`);
    }
    const name = line.slice(0, equals);
    if (variables.has(name)) {
      const problem = `environment variable ${quote(name)} already set`;
      throw new Fault("invalid", `${problem} (file ${quote(path)})`);
    }
    variables.set(name, line.slice(equals + 1));
  }
  return [...variables].map(([name, value]) => ({ name, value }));
}
