import { afterAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { resolveInRoot } from "./resolve-in-root.ts";

const root = mkdtempSync(join(tmpdir(), "resolve-"));
afterAll(() => rmSync(root, { recursive: true }));
mkdirSync(join(root, "a/b"), { recursive: true });
for (const [name, target] of [
  ["a/b/up", "../../../../../etc"],
  ["absolute", "/a/b"],
  ["dangling", "/not/there"],
  ["chain", "absolute/up"],
  ["loop", "loop"],
] as const) {
  symlinkSync(target, join(root, name));
}

describe("resolveInRoot()", () => {
  for (const [path, want, why] of [
    ["/a/b", "/a/b", "no link"],
    ["a//./b/", "/a/b", "empty and dot names"],
    ["/a/../../x", "/x", "dots stop at the root"],
    ["/absolute/x", "/a/b/x", "an absolute link starts at the root"],
    ["/a/b/up/x", "/etc/x", "a relative link cannot leave"],
    ["/dangling", "/not/there", "what is not there is named"],
    ["/chain", "/etc", "a link to a link"],
  ] as const) {
    test(`${path}: ${why}`, () => expect(resolveInRoot(root, path)).toBe(want));
  }

  test("a loop is refused", () => {
    expect(() => resolveInRoot(root, "/loop")).toThrow("too many levels of symbolic links");
  });
});
