/**
 * The flow of `rkt`: an argument vector becomes a call, the call runs its command, a fault becomes
 * one line on standard error. Out: the exit status. Never prints a stack.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { describeFault, Fault } from "@shared/base";
import { debug, dir, GLOBAL_FLAGS, localConfig, systemConfig, userConfig } from "./flags/global.ts";
import type { CommandEntry } from "./grammar/command.ts";
import { findCommand, type FoundCommand } from "./grammar/find-command.ts";
import { commandHelp, groupHelp, rootHelp } from "./grammar/help.ts";
import { type FlagValues, readBoolean } from "./grammar/flag.ts";
import { parseCall, parseGlobal } from "./grammar/parse-call.ts";
import { UsageFault } from "./grammar/usage-fault.ts";
import type { Program } from "./grammar/program.ts";
import { type Host, openHost } from "./host.ts";
import { printFault } from "./output/fault-lines.ts";
import { RKT } from "./table.ts";

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

/** Runs one command line of rkt, or of another program, and returns the exit status. */
export async function runCommandLine(
  host: Host,
  argv: readonly string[],
  whole: Program = RKT,
): Promise<number> {
  const program = withoutExperiments(whole, host.environment);
  try {
    const found = findCommand(program, GLOBAL_FLAGS, argv);
    if (found.entry === undefined) return answerGroup(host, program, found);
    if (found.entry.path[0] === "help") return await answerHelp(host, program, found.argv);
    return await runCommand(host, program, found.entry, found.argv);
  } catch (error) {
    return printUnknownCommand(host, program, error);
  }
}

/** A command that is an experiment is there for those who ask for it. */
function withoutExperiments(program: Program, environment: Host["environment"]): Program {
  const isOn = ({ experiment }: CommandEntry): boolean =>
    experiment === undefined || isTrue(environment[experiment] ?? "");
  return { ...program, commands: program.commands.filter(isOn) };
}

function isTrue(text: string): boolean {
  try {
    return readBoolean(text);
  } catch {
    return false; // rkt too takes other words for no
  }
}

/** Runs one command; an app's own status is never mapped. */
export async function runCommand(
  host: Host,
  program: Pick<Program, "name" | "failureStatus"> & Partial<Pick<Program, "commands">>,
  entry: CommandEntry,
  argv: readonly string[],
): Promise<number> {
  const name = entry.path.at(-1) ?? "rkt";
  const command = await entry.load();
  let inDebug = argv.includes("--debug");
  try {
    const parsed = parseCall(name, command, argv);
    if (parsed === "help") return printHelp(host, commandHelp(program, entry, command));
    inDebug = parsed.call.flags.get(debug);
    if (command.needsRoot === true) refuseOthersThanRoot();
    await useSiteDataDirectory(parsed.call.flags);
    const status = await command.run(host, parsed.call, program.commands ?? []);
    if (status !== "usage") return status;
    host.print(commandHelp(program, entry, command));
  } catch (error) {
    if (error instanceof UsageFault)
      printUsageFault(host, commandHelp(program, entry, command), error);
    else printFault(host, error, { name, debug: inDebug });
  }
  return command.failureStatus ?? program.failureStatus;
}

/** `paths.d` may name the data directory; most sites have none, and nothing is loaded then. */
async function useSiteDataDirectory(flags: FlagValues): Promise<void> {
  const roots = [systemConfig, localConfig, userConfig].map((flag) => flags.get(flag));
  if (flags.given(dir) || !roots.some((root) => root !== "" && existsSync(join(root, "paths.d")))) {
    return;
  }
  const { siteDirectories } = await import("./flags/site-directories.ts");
  const { data } = siteDirectories(flags);
  if (data !== "") flags.add(dir, data);
}

/**
 * rkt alone is a mistake (status 2); a group alone, such as `rkt image`, is answered with its help.
 */
function answerGroup(host: Host, program: Program, found: FoundCommand): number {
  const group = found.path[0];
  const text = (asked: boolean): string =>
    group === undefined ? rootHelp(program, asked) : groupHelp(program, group, asked);
  try {
    const asked = parseGlobal(found.argv);
    if (asked.help || group !== undefined) return printHelp(host, text(asked.help));
    host.print(text(false));
    host.note(`${program.name}: missing command`);
    return 2;
  } catch (error) {
    if (!(error instanceof UsageFault)) throw error;
    printUsageFault(host, text(true), error);
    return program.failureStatus;
  }
}

/** `rkt help [command]`; words that follow a command's name are ignored, as in rkt. */
async function answerHelp(host: Host, program: Program, argv: readonly string[]): Promise<number> {
  const words = argv.filter((word) => !word.startsWith("-"));
  const found = findTopic(program, words);
  if (found === undefined) {
    host.print(rootHelp(program, true));
    host.note(`Unknown help topic [${words.map((word) => `\`${word}\``).join(" ")}].`);
    return 0;
  }
  if (found.entry !== undefined) {
    return printHelp(host, commandHelp(program, found.entry, await found.entry.load()));
  }
  const group = found.path[0];
  return printHelp(
    host,
    group === undefined ? rootHelp(program, true) : groupHelp(program, group, true),
  );
}

function findTopic(program: Program, words: readonly string[]): FoundCommand | undefined {
  try {
    return findCommand(program, GLOBAL_FLAGS, words);
  } catch (error) {
    if (error instanceof Fault && error.kind === "invalid") return undefined;
    throw error;
  }
}

function printHelp(host: Host, text: string): number {
  host.print(text);
  return 0;
}

function printUsageFault(host: Host, usage: string, fault: UsageFault): void {
  host.print(usage);
  host.note(`Error: ${describeFault(fault)}`);
  host.note(fault.hint === undefined ? "" : `hint: ${fault.hint}`);
}

function printUnknownCommand(host: Host, program: Program, error: unknown): number {
  const { name, failureStatus } = program;
  if (!(error instanceof Fault) || error.kind !== "invalid") {
    printFault(host, error, { name, debug: false });
    return failureStatus;
  }
  host.note(`Error: ${error.message}`);
  host.note(`Run '${name} --help' for usage.`);
  return failureStatus;
}

function refuseOthersThanRoot(): void {
  if (process.geteuid?.() === 0) return;
  throw new Fault("denied", "cannot run as unprivileged user", {
    hint: "run it as root, for example with sudo",
  });
}
