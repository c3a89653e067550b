/**
 * `npm run test:vm`: the end-to-end tests of the engine where its users are, on a machine with
 * systemd as process 1 and control groups of version 2 only.
 *
 * In: the repository, set up; words that select test files by their names, such as `run.test.ts`;
 * without any, those that depend on the machine; `all`.
 * Out: what the tests print, the skipped ones again by name, and as the last line
 * `N passed, N failed, N skipped`; exit status 0 only if nothing failed. The machine is a virtual
 * one, made from Debian packages once and kept in .cache/vm; nothing else stays.
 */
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { ROOT, run } from "../check/checks.ts";
import { formatTally, skippedNames, type Tally, tallyOf, tallyOfStep } from "../test/tally.ts";
import { chooseAcceleration, type Ended, runGuest } from "./guest.ts";
import { projectDisk } from "./project-disk.ts";
import { rootImage } from "./root-image.ts";
import { selectTests } from "./select-tests.ts";

const LIMIT_MS = 90 * 60_000;

function say(line: string): void {
  console.log(`vm: ${line}`);
}

async function testInGuest(words: readonly string[]): Promise<Tally> {
  if (process.getuid?.() !== 0) throw new Error("the guest is made as root; run it with sudo");
  if (process.arch !== "x64") throw new Error(`the guest is x86_64, this machine ${process.arch}`);
  const tests = selectTests(readdirSync(join(ROOT, "e2e"), { recursive: true }), words);
  await build();
  const root = await rootImage(ROOT, say);
  const acceleration = await chooseAcceleration(root);
  using directory = runDirectory();
  const project = await projectDisk(ROOT, directory.path, tests);
  say(`${tests.length} test files, processor by ${acceleration}`);
  const options = { root, project, acceleration, directory: directory.path, limitMs: LIMIT_MS };
  const ended = await runGuest(options);
  return judge(ended);
}

async function build(): Promise<void> {
  const verdict = await run({
    name: "build",
    command: [process.execPath, "tools/build/build.ts"],
  });
  if (!verdict.passed) throw new Error(`build: ${verdict.output}`);
}

function runDirectory(): Disposable & { readonly path: string } {
  const parent = join(ROOT, ".cache/vm");
  mkdirSync(parent, { recursive: true });
  const path = mkdtempSync(join(parent, "run-"));
  const remove = (): void => rmSync(path, { recursive: true, force: true });
  // Whoever ends this process ends the guest; what it wrote goes with it.
  const end = (): never => process.exit(1);
  process.on("exit", remove).on("SIGINT", end).on("SIGTERM", end).on("SIGHUP", end);
  return { path, [Symbol.dispose]: remove };
}

/** A guest that never came to an end of its tests has failed, and shows its console. */
function judge({ status, timedOut, output, console: lines }: Ended): Tally {
  const report = Bun.stripANSI(output);
  const skipped = skippedNames(report);
  if (skipped.length > 0) console.log(`\n== skipped\n${skipped.join("\n")}`);
  if (status === undefined) {
    console.log(lines);
    say(timedOut ? `switched off after ${LIMIT_MS / 60_000} minutes` : "the guest ended early");
  }
  return tallyOf(report, status ?? null);
}

const total = await testInGuest(process.argv.slice(2)).catch((thrown: unknown) => {
  console.log(thrown instanceof Error ? thrown.message : thrown);
  return tallyOfStep(false);
});
console.log(`\n${formatTally(total)}`);
process.exitCode = total.failed === 0 ? 0 : 1;
