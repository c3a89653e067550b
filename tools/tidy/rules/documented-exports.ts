/**
 * What a package offers is documented where it is declared. In: package manifests, sources. Out:
 * exports of the files named in `exports` whose declaration has no docstring.
 */
import type { Finding, Rule } from "../finding.ts";
import { resolve } from "../import-graph.ts";
import type { Repository } from "../repository.ts";
import type { Export, Source } from "../source.ts";

const TEST_EQUIPMENT = /^(e2e|bench|tools)\//;

export const documentedExports: Rule = {
  name: "everything a package exports has a docstring",
  check: (repository) => {
    const packages = repository.manifests.filter(({ path }) => !TEST_EQUIPMENT.test(path));
    const doors = new Set(packages.flatMap(({ exports }) => [...exports.values()]));
    const findings = [...doors].flatMap((path) => {
      const source = repository.sources.get(path);
      return source?.exports.flatMap((item) => undocumented(repository, source, item)) ?? [];
    });
    return [...new Map(findings.map((f) => [`${f.path}:${f.line}`, f])).values()];
  },
};

function undocumented(repository: Repository, source: Source, item: Export): Finding[] {
  if (item.from !== undefined) {
    const path = resolve(repository.manifests, source.path, item.from);
    const origin = repository.sources.get(path ?? "");
    const declared = origin?.exports.find(({ name }) => name === item.origin);
    if (origin === undefined || declared === undefined) return [];
    return undocumented(repository, origin, declared);
  }
  if (hasDocstring(source, item)) return [];
  return [
    {
      path: source.path,
      line: item.line,
      what: `the package exports ${item.name} without a docstring`,
      instead: "write its contract above it: shapes, units, order, error kinds, source",
    },
  ];
}

/** Overloads and a type beside a value of one name: one docstring speaks for all. */
function hasDocstring(source: Source, item: Export): boolean {
  const same = source.exports.filter(({ name }) => name === item.name);
  return same.some(({ line }) =>
    source.comments.some(
      ({ value, end }) => value.startsWith("*") && source.lineAt(end) === line - 1,
    ),
  );
}
