/**
 * The checks that need no running program: what each is called and the command that does it.
 *
 * In: the repository's root. Out: the verdict and whatever the command printed. Never changes a
 * file.
 */
import { join } from "node:path";

export interface Check {
  readonly name: string;
  readonly command: readonly string[];
}

export interface Verdict {
  readonly name: string;
  readonly passed: boolean;
  readonly output: string;
}

export const ROOT: string = join(import.meta.dir, "../..");
const BUN = process.execPath;
const program = (name: string): string => join(ROOT, "node_modules/.bin", name);

/** Kept apart from the others: `npm test` runs the same rules as tests. */
export const TIDY: Check = { name: "tidy", command: [BUN, "tools/tidy/main.ts"] };

/** Slowest first, because they start in this order. */
export const CHECKS: readonly Check[] = [
  { name: "types", command: [program("tsc"), "--noEmit", "-p", "."] },
  { name: "lint", command: [program("oxlint"), "--format=unix"] },
  { name: "dead code", command: [program("knip"), "--no-progress", "--no-config-hints"] },
  { name: "format", command: [program("biome"), "format", "--max-diagnostics=50"] },
];

export async function run({ name, command }: Check): Promise<Verdict> {
  const child = Bun.spawn([...command], { cwd: ROOT, stdout: "pipe", stderr: "pipe" });
  const [out, error, status] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { name, passed: status === 0, output: `${out}${error}`.trim() };
}

/** A failure whole, under its name; of a success nothing. */
export function printFailure({ name, passed, output }: Verdict): void {
  if (!passed) console.log(`--- ${name}\n${output}\n`);
}
