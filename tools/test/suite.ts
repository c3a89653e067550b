/**
 * One run of `bun test` over some folders, in one process, printed as it goes.
 *
 * In: folders. Out: its sums and the names of skipped tests. Never runs where there is no test
 * file: bun would call that a failure.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../check/checks.ts";
import { skippedNames, type Tally, tallyOf } from "./tally.ts";

export interface SuiteResult {
  readonly tally: Tally;
  readonly skipped: readonly string[];
}

/** For a test that says nothing of its own; a busy machine needs several seconds for some. */
const TIMEOUT_MS = 60_000;

export async function runSuite(folders: readonly string[]): Promise<SuiteResult> {
  const present = folders.filter(hasTests).map((folder) => `./${folder}`);
  if (present.length === 0) return { tally: { passed: 0, failed: 0, skipped: 0 }, skipped: [] };
  const child = Bun.spawn([process.execPath, "test", `--timeout=${TIMEOUT_MS}`, ...present], {
    cwd: ROOT,
    env: testEnvironment(),
    stdout: "pipe",
    stderr: "pipe",
  });
  const [, report] = await Promise.all([pass(child.stdout), pass(child.stderr)]);
  const status = await child.exited;
  const output = Bun.stripANSI(report);
  return { tally: tallyOf(output, status), skipped: skippedNames(output) };
}

const KEPT = /^(PATH|HOME|USER|LANG|LC_\w+|TERM|TZ|TMPDIR|CI|\w+_proxy|\w+_PROXY)$/;

/**
 * The same for everyone: what else a shell exports changes neither a test nor how bun reports it.
 */
function testEnvironment(): Record<string, string | undefined> {
  const kept = Object.entries(process.env).filter(([name]) => KEPT.test(name));
  return { ...Object.fromEntries(kept), ...(process.stdout.isTTY ? { FORCE_COLOR: "1" } : {}) };
}

/**
 * Bun reports on stderr, the tests print on stdout: both go to our stdout, in the order they come.
 */
async function pass(stream: ReadableStream<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of stream) {
    process.stdout.write(chunk);
    text += decoder.decode(chunk, { stream: true });
  }
  return text;
}

function hasTests(folder: string): boolean {
  if (!existsSync(join(ROOT, folder))) return false;
  const files = [...new Bun.Glob("**/*.test.ts").scanSync({ cwd: join(ROOT, folder) })];
  return files.some((path) => !path.includes("node_modules/"));
}
