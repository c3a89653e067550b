/**
 * Which file imports which: specifiers turned into paths of the repository.
 *
 * In: a repository. Out: for each source the files it imports, and what can be reached from some of
 * them. Installed packages and the runtime's own modules are no part of it.
 */
import { dirname, posix } from "node:path";
import type { Manifest } from "./manifest.ts";
import type { Repository } from "./repository.ts";
import type { Source } from "./source.ts";

export interface Edge {
  readonly from: string;
  readonly to: string;
  readonly line: number;
}

/** Every import of one file of the repository by another. */
export function edgesOf(repository: Repository, source: Source): Edge[] {
  return source.imports.flatMap(({ specifier, line }) => {
    const to = resolve(repository.manifests, source.path, specifier);
    return to !== undefined && repository.sources.has(to) ? [{ from: source.path, to, line }] : [];
  });
}

export function allEdges(repository: Repository): Edge[] {
  return [...repository.sources.values()].flatMap((source) => edgesOf(repository, source));
}

/** The path that a specifier means, or nothing if it leads out of the repository. */
export function resolve(
  manifests: readonly Manifest[],
  from: string,
  specifier: string,
): string | undefined {
  if (specifier.startsWith(".")) return posix.join(dirname(from), specifier);
  const [, name, rest] = /^(@[^/]+\/[^/]+)(?:\/(.+))?$/.exec(specifier) ?? [];
  const manifest = manifests.find((candidate) => candidate.name === name);
  return manifest === undefined
    ? undefined
    : exported(manifest, rest === undefined ? "." : `./${rest}`);
}

/** The file behind an export; of patterns such as `./values/*`, the first that fits. */
function exported({ exports }: Manifest, key: string): string | undefined {
  const file = exports.get(key);
  if (file !== undefined) return file;
  for (const [pattern, target] of exports) {
    const [before = "", after] = pattern.split("*");
    if (after === undefined || !key.startsWith(before) || !key.endsWith(after)) continue;
    return target.replace("*", key.slice(before.length, key.length - after.length));
  }
  return undefined;
}

/** All files that the given ones lead to, themselves included. */
export function reachable(repository: Repository, roots: readonly string[]): Set<string> {
  const seen = new Set<string>();
  const waiting = [...roots];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    const source = repository.sources.get(path);
    if (source === undefined || seen.has(path)) continue;
    seen.add(path);
    waiting.push(...edgesOf(repository, source).map((edge) => edge.to));
  }
  return seen;
}
