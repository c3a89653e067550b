/**
 * The executable's entry: chooses the program by the name under which it was started, and hands the
 * rest of the command line to it. Everything is loaded when it is needed. Never prints a stack.
 */
import process from "node:process";
import { basename } from "node:path";
import type { Start } from "@rkt/cli/main";

const FAILURE = 254;

/**
 * Where the entrypoints of stage1 images lie; the ones that come with us are links to this
 * executable.
 */
const STAGE1_ROOT = "/stage1/rootfs/";

/** The hidden first argument of the process that unpacks a layer. */
const UNPACK_LAYER = "unpack-layer";

/** The hidden first argument of the process that becomes the pod of a build's step. */
const BUILD_STEP = "acbuild-step";

/** Files of a compiled executable lie below this name. */
const EMBEDDED = "/$bunfs/";

/**
 * Bun's own variables would change how this executable behaves when it is started again as a child.
 */
function dropRuntimeVariables(): void {
  for (const name of Object.keys(process.env)) {
    if (name.startsWith("BUN_")) delete process.env[name];
  }
}

/**
 * How to start this program again: by the kernel's link to it, which stays right when the file is
 * replaced.
 */
function selfCommand(): readonly string[] {
  return Bun.main.startsWith(EMBEDDED) ? ["/proc/self/exe"] : [process.execPath, Bun.main];
}

async function runProgram(name: string, argv: readonly string[]): Promise<number> {
  if (name.includes(STAGE1_ROOT)) {
    const { stage1Main } = await import("@rkt/stage1/main");
    return await stage1Main(name, argv);
  }
  if (argv[0] === UNPACK_LAYER) {
    const { unpackChild } = await import("@rkt/image/unpack-child");
    return await unpackChild();
  }
  if (argv[0] === BUILD_STEP) {
    const { runStep } = await import("@rkt/build/step");
    return runStep(JSON.parse(argv[1] ?? "") as Parameters<typeof runStep>[0], process.env);
  }
  const program = PROGRAMS[basename(name)];
  if (program !== undefined) return await program(argv);
  if (basename(name) === "kubectl") {
    process.stderr.write("kubectl: this release has none; use one of your own\n");
    return FAILURE;
  }
  const named = PROGRAMS[argv[0] ?? ""];
  if (named !== undefined) return await named(argv.slice(1));
  const { rktnetesMain } = await import("@rktnetes/cli/main");
  return await rktnetesMain(argv);
}

type ProgramMain = (argv: readonly string[]) => Promise<number>;

/** The programs by name: the executable's own, or the first argument after another one. */
const PROGRAMS: Readonly<Record<string, ProgramMain>> = {
  rkt: async (argv) => (await import("@rkt/cli/main")).rktMain(startOf(argv)),
  acbuild: async (argv) => (await import("@rkt/cli/acbuild")).acbuildMain(startOf(argv)),
  docker2aci: async (argv) => (await import("@rkt/cli/docker2aci")).docker2aciMain(startOf(argv)),
};

function startOf(argv: readonly string[]): Start {
  return { argv, environment: process.env, self: selfCommand() };
}

/** The last resort: the runtime would print the program's own text beside the error. */
async function fail(error: unknown): Promise<never> {
  const { describeFault } = await import("@shared/base");
  process.stderr.write(`${basename(process.argv0)}: ${describeFault(error)}\n`);
  process.exit(FAILURE);
}

/** Whatever lives longer than this is worth being compiled to machine code, in ms. */
const START_MS = 100;

/** The executable starts with a policy that compiles nothing that runs once. */
function compileAfterStart(): void {
  setTimeout(() => Bun.unsafe.setJITPolicy(1), START_MS).unref();
}

async function main(): Promise<void> {
  dropRuntimeVariables();
  compileAfterStart();
  for (const event of ["uncaughtException", "unhandledRejection"]) {
    process.on(event, (error) => void fail(error));
  }
  try {
    process.exit(await runProgram(process.argv0, process.argv.slice(2)));
  } catch (error) {
    await fail(error);
  }
}

await main();
