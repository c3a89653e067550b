/** What the bundler is given instead of an import through a package's door. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type DirectImports, directImports } from "./direct-imports.ts";

let root = "";
let direct: DirectImports;

const FILES: Readonly<Record<string, string>> = {
  "rkt/image/package.json":
    '{ "name": "@rkt/image", "exports": { ".": "./mod.ts", "./b": "./b.ts" } }',
  "rkt/image/mod.ts":
    'export { pull } from "./pull.ts";\nexport {\n  a as first,\n  b,\n} from "./deep/a.ts";\n' +
    'export type { Image } from "./image.ts";\n',
  "rkt/image/b.ts": "export const own = 1;\n",
};

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "direct-imports-"));
  for (const [path, text] of Object.entries(FILES)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  direct = directImports(root);
});

afterAll(() => rmSync(root, { recursive: true }));

const imported = (name: string, as: string, file: string): string =>
  `import { ${name} as ${as} } from "${join(root, "rkt/image", file)}";`;

const REWRITTEN: readonly [reason: string, text: string, expected: () => string][] = [
  ["one name", 'import { pull } from "@rkt/image";', () => imported("pull", "pull", "pull.ts")],
  [
    "several files, on several lines, both renamed",
    'import {\n  first as one,\n  pull,\n} from "@rkt/image";',
    () => imported("a", "one", "deep/a.ts") + imported("pull", "pull", "pull.ts"),
  ],
  [
    "types beside values are left out, as by any compiler",
    'import { type Image, b } from "@rkt/image";',
    () => imported("b", "b", "deep/a.ts"),
  ],
];

for (const [reason, text, expected] of REWRITTEN) {
  test(reason, () => expect(direct(`${text}\nb();\n`)).toBe(`${expected()}\nb();\n`));
}

const KEPT: readonly [reason: string, text: string][] = [
  ["a package of others", 'import { parse } from "@other/yaml";'],
  ["a name that the door itself makes", 'import { own } from "@rkt/image/b";'],
  ["a name that is not there, for the bundler to tell", 'import { none } from "@rkt/image";'],
  ["a path that is no door", 'import { pull } from "@rkt/image/inside";'],
  ["types alone", 'import type { Image } from "@rkt/image";'],
  ["loaded when it is needed", 'const { pull } = await import("@rkt/image");'],
  ["a file of the same package", 'import { pull } from "./pull.ts";'],
];

for (const [reason, text] of KEPT) {
  test(`as it is: ${reason}`, () => expect(direct(text)).toBe(text));
}
