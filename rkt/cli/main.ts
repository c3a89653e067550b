/**
 * The flow of `rkt`: an argument vector becomes a call, the call runs its command, a fault becomes
 * one line on standard error. Out: the exit status. Never prints a stack.
 */
import process from "node:process";
import { describeFault, Fault } from "@shared/base";
import { debug, GLOBAL_FLAGS } from "./flags/global.ts";
import type { CommandEntry } from "./grammar/command.ts";
import { findCommand, type FoundCommand } from "./grammar/find-command.ts";
import { commandHelp, groupHelp, rootHelp } from "./grammar/help.ts";
import { parseCall, parseGlobal, UsageFault } from "./grammar/parse-call.ts";
import { type Host, openHost } from "./host.ts";
import { printFault } from "./output/fault-lines.ts";
import { COMMANDS } from "./table.ts";

/** Exit status of everything that is rkt's own failure; an app's own status is never mapped. */
const FAILURE = 254;

/**
 * What the executable's entry knows: nothing else reads the process's arguments and environment.
 */
export interface Start {
  /** Without the program's name. */
  readonly argv: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** How to start this executable again as `rkt`. */
  readonly self: readonly string[];
}

/** Runs `rkt` as this process was asked to and returns its exit status. */
export function rktMain(start: Start): Promise<number> {
  return runCommandLine(openHost(start), start.argv);
}

/** Runs one command line of rkt and returns the exit status. */
export async function runCommandLine(host: Host, argv: readonly string[]): Promise<number> {
  try {
    const found = findCommand(COMMANDS, GLOBAL_FLAGS, argv);
    if (found.entry === undefined) return answerGroup(host, found);
    if (found.entry.path[0] === "help") return await answerHelp(host, found.argv);
    return await runCommand(host, found.entry, found.argv);
  } catch (error) {
    return printUnknownCommand(host, error);
  }
}

async function runCommand(
  host: Host,
  entry: CommandEntry,
  argv: readonly string[],
): Promise<number> {
  const name = entry.path.at(-1) ?? "rkt";
  const command = await entry.load();
  let inDebug = argv.includes("--debug");
  try {
    const parsed = parseCall(name, command, argv);
    if (parsed === "help") return printHelp(host, commandHelp(entry, command));
    inDebug = parsed.call.flags.get(debug);
    if (command.needsRoot === true) refuseOthersThanRoot();
    const status = await command.run(host, parsed.call);
    if (status !== "usage") return status;
    host.print(commandHelp(entry, command));
    return FAILURE;
  } catch (error) {
    if (error instanceof UsageFault)
      return printUsageFault(host, commandHelp(entry, command), error);
    printFault(host, error, { name, debug: inDebug });
    return FAILURE;
  }
}

/**
 * rkt alone is a mistake (status 2); a group alone, such as `rkt image`, is answered with its help.
 */
function answerGroup(host: Host, found: FoundCommand): number {
  const group = found.path[0];
  const text = (asked: boolean): string =>
    group === undefined ? rootHelp(COMMANDS, asked) : groupHelp(COMMANDS, group, asked);
  try {
    const asked = parseGlobal(found.argv);
    if (asked.help || group !== undefined) return printHelp(host, text(asked.help));
    host.print(text(false));
    host.note("rkt: missing command");
    return 2;
  } catch (error) {
    if (error instanceof UsageFault) return printUsageFault(host, text(true), error);
    throw error;
  }
}

/** `rkt help [command]`; words that follow a command's name are ignored, as in rkt. */
async function answerHelp(host: Host, argv: readonly string[]): Promise<number> {
  const words = argv.filter((word) => !word.startsWith("-"));
  const found = findTopic(words);
  if (found === undefined) {
    host.print(rootHelp(COMMANDS, true));
    host.note(`Unknown help topic [${words.map((word) => `\`${word}\``).join(" ")}].`);
    return 0;
  }
  if (found.entry !== undefined) {
    return printHelp(host, commandHelp(found.entry, await found.entry.load()));
  }
  const group = found.path[0];
  return printHelp(
    host,
    group === undefined ? rootHelp(COMMANDS, true) : groupHelp(COMMANDS, group, true),
  );
}

function findTopic(words: readonly string[]): FoundCommand | undefined {
  try {
    return findCommand(COMMANDS, GLOBAL_FLAGS, words);
  } catch (error) {
    if (error instanceof Fault && error.kind === "invalid") return undefined;
    throw error;
  }
}

function printHelp(host: Host, text: string): number {
  host.print(text);
  return 0;
}

function printUsageFault(host: Host, usage: string, fault: UsageFault): number {
  host.print(usage);
  host.note(`Error: ${describeFault(fault)}`);
  host.note(fault.hint === undefined ? "" : `hint: ${fault.hint}`);
  return FAILURE;
}

function printUnknownCommand(host: Host, error: unknown): number {
  if (!(error instanceof Fault) || error.kind !== "invalid") {
    printFault(host, error, { name: "rkt", debug: false });
    return FAILURE;
  }
  host.note(`Error: ${error.message}`);
  host.note("Run 'rkt --help' for usage.");
  return FAILURE;
}

function refuseOthersThanRoot(): void {
  if (process.geteuid?.() === 0) return;
  throw new Fault("denied", "cannot run as unprivileged user", {
    hint: "run it as root, for example with sudo",
  });
}
