/**
 * `npm run format [-- folder …]`: sets comments and code the way the checks want them.
 *
 * In: TypeScript files below the folders named, or all. Out: the same files, changed where needed.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./check/checks.ts";
import { readRepository } from "./tidy/repository.ts";
import { reflow } from "./tidy/reflow.ts";

const wanted = process.argv.slice(2).map((folder) => folder.replace(/^\.\/|\/$/g, ""));
const paths = [...readRepository(ROOT).sources.keys()].filter(
  (path) => wanted.length === 0 || wanted.some((w) => path === w || path.startsWith(`${w}/`)),
);
for (const path of paths) {
  const text = readFileSync(join(ROOT, path), "utf8");
  const changed = reflow(path, text);
  if (changed !== text) writeFileSync(join(ROOT, path), changed);
}
const biome = join(ROOT, "node_modules/.bin/biome");
const done = Bun.spawnSync([biome, "format", "--write", ...(wanted.length > 0 ? wanted : ["."])], {
  cwd: ROOT,
  stdout: "inherit",
  stderr: "inherit",
});
process.exitCode = done.exitCode;
