/**
 * An argument vector, without the words of the command, becomes a call. Pure but for what flag
 * readers look at.
 */
import { Fault } from "@shared/base";
import { GLOBAL_FLAGS, help } from "../flags/global.ts";
import { type AppArguments, ImageSink, parseImages } from "./app-arguments.ts";
import type { Call, Command } from "./command.ts";
import { type Flag, FlagValues } from "./flag.ts";
import { type FlagSink, scanFlags } from "./scan-flags.ts";
import { UsageFault } from "./usage-fault.ts";

/** What came of parsing: a call, or the wish for help. */
export type Parsed = { readonly call: Call } | "help";

/** Parses what follows the name of a command. @throws {UsageFault} @throws {Fault} "invalid" */
export function parseCall(name: string, command: Command, argv: readonly string[]): Parsed {
  const flags = new FlagValues();
  const sink = flagSink([...command.flags, ...GLOBAL_FLAGS, help], flags);
  if (command.grammar === "images") return parseImageCall(name, command, { flags, sink, argv });
  const args = asUsage(() => scanAll(sink, argv, command.grammar));
  return flags.get(help) ? "help" : { call: { name, flags, args, apps: [] } };
}

/** Parses a vector without a command: only global flags may stand in it. @throws {UsageFault} */
export function parseGlobal(argv: readonly string[]): { help: boolean; flags: FlagValues } {
  const flags = new FlagValues();
  const sink = flagSink([...GLOBAL_FLAGS, help], flags);
  asUsage(() => scanAll(sink, argv, "anywhere"));
  return { help: flags.get(help), flags };
}

interface ImageCall {
  readonly flags: FlagValues;
  readonly sink: FlagSink;
  readonly argv: readonly string[];
}

/**
 * Flags before the first image are the command's; what is wrong after it is the images' fault, as
 * in rkt.
 */
function parseImageCall(name: string, command: Command, given: ImageCall): Parsed {
  const { flags, argv } = given;
  const sink = new ImageSink(given.sink);
  const first = asUsage(() => scanFlags(sink, argv, 0));
  if (flags.get(help)) return "help";
  const at = argv[first] === "--" ? first + 1 : first;
  const appArguments = command.appArguments === true;
  const apps = asImageFault(() => parseImages(sink, argv, { at, appArguments }));
  return flags.get(help) ? "help" : { call: { name, flags, args: [], apps } };
}

function scanAll(sink: FlagSink, argv: readonly string[], grammar: Command["grammar"]): string[] {
  const args: string[] = [];
  for (let at = 0; ; ) {
    at = scanFlags(sink, argv, at);
    const word = argv[at];
    if (word === undefined) return args;
    if (word === "--") return [...args, ...argv.slice(at + 1)];
    if (grammar === "first") return [...args, ...argv.slice(at)];
    args.push(word);
    at++;
  }
}

function flagSink(known: readonly Flag<unknown>[], values: FlagValues): FlagSink {
  return {
    find: (name) => known.find((flag) => flag.name === name),
    findShorthand: (letter) => known.find((flag) => flag.shorthand === letter),
    take: (flag, text) => values.add(flag, text),
  };
}

function asUsage<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof Fault) || error.kind !== "invalid") throw error;
    throw new UsageFault(error.kind, error.message, optionalHint(error));
  }
}

function asImageFault(parse: () => readonly AppArguments[]): readonly AppArguments[] {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof Fault) || error.kind !== "invalid") throw error;
    throw new Fault("invalid", "error parsing app image arguments", { cause: error });
  }
}

function optionalHint(fault: Fault): { hint?: string } {
  return fault.hint === undefined ? {} : { hint: fault.hint };
}
