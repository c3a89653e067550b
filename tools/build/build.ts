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
import { hashInputs } from "./inputs.ts";

const ROOT = join(import.meta.dir, "../..");
const ENTRY = "app/main.ts";
const DIST = join(ROOT, "dist");
const EXECUTABLE = join(DIST, "rktnetes");
const STAMP = join(DIST, ".inputs");
const FURTHER_NAMES = ["rkt", "kubectl", "docker2aci", "acbuild"];

/**
 * Splitting keeps the code of each command in a chunk of its own, read when it is imported;
 * bytecode saves the parsing. An entry beside 1 MB of lazy code starts in 10 ms with both, in 24 ms
 * with neither. The four autoload switches keep a `.env` or `bunfig.toml` of the current directory
 * from being read, or run, by root.
 */
const FLAGS = [
  "--compile",
  "--minify",
  "--bytecode",
  "--splitting",
  "--format=esm",
  "--no-compile-autoload-dotenv",
  "--no-compile-autoload-bunfig",
  "--no-compile-autoload-tsconfig",
  "--no-compile-autoload-package-json",
];

/** Makes dist/ up to date. Says what it did on one line of stderr; silent when nothing changed. */
function build(): void {
  const inputs = hashInputs(ROOT);
  if (isBuiltFrom(inputs)) return;
  const startNs = Bun.nanoseconds();
  mkdirSync(DIST, { recursive: true });
  rmSync(STAMP, { force: true });
  compile();
  for (const name of FURTHER_NAMES) link(name);
  replace(STAMP, (path) => writeFileSync(path, inputs));
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

function compile(): void {
  replace(EXECUTABLE, (path) => {
    const command = [process.execPath, "build", ENTRY, ...FLAGS, `--outfile=${path}`];
    const done = Bun.spawnSync(command, { cwd: ROOT, stdout: "pipe", stderr: "pipe" });
    if (done.exitCode === 0) return;
    process.stderr.write(done.stdout);
    process.stderr.write(done.stderr);
    throw new Error(`build ${ENTRY}: bun ended with status ${done.exitCode}`);
  });
}

function link(name: string): void {
  replace(join(DIST, name), (path) => symlinkSync("rktnetes", path));
}

/**
 * Lets `make` write in a directory of our own, then puts the result in place in one step: others
 * may be running the old one. The base name stays, because it becomes part of the executable.
 */
function replace(path: string, make: (temporary: string) => void): void {
  const workspace = join(DIST, `.build-${process.pid}`);
  const temporary = join(workspace, basename(path));
  rmSync(workspace, { recursive: true, force: true });
  mkdirSync(workspace);
  try {
    make(temporary);
    renameSync(temporary, path);
  } finally {
    rmSync(workspace, { recursive: true, force: true });
  }
}

if (import.meta.main) {
  try {
    build();
  } catch (thrown) {
    console.error(thrown instanceof Error ? thrown.message : String(thrown));
    process.exitCode = 1;
  }
}
