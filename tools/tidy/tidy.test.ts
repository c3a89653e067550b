import { join } from "node:path";
import { describe, expect, test } from "bun:test";
import { formatFinding } from "./finding.ts";
import { readRepository } from "./repository.ts";
import { RULES } from "./rules.ts";

const repository = readRepository(join(import.meta.dir, "../.."));

describe("this repository", () => {
  test("is read: its shared base is among the sources", () => {
    expect(repository.sources.has("shared/base/mod.ts")).toBe(true);
    expect(repository.manifests.some(({ name }) => name === "@shared/base")).toBe(true);
  });

  for (const rule of RULES) {
    test(rule.name, () => {
      expect(rule.check(repository).map(formatFinding)).toEqual([]);
    });
  }
});
