/**
 * Style as a program: `sh tools/bun tools/tidy/main.ts [path prefix …]`.
 *
 * In: the repository. Out: one line per finding on stdout, exit status 1 if there is any. Prefixes
 * narrow what is printed, not what is read.
 */
import { join } from "node:path";
import { formatFinding } from "./finding.ts";
import { readRepository } from "./repository.ts";
import { RULES } from "./rules.ts";

const repository = readRepository(join(import.meta.dir, "../.."));
const prefixes = process.argv.slice(2);
const findings = RULES.flatMap((rule) => rule.check(repository)).filter(
  ({ path }) => prefixes.length === 0 || prefixes.some((prefix) => path.startsWith(prefix)),
);
for (const finding of findings) console.log(formatFinding(finding));
process.exitCode = findings.length > 0 ? 1 : 0;
