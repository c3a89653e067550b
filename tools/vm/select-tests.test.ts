import { describe, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { packageNames } from "./root-image.ts";
import { OF_THE_MACHINE, selectTests } from "./select-tests.ts";

const FILES = ["run.test.ts", "mod.ts", "harness/inventory.test.ts", "run-kube.test.ts"];

describe("which tests go into the guest", () => {
  test.each([
    [["all"], ["./e2e/harness/inventory.test.ts", "./e2e/run-kube.test.ts", "./e2e/run.test.ts"]],
    [["/run.test.ts"], ["./e2e/run.test.ts"]],
    [["run"], ["./e2e/run-kube.test.ts", "./e2e/run.test.ts"]],
    [
      ["kube", "inventory"],
      ["./e2e/harness/inventory.test.ts", "./e2e/run-kube.test.ts"],
    ],
  ])("%p → %p", (words, expected) => {
    expect(selectTests(FILES, words)).toEqual(expected);
  });

  test("without a word, those that depend on the machine", () => {
    const files = readdirSync(join(import.meta.dirname, "../../e2e"), { recursive: true });
    const chosen = selectTests(files, []);
    expect(chosen).toHaveLength(OF_THE_MACHINE.length);
    expect(chosen).toContain("./e2e/systemd.test.ts");
    expect(chosen).not.toContain("./e2e/trust.test.ts");
  });

  test("a word that selects nothing is a mistake", () => {
    expect(() => selectTests(FILES, ["run", "rnu"])).toThrow('no test file of e2e/ has "rnu"');
  });
});

test("a list of packages is names with comments", () => {
  expect(packageNames("# of\ncurl   # why\n\ndbus\n")).toEqual(["curl", "dbus"]);
});
