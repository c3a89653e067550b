/**
 * `npm run build`: one executable, `dist/rktnetes`, with `dist/rkt`, `dist/kubectl`,
 * `dist/docker2aci` and `dist/acbuild` as further names.
 *
 * In: app/main.ts and all it imports. Out: the files in dist/, one line with size and time. Never
 * builds what is already built from the same inputs, so tests call it freely; never leaves half a
 * file.
 */
import {
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";
import { bundleOptions } from "./bundle.ts";
import { hashInputs } from "./inputs.ts";

const ROOT = join(import.meta.dir, "../..");
const DIST = join(ROOT, "dist");
const EXECUTABLE = join(DIST, "rktnetes");
const STAMP = join(DIST, ".inputs");
const FURTHER_NAMES = ["rkt", "kubectl", "docker2aci", "acbuild"];

/**
 * The four autoload switches keep a `.env` or `bunfig.toml` of the current directory from being
 * read, or run, by root. The policy keeps code that runs once from being compiled to machine code:
 * that costs a start 4 ms of 30. app/main.ts ends it.
 */
const EXECUTABLE_OPTIONS = {
  autoloadDotenv: false,
  autoloadBunfig: false,
  autoloadTsconfig: false,
  autoloadPackageJson: false,
  jitPolicy: 20,
} as const;

/** Makes dist/ up to date. Says what it did on one line of stderr; silent when nothing changed. */
async function build(): Promise<void> {
  const inputs = hashInputs(ROOT);
  if (isBuiltFrom(inputs)) return;
  const startNs = Bun.nanoseconds();
  mkdirSync(DIST, { recursive: true });
  rmSync(STAMP, { force: true });
  await compile();
  for (const name of FURTHER_NAMES) await link(name);
  await replace(STAMP, (path) => writeFileSync(path, inputs));
  const seconds = ((Bun.nanoseconds() - startNs) / 1e9).toFixed(1);
  const megabytes = (statSync(EXECUTABLE).size / 1e6).toFixed(1);
  console.error(`build: dist/rktnetes, ${megabytes} MB, in ${seconds} s`);
}

function isBuiltFrom(inputs: string): boolean {
  try {
    for (const name of ["rktnetes", ...FURTHER_NAMES]) statSync(join(DIST, name));
    return readFileSync(STAMP, "utf8") === inputs;
  } catch {
    return false; // not built yet, or not wholly
  }
}

/**
 * Bytecode saves the parsing. An entry beside 1 MB of lazy code starts in 10 ms with bytecode and
 * splitting, in 24 ms with neither.
 */
async function compile(): Promise<void> {
  await replace(EXECUTABLE, async (outfile) => {
    await Bun.build({
      ...bundleOptions(ROOT),
      minify: true,
      bytecode: true,
      compile: { ...EXECUTABLE_OPTIONS, outfile },
    });
  });
}

async function link(name: string): Promise<void> {
  await replace(join(DIST, name), (path) => symlinkSync("rktnetes", path));
}

/**
 * Lets `make` write in a directory of our own, then puts the result in place in one step: others
 * may be running the old one. The base name stays, because it becomes part of the executable.
 */
async function replace(
  path: string,
  make: (temporary: string) => void | Promise<void>,
): Promise<void> {
  const workspace = join(DIST, `.build-${process.pid}`);
  const temporary = join(workspace, basename(path));
  rmSync(workspace, { recursive: true, force: true });
  mkdirSync(workspace);
  try {
    await make(temporary);
    renameSync(temporary, path);
  } finally {
    rmSync(workspace, { recursive: true, force: true });
  }
}

if (import.meta.main) {
  try {
    await build();
  } catch (thrown) {
    console.error(thrown instanceof AggregateError ? thrown.errors.join("\n") : String(thrown));
    process.exitCode = 1;
  }
}
