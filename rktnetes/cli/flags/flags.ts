/**
 * Flags of commands: words become values. In: an argument vector and what a command takes. Out:
 * values by name. Pure. @throws {Fault} "invalid" with a line that names the flag
 */
import { Fault, quote } from "@shared/base";

export interface Flag {
  readonly name: string;
  /** What others call it; values are found under `name`. */
  readonly also?: string;
  /** What stands after it in help: `DIR`; absent for switches. */
  readonly value?: string;
  readonly usage: string;
  /** The default as help shows it; absent where there is none. */
  readonly initial?: string;
}

export interface FlagValues {
  /** The text given, or the default. */
  get(name: string): string | undefined;
  has(name: string): boolean;
}

export interface ParsedFlags {
  readonly flags: FlagValues;
  readonly help: boolean;
}

export function parseFlags(known: readonly Flag[], argv: readonly string[]): ParsedFlags {
  const given = new Map<string, string>();
  let help = false;
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at] ?? "";
    if (word === "--help" || word === "-h") {
      help = true;
      continue;
    }
    const [, name = "", text] = /^(?:--|-(?=v(?:=|$)))([^=]+)(?:=(.*))?$/s.exec(word) ?? [];
    if (name === "") throw new Fault("invalid", `unexpected argument ${quote(word)}`);
    const flag = known.find((each) => each.name === name || each.also === name);
    if (flag === undefined) throw new Fault("invalid", `unknown flag: --${name}`);
    const value = text ?? (flag.value === undefined ? "true" : argv[++at]);
    if (value === undefined) throw new Fault("invalid", `flag needs an argument: --${name}`);
    given.set(flag.name, value);
  }
  return { flags: valuesOf(known, given), help };
}

function valuesOf(known: readonly Flag[], given: ReadonlyMap<string, string>): FlagValues {
  return {
    get: (name) => given.get(name) ?? known.find((flag) => flag.name === name)?.initial,
    has: (name) => given.has(name),
  };
}

/** Flags that belong together, under a title. */
export interface FlagGroup {
  readonly title: string;
  readonly flags: readonly Flag[];
}

/** As `helpOf`, group by group. */
export function groupedHelpOf(groups: readonly FlagGroup[]): string {
  return groups.map(({ title, flags }) => `${title}:\n${helpOf(flags)}\n`).join("\n");
}

/** One line for each flag. */
export function helpOf(known: readonly Flag[]): string {
  const heads = known.map(
    ({ name, value }) => `--${name}${value === undefined ? "" : `=${value}`}`,
  );
  const width = Math.max(...heads.map((head) => head.length));
  const lines = known.map(({ usage, initial }, at) => {
    const shown = initial === undefined ? "" : ` (default ${initial})`;
    return `  ${(heads[at] ?? "").padEnd(width)}  ${usage}${shown}`;
  });
  return lines.join("\n");
}
