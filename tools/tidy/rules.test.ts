import { describe, expect, test } from "bun:test";
import type { Rule } from "./finding.ts";
import { toRepository } from "./repository.ts";
import { bannedNames } from "./rules/banned-names.ts";
import { bannedWords } from "./rules/banned-words.ts";
import { borders } from "./rules/borders.ts";
import { crashPoints } from "./rules/crash-points.ts";
import { deadFiles } from "./rules/dead-files.ts";
import { deadLinks } from "./rules/dead-links.ts";
import { documentedExports } from "./rules/documented-exports.ts";
import { fileHeader } from "./rules/file-header.ts";
import { fileSize } from "./rules/file-size.ts";
import { functionSize } from "./rules/function-size.ts";
import { importCycles } from "./rules/import-cycles.ts";
import { lineLength } from "./rules/line-length.ts";
import { namedExports } from "./rules/named-exports.ts";
import { parameterCount } from "./rules/parameter-count.ts";
import { roomOrder } from "./rules/room-order.ts";

interface Row {
  readonly why: string;
  readonly files: Readonly<Record<string, string>>;
  /** `path:line` of each finding; none means that the rule is kept. */
  readonly at: readonly string[];
}

function check(rule: Rule, rows: readonly Row[]): void {
  describe(rule.name, () => {
    for (const { why, files, at } of rows) {
      test(why, () => {
        const findings = rule.check(toRepository(files));
        expect(findings.map(({ path, line }) => `${path}:${line}`)).toEqual([...at]);
      });
    }
  });
}

const base = '{"name":"@shared/base","exports":{".":"./mod.ts"}}';

check(fileSize, [
  { why: "600 lines fit", files: { "a.ts": "x;\n".repeat(600) }, at: [] },
  { why: "601 do not", files: { "a.ts": "x;\n".repeat(601) }, at: ["a.ts:601"] },
]);

check(lineLength, [
  { why: "100 characters fit", files: { "a.ts": `//${"x".repeat(98)}` }, at: [] },
  { why: "101 do not", files: { "a.ts": `\n//${"x".repeat(99)}` }, at: ["a.ts:2"] },
  {
    why: "a long URL cannot be broken",
    files: { "a.ts": `// https://${"x".repeat(120)}` },
    at: [],
  },
]);

const body = (lines: number): string => "x;\n".repeat(lines - 2);
check(functionSize, [
  { why: "70 lines fit", files: { "a.ts": `function f() {\n${body(70)}}` }, at: [] },
  { why: "71 do not", files: { "a.ts": `\nfunction f() {\n${body(71)}}` }, at: ["a.ts:2"] },
  { why: "an arrow is a function", files: { "a.ts": `f(() => {\n${body(71)}})` }, at: ["a.ts:1"] },
  { why: "a method is one", files: { "a.ts": `class A { f() {\n${body(71)}} }` }, at: ["a.ts:1"] },
  {
    why: "a chapter of tests",
    files: { "a.test.ts": `feature("x", () => {\n${body(99)}test("y", z);})` },
    at: [],
  },
  {
    why: "a long test is none",
    files: { "a.test.ts": `test("x", () => {\n${body(99)}})` },
    at: ["a.test.ts:1"],
  },
]);

check(parameterCount, [
  { why: "four fit", files: { "a.ts": "function f(a, b, c, d) {}" }, at: [] },
  { why: "five do not", files: { "a.ts": "const f = (a, b, c, d, e) => 1;" }, at: ["a.ts:1"] },
  { why: "C may have five", files: { "a.ts": "type F = (a, b, c, d, e) => void;" }, at: [] },
]);

check(importCycles, [
  { why: "one direction", files: { "a.ts": 'import "./b.ts";', "b.ts": "" }, at: [] },
  {
    why: "a circle of three",
    files: {
      "a.ts": 'import { b } from "./b.ts";',
      "b.ts": 'export { c } from "./c.ts";',
      "c.ts": '\nconst a = await import("./a.ts");',
    },
    at: ["c.ts:2"],
  },
  {
    why: "a circle through a package name",
    files: {
      "shared/base/package.json": base,
      "shared/base/mod.ts": 'import "../../rkt/a.ts";',
      "rkt/a.ts": 'import "@shared/base";',
    },
    at: ["rkt/a.ts:1"],
  },
]);

