/**
 * `npm run check`: types, lint, dead code, format and tidy, side by side.
 *
 * In: the repository. Out: each failure whole, then one line; exit status 1 if anything failed.
 * `sh tools/bun tools/check.ts lint tidy` runs only those.
 */
import { CHECKS, printFailure, run, TIDY } from "./check/checks.ts";

const startNs = Bun.nanoseconds();
const wanted = process.argv.slice(2);
const checks = [...CHECKS, TIDY].filter(({ name }) => wanted.length === 0 || wanted.includes(name));
const verdicts = await Promise.all(checks.map(run));
for (const verdict of verdicts) printFailure(verdict);

const names = (passed: boolean): string =>
  verdicts
    .filter((verdict) => verdict.passed === passed)
    .map(({ name }) => name)
    .join(", ");
const seconds = ((Bun.nanoseconds() - startNs) / 1e9).toFixed(1);
const failed = names(false);
console.log(
  failed === ""
    ? `check: ${names(true)}: all good, in ${seconds} s`
    : `check: failed: ${failed}, in ${seconds} s`,
);
process.exitCode = failed === "" && checks.length > 0 ? 0 : 1;
