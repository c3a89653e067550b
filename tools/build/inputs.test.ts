import { afterAll, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hashInputs } from "./inputs.ts";

const root = mkdtempSync(join(tmpdir(), "inputs-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

function write(path: string, text: string): void {
  mkdirSync(join(root, path, ".."), { recursive: true });
  writeFileSync(join(root, path), text);
}

beforeEach(() => {
  rmSync(root, { recursive: true, force: true });
  for (const path of ["package.json", "bun.lock", "tsconfig.json"]) write(path, "{}");
  write("app/main.ts", "x;");
  write("rkt/cli/main.ts", "y;");
});

describe("hashInputs", () => {
  const rows = [
    { why: "a source", path: "rkt/cli/main.ts", text: "z;", changes: true },
    { why: "a new source", path: "shared/base/new.ts", text: "", changes: true },
    { why: "data beside a source", path: "rkt/stage1/table.json", text: "{}", changes: true },
    { why: "the lockfile", path: "bun.lock", text: "{ }", changes: true },
    { why: "a test", path: "rkt/cli/main.test.ts", text: "z;", changes: false },
    { why: "an installed package", path: "rkt/cli/node_modules/a/b.ts", text: "", changes: false },
    { why: "a document", path: "rkt/README.md", text: "z", changes: false },
  ];
  for (const { why, path, text, changes } of rows) {
    test(`${why} ${changes ? "counts" : "does not count"}`, () => {
      const before = hashInputs(root);
      write(path, text);
      expect(hashInputs(root) !== before).toBe(changes);
    });
  }

  test("text that moves from one file to the next counts", () => {
    write("app/a.ts", "12");
    write("app/b.ts", "3");
    const before = hashInputs(root);
    write("app/a.ts", "1");
    write("app/b.ts", "23");
    expect(hashInputs(root)).not.toBe(before);
  });
});
