/**
 * Which test files go into the guest. In: the files of e2e/ and the words of the command line
 * (parts of paths, `all`, or none for those that depend on the machine); out: paths for `bun test`.
 * Pure.
 */

/**
 * What depends on the machine's kernel, control groups and services. Images and command lines are
 * the same everywhere; `all` brings them too.
 */
export const OF_THE_MACHINE: readonly string[] = [
  ...["run", "pods", "prepare", "detach", "lifecycle", "mutable", "executor", "events"],
  ...["limits", "limits-further", "usage", "isolation", "private-users", "confinement", "volumes"],
  ...["systemd", "attach", "logs", "metadata-service", "run-kube", "crash-pods", "disasters"],
  ...["network", "network-chain", "network-check", "network-ports", "network-reference"],
].map((name) => `/${name}.test.ts`);

/** @throws {Error} for a word that no test file has in its path */
export function selectTests(
  files: readonly (string | Buffer)[],
  asked: readonly string[],
): string[] {
  const isAll = asked.length === 1 && asked[0] === "all";
  const words = isAll ? [""] : asked.length === 0 ? OF_THE_MACHINE : asked;
  const tests = files
    .map(String)
    .filter((path) => path.endsWith(".test.ts") && !path.includes("node_modules/"))
    .map((path) => `./e2e/${path}`)
    .sort();
  const unknown = words.find((word) => !tests.some((path) => path.includes(word)));
  if (unknown !== undefined) throw new Error(`no test file of e2e/ has "${unknown}" in its path`);
  return tests.filter((path) => words.some((word) => path.includes(word)));
}
