/**
 * The executable's entry: chooses the program by the name under which it was started, and hands the rest of the command
 * line to it. Everything is loaded when it is needed. Never prints a stack.
 */
import process from "node:process";
import { basename } from "node:path";

const FAILURE = 254;

/** Bun's own variables would change how this executable, started again as a child, behaves. */
function dropRuntimeVariables(): void {
  for (const name of Object.keys(process.env)) {
    if (name.startsWith("BUN_")) delete process.env[name];
  }
}

async function runProgram(name: string, argv: readonly string[]): Promise<number> {
  if (name === "rkt") return await runRkt(argv);
  if (name === "rktnetes" && argv[0] === "rkt") return await runRkt(argv.slice(1));
  console.error(`${name}: this release runs pods with "rkt" and has no cluster yet`);
  return FAILURE;
}

async function runRkt(argv: readonly string[]): Promise<number> {
  const { rktMain } = await import("@rkt/cli/main");
  return await rktMain({ argv, environment: process.env, self: [process.execPath, "rkt"] });
}

async function main(): Promise<never> {
  dropRuntimeVariables();
  const name = basename(process.argv0);
  try {
    process.exit(await runProgram(name, process.argv.slice(2)));
  } catch (error) {
    const { describeFault } = await import("@shared/base");
    console.error(`${name}: ${describeFault(error)}`);
    process.exit(FAILURE);
  }
}

await main();