check(deadFiles, [
  {
    why: "reached from the program, a test, a tool",
    files: {
      "app/main.ts": 'await import("../rkt/a.ts");',
      "rkt/a.ts": "",
      "rkt/b.ts": "",
      "rkt/b.test.ts": 'import "./b.ts";',
      "tools/check.ts": 'import "./c.ts";',
      "tools/c.ts": "",
    },
    at: [],
  },
  {
    why: "two that only know each other",
    files: { "rkt/a.ts": 'import "./b.ts";', "rkt/b.ts": 'import "./a.ts";' },
    at: ["rkt/a.ts:1", "rkt/b.ts:1"],
  },
]);

/** Put together, so that this file does not say it. */
const outside = ["shared", "data", "x"].join("/");
const absolute = ["", "work", "x"].join("/");
const promise = ["TO", "DO"].join("");
check(bannedWords, [
  { why: "time in the program", files: { "rkt/a.ts": "\nDate.now();" }, at: ["rkt/a.ts:2"] },
  { why: "time in a benchmark", files: { "bench/a.ts": "Date.now();" }, at: [] },
  { why: "the word in a string", files: { "rkt/a.ts": 'f("Date.now()", `Date.now()`);' }, at: [] },
  { why: "the word in a comment", files: { "rkt/a.ts": "// Date.now() is a parameter" }, at: [] },
  {
    why: "code between pieces of a template",
    files: { "rkt/a.ts": "f(`${Math.random()}`);" },
    at: ["rkt/a.ts:1"],
  },
  {
    why: "environment deep inside",
    files: { "rkt/image/a.ts": "process.env.X" },
    at: ["rkt/image/a.ts:1"],
  },
  { why: "environment at an entry", files: { "app/main.ts": 'process.env["X"]' }, at: [] },
  { why: "the kernel elsewhere", files: { "rkt/a.ts": 'import "bun:ffi";' }, at: ["rkt/a.ts:1"] },
  { why: "the kernel's door", files: { "shared/linux/a.ts": 'import "bun:ffi";' }, at: [] },
  { why: "no ending", files: { "rkt/a.ts": 'import "./b";' }, at: ["rkt/a.ts:1"] },
  {
    why: "around a package's door",
    files: { "rkt/a.ts": 'import "../../shared/base/x.ts";' },
    at: ["rkt/a.ts:1"],
  },
  { why: "any", files: { "rkt/a.ts": "f(x as any);" }, at: ["rkt/a.ts:1"] },
  { why: "one test alone", files: { "rkt/a.test.ts": 'test.only("x");' }, at: ["rkt/a.test.ts:1"] },
  { why: "a promise", files: { "rkt/a.ts": `// ${promise}: later` }, at: ["rkt/a.ts:1"] },
  {
    why: "a path outside of the repository",
    files: { "README.md": `see ${outside}`, "rkt/a.ts": `f("${absolute}");` },
    at: ["rkt/a.ts:1", "README.md:1"],
  },
]);

check(bannedNames, [
  {
    why: "a drawer of a file",
    files: { "rkt/string-utils.ts": "" },
    at: ["rkt/string-utils.ts:1"],
  },
  { why: "a word that contains one", files: { "rkt/utility-vm.ts": "" }, at: [] },
  { why: "a manager", files: { "rkt/a.ts": "\nclass PodManager {}" }, at: ["rkt/a.ts:2"] },
  { why: "a property of theirs", files: { "rkt/a.ts": "x.PodManager = 1;" }, at: [] },
]);

check(namedExports, [
  { why: "a name", files: { "a.ts": "export const a = 1;" }, at: [] },
  { why: "default", files: { "a.ts": "\nexport default 1;" }, at: ["a.ts:2"] },
  { why: "everything", files: { "a.ts": 'export * from "./b.ts";' }, at: ["a.ts:1"] },
  { why: "a name that objects have", files: { "a.ts": "export function valueOf() {}" }, at: [] },
]);

