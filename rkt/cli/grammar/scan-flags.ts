/**
 * Reads flags off the front of an argument vector, with the spellings and the messages of Go's
 * pflag. Texts become values here; what they mean together is the command's business.
 */
import { describeFault, Fault, quote } from "@shared/base";
import type { Flag } from "./flag.ts";

/** Finds flags by name and takes their texts. */
export interface FlagSink {
  find(name: string): Flag<unknown> | undefined;
  findShorthand(letter: string): Flag<unknown> | undefined;
  /** @throws {Fault} "invalid" */
  take(flag: Flag<unknown>, text: string): void;
}

/**
 * Takes flags from `argv[at]` on until the first word that is none. Returns the index of that word;
 * a lone "--" is not taken. @throws {Fault} "invalid"
 */
export function scanFlags(sink: FlagSink, argv: readonly string[], at: number): number {
  for (let index = at; ; ) {
    const word = argv[index];
    if (word === undefined || word === "--" || word === "-" || !word.startsWith("-")) return index;
    const next = argv[index + 1];
    const took = word.startsWith("--") ? scanLong(sink, word, next) : scanShort(sink, word, next);
    index += took;
  }
}

/** Reads `--name`, `--name=value` or `--name value`; returns how many words it took. */
function scanLong(sink: FlagSink, word: string, next: string | undefined): number {
  const [, name = "", value] = /^--([^=]*)(?:=(.*))?$/s.exec(word) ?? [];
  if (name === "" || name.startsWith("-")) throw new Fault("invalid", `bad flag syntax: ${word}`);
  const flag = sink.find(name);
  if (flag === undefined) throw new Fault("invalid", `unknown flag: --${name}`);
  const text = value ?? flag.bare ?? next;
  if (text === undefined) throw new Fault("invalid", `flag needs an argument: --${name}`);
  take({ sink, flag, text, spelling: value === undefined ? `--${name}` : word });
  return value === undefined && flag.bare === undefined ? 2 : 1;
}

/** Reads `-a`, `-abc`, `-avalue`, `-a=value` or `-a value`; returns how many words it took. */
function scanShort(sink: FlagSink, word: string, next: string | undefined): number {
  for (let at = 1; at < word.length; at++) {
    const letter = word[at] ?? "";
    const flag = sink.findShorthand(letter);
    const where = `'${letter}' in -${word.slice(at)}`;
    if (flag === undefined) throw new Fault("invalid", `unknown shorthand flag: ${where}`);
    const rest = word.slice(at + 1);
    if (rest.startsWith("=") || (rest !== "" && flag.bare === undefined)) {
      take({ sink, flag, text: rest.replace(/^=/, ""), spelling: word });
      return 1;
    }
    const text = flag.bare ?? next;
    if (text === undefined) throw new Fault("invalid", `flag needs an argument: ${where}`);
    take({ sink, flag, text, spelling: word });
    if (flag.bare === undefined) return 2;
  }
  return 1;
}

interface Taking {
  readonly sink: FlagSink;
  readonly flag: Flag<unknown>;
  readonly text: string;
  readonly spelling: string;
}

/**
 * The reader's fault is joined into the message: rkt prints it on the same line, with the text that
 * was wrong.
 */
function take({ sink, flag, text, spelling }: Taking): void {
  try {
    sink.take(flag, text);
  } catch (error) {
    const fault = Fault.from(error); // a reader may look at a file, too
    if (fault.kind === "internal") throw error;
    const message = `invalid argument ${quote(text)} for ${spelling}: ${describeFault(fault)}`;
    throw new Fault("invalid", message, fault.hint === undefined ? {} : { hint: fault.hint });
  }
}
