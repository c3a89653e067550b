/**
 * Sums of tests, read from the end of what `bun test` prints.
 *
 * In: its output and exit status. Out: passed, failed, skipped. A run that ends badly without
 * naming a failed test still counts as one failure: nothing that went wrong is lost.
 */
export interface Tally {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export function tallyOf(output: string, status: number | null): Tally {
  const count = (word: string): number => {
    const found = [...output.matchAll(new RegExp(`^ *(\\d+) ${word}$`, "gm"))].at(-1)?.[1];
    return Number(found ?? 0);
  };
  const failed = count("fail");
  return {
    passed: count("pass"),
    failed: status !== 0 && failed === 0 ? 1 : failed,
    skipped: count("skip") + count("todo"),
  };
}

export function sum(tallies: readonly Tally[]): Tally {
  return {
    passed: tallies.reduce((total, { passed }) => total + passed, 0),
    failed: tallies.reduce((total, { failed }) => total + failed, 0),
    skipped: tallies.reduce((total, { skipped }) => total + skipped, 0),
  };
}

/** One step that either went well or did not, such as a check. */
export function tallyOfStep(passed: boolean): Tally {
  return { passed: passed ? 1 : 0, failed: passed ? 0 : 1, skipped: 0 };
}

/** The last line of `npm test`. */
export function formatTally({ passed, failed, skipped }: Tally): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

/** The tests that were skipped, as `bun test` names them; the reason is part of the name. */
export function skippedNames(output: string): string[] {
  return [...output.matchAll(/^\((?:skip|todo)\) (.+?)(?: \[[\d.]+ms\])?$/gm)].map(
    (match) => match[1] ?? "",
  );
}
