/**
 * Which test files go into the guest. In: the files of e2e/ and the words of the command line; out:
 * paths for `bun test`. Pure.
 */

/** @throws {Error} for a word that no test file has in its path */
export function selectTests(
  files: readonly (string | Buffer)[],
  words: readonly string[],
): string[] {
  const tests = files
    .map(String)
    .filter((path) => path.endsWith(".test.ts") && !path.includes("node_modules/"))
    .map((path) => `./e2e/${path}`)
    .sort();
  const unknown = words.find((word) => !tests.some((path) => path.includes(word)));
  if (unknown !== undefined) throw new Error(`no test file of e2e/ has "${unknown}" in its path`);
  return words.length === 0
    ? tests
    : tests.filter((path) => words.some((word) => path.includes(word)));
}
