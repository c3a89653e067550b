import { afterAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeFileAtomic } from "./atomic-file.ts";

const dir = mkdtempSync(join(tmpdir(), "atomic-"));
afterAll(() => rmSync(dir, { recursive: true }));

describe("writeFileAtomic()", () => {
  test("replaces the content, sets the mode, leaves nothing beside it", () => {
    const path = join(dir, "file");
    writeFileAtomic(path, "one");
    writeFileAtomic(path, "two", { mode: 0o600, durable: false });
    expect(readFileSync(path, "utf8")).toBe("two");
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(dir)).toEqual(["file"]);
  });

  test("a failure keeps the old content and leaves nothing beside it", () => {
    const path = join(dir, "directory");
    mkdirSync(path);
    expect(() => writeFileAtomic(path, "text")).toThrow();
    expect(readdirSync(dir).toSorted()).toEqual(["directory", "file"]);
  });
});