check(documentedExports, [
  {
    why: "documented where it is declared",
    files: {
      "shared/base/package.json": base,
      "shared/base/mod.ts": 'export { a, b as c } from "./a.ts";',
      "shared/base/a.ts":
        "/** One. */\nexport const a = 1;\nexport const b = 2;\nexport const d = 3;",
    },
    at: ["shared/base/a.ts:3"],
  },
  {
    why: "test equipment",
    files: {
      "e2e/package.json": '{"name":"@e2e/rkt","exports":{".":"./mod.ts"}}',
      "e2e/mod.ts": "export const a = 1;",
    },
    at: [],
  },
  {
    why: "a file that no package names",
    files: { "shared/base/package.json": base, "shared/base/b.ts": "export const b = 2;" },
    at: [],
  },
]);

check(borders, [
  {
    why: "the cluster imports the engine",
    files: { "rktnetes/a.ts": 'import "../rkt/a.ts";', "rkt/a.ts": "" },
    at: ["rktnetes/a.ts:1"],
  },
  {
    why: "one flavour imports another",
    files: { "rkt/stage1/fly/a.ts": 'import "../crun/b.ts";', "rkt/stage1/crun/b.ts": "" },
    at: ["rkt/stage1/fly/a.ts:1"],
  },
  {
    why: "a flavour imports what all share",
    files: { "rkt/stage1/fly/a.ts": 'import "../contract.ts";', "rkt/stage1/contract.ts": "" },
    at: [],
  },
  {
    why: "e2e imports the product",
    files: { "e2e/a.ts": 'import "../rkt/b.ts";', "rkt/b.ts": "" },
    at: ["e2e/a.ts:1"],
  },
  {
    why: "a file imports its own door",
    files: { "shared/base/a.ts": 'import "./mod.ts";', "shared/base/mod.ts": "" },
    at: ["shared/base/a.ts:1"],
  },
]);

check(roomOrder, [
  {
    why: "a later room imports an earlier one",
    files: { "rkt/image/store/a.ts": 'import "../fetch/b.ts";', "rkt/image/fetch/b.ts": "" },
    at: [],
  },
  {
    why: "an earlier one imports a later one",
    files: { "rkt/image/fetch/b.ts": 'import "../store/a.ts";', "rkt/image/store/a.ts": "" },
    at: ["rkt/image/fetch/b.ts:1"],
  },
]);

check(crashPoints, [
  {
    why: "one is placed, one is not",
    files: {
      "shared/base/crash-point.ts": 'const CRASH_POINTS = [\n  "a-b", // one\n  "c-d", // two\n];',
      "rkt/a.ts": 'crashPoint("a-b");',
      "e2e/a.ts": 'crashPoint("c-d");',
    },
    at: ["shared/base/crash-point.ts:3"],
  },
]);

check(fileHeader, [
  { why: "a comment", files: { "a.ts": "/** What. */\nx;", "b.ts": "// What.\n" }, at: [] },
  { why: "code", files: { "a.ts": "x;" }, at: ["a.ts:1"] },
  { why: "a test is named by what it tests", files: { "a.test.ts": "x;" }, at: [] },
]);

check(deadLinks, [
  {
    why: "files, folders, headings, web links",
    files: {
      "README.md": "# A b\n[x](docs/a.md#c-d) [y](docs/) [z](#a-b) [w](https://example.org)",
      "docs/a.md": "## C `d`\n[back](../README.md)",
    },
    at: [],
  },
  {
    why: "a file and a heading that are not there",
    files: { "README.md": "[x](b.md)\n\n[y](#no)" },
    at: ["README.md:1", "README.md:3"],
  },
  {
    why: "a source named in a code span",
    files: { "README.md": "`rkt/a.ts` and `rkt/gone.ts`\n```\n`rkt/gone.ts`\n```", "rkt/a.ts": "" },
    at: ["README.md:1"],
  },
]);
