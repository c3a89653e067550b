/**
 * Every file is there for someone. In: the import graph and the entry points. Out: sources that no
 * program, test, tool or benchmark leads to.
 */
import type { Rule } from "../finding.ts";
import { reachable } from "../import-graph.ts";

/**
 * Programs that something outside of TypeScript starts: a shell script, package.json, a test
 * runner.
 */
const ENTRY_POINTS = [
  /^app\/main\.ts$/,
  /\.test\.ts$/,
  /^e2e\/[^/]+\.ts$/,
  /^bench\/[^/]+\.ts$/,
  /^tools\/[^/]+\.ts$/,
  /^tools\/tidy\/main\.ts$/,
  /^tools\/(build|fuzz|soak|start|replay|vm|generate(\/kubernetes)?)\/[\w-]+\.ts$/,
  // Generated as a whole; a type that nobody names yet is not dead.
  /^rktnetes\/api\/types\/[\w-]+\.ts$/,
  /\.d\.ts$/,
];

export const deadFiles: Rule = {
  name: "every file is reached from a program, a test or a tool",
  check: (repository) => {
    const paths = [...repository.sources.keys()];
    const roots = paths.filter((path) => ENTRY_POINTS.some((entry) => entry.test(path)));
    const alive = reachable(repository, roots);
    return paths
      .filter((path) => !alive.has(path))
      .map((path) => ({
        path,
        line: 1,
        what: "nothing that runs imports this file",
        instead: "import it where it belongs, or delete it",
      }));
  },
};
