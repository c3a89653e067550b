/**
 * The flow of `rktnetes`: the first words name a command, the command runs, a fault becomes one
 * line on standard error. Out: the exit status. Never prints a stack.
 */
import process from "node:process";
import { describeFault, Fault, hintOf } from "@shared/base";

/** One command: it is loaded when it is asked for. */
export interface Command {
  /** What follows the program's name: `server`. */
  readonly name: string;
  readonly summary: string;
  readonly load: () => Promise<(argv: readonly string[]) => Promise<number>>;
}

const COMMANDS: readonly Command[] = [
  {
    name: "server",
    summary: "runs the control plane",
    load: async () => (await import("./cluster/server.ts")).server,
  },
  {
    name: "store",
    summary: "takes, restores, verifies and moves what a cluster has stored",
    load: async () => (await import("./store/store.ts")).store,
  },
];

const FAILURE = 1;

/** Runs one command line of rktnetes; never throws. */
export async function rktnetesMain(argv: readonly string[]): Promise<number> {
  try {
    const [name = "", ...rest] = argv;
    if (name === "" || name === "help" || name === "--help" || name === "-h") {
      process.stdout.write(help());
      return name === "" ? FAILURE : 0;
    }
    const command = COMMANDS.find((each) => each.name === name);
    if (command === undefined) throw unknownCommand(name);
    return await (await command.load())(rest);
  } catch (error) {
    const hint = hintOf(error);
    process.stderr.write(`rktnetes: ${describeFault(error)}\n`);
    if (hint !== undefined) process.stderr.write(`hint: ${hint}\n`);
    return FAILURE;
  }
}

function unknownCommand(name: string): Fault {
  const hint = 'see "rktnetes help" for what there is';
  return new Fault("invalid", `unknown command ${JSON.stringify(name)}`, { hint });
}

function help(): string {
  const lines = COMMANDS.map(({ name, summary }) => `  ${name.padEnd(10)} ${summary}`);
  const usage = "usage: rktnetes COMMAND [flags]\n\nCommands:\n";
  return `${usage}${lines.join("\n")}\n\nrktnetes COMMAND --help shows its flags.\n`;
}
