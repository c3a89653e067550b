/**
 * `npm test`: build, checks, unit tests, tidy, then the tests that drive the executable.
 *
 * In: the repository, set up. Out: everything the tests print, the skipped ones again by name, and
 * as the last line `N passed, N failed, N skipped`, a check counting as one test. Exit status 0
 * only if nothing failed.
 */
import { CHECKS, printFailure, run } from "./check/checks.ts";
import { runSuite, type SuiteResult } from "./test/suite.ts";
import { formatTally, sum, type Tally, tallyOfStep } from "./test/tally.ts";

const BUILD = { name: "build", command: [process.execPath, "tools/build/build.ts"] };
const UNIT = ["shared", "rkt", "rktnetes", "app", "tools", "bench"];
const FROM_OUTSIDE = ["e2e"];

function title(text: string): void {
  console.log(`\n== ${text}`);
}

async function build(): Promise<Tally> {
  title("build");
  const verdict = await run(BUILD);
  console.log(verdict.passed ? verdict.output || "nothing has changed" : "failed");
  printFailure(verdict);
  return tallyOfStep(verdict.passed);
}

async function check(): Promise<Tally> {
  title("checks");
  const verdicts = await Promise.all(CHECKS.map(run));
  for (const { name, passed } of verdicts) console.log(`(${passed ? "pass" : "fail"}) ${name}`);
  for (const verdict of verdicts) printFailure(verdict);
  return sum(verdicts.map(({ passed }) => tallyOfStep(passed)));
}

async function suite(name: string, folders: readonly string[]): Promise<SuiteResult> {
  title(name);
  return await runSuite(folders);
}

const NOT_BUILT: SuiteResult = {
  tally: { passed: 0, failed: 0, skipped: 1 },
  skipped: ["end to end (the executable was not built)"],
};

async function runAll(): Promise<Tally> {
  const built = await build();
  const checked = await check();
  const unit = await suite("unit tests and tidy", UNIT);
  const outside = built.failed === 0 ? await suite("end to end", FROM_OUTSIDE) : NOT_BUILT;
  const skipped = [...unit.skipped, ...outside.skipped];
  if (skipped.length > 0) title("skipped");
  for (const name of skipped) console.log(name);
  return sum([built, checked, unit.tally, outside.tally]);
}

/** Whatever breaks here counts as a failure, and the last line still comes. */
function broken(thrown: unknown): Tally {
  console.log(thrown);
  return tallyOfStep(false);
}

const total = await runAll().catch(broken);
console.log(`\n${formatTally(total)}`);
process.exitCode = total.failed === 0 ? 0 : 1;
