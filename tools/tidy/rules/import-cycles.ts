/**
 * Imports have one direction. In: the import graph. Out: one finding per import that closes a
 * circle.
 */
import type { Finding, Rule } from "../finding.ts";
import { type Edge, edgesOf } from "../import-graph.ts";
import type { Repository } from "../repository.ts";

export const importCycles: Rule = {
  name: "no import leads back to its own file",
  check: (repository) => {
    const walk: Walk = { repository, done: new Set(), trail: [], findings: [] };
    for (const path of repository.sources.keys()) visit(walk, path);
    return walk.findings;
  },
};

interface Walk {
  readonly repository: Repository;
  readonly done: Set<string>;
  /** The files from the start of the walk to the present one. */
  readonly trail: string[];
  readonly findings: Finding[];
}

function visit(walk: Walk, path: string): void {
  const source = walk.repository.sources.get(path);
  if (source === undefined || walk.done.has(path)) return;
  walk.trail.push(path);
  for (const edge of edgesOf(walk.repository, source)) {
    const start = walk.trail.indexOf(edge.to);
    if (start >= 0) walk.findings.push(toFinding(edge, walk.trail.slice(start)));
    else visit(walk, edge.to);
  }
  walk.trail.pop();
  walk.done.add(path);
}

function toFinding(edge: Edge, circle: readonly string[]): Finding {
  return {
    path: edge.from,
    line: edge.line,
    what: `this import closes a circle: ${[...circle, edge.to].join(" > ")}`,
    instead: "move what both need into a third file",
  };
}
