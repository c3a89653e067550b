import { describe, expect, test } from "bun:test";
import { packageNames } from "./root-image.ts";
import { selectTests } from "./select-tests.ts";

const FILES = ["run.test.ts", "mod.ts", "harness/inventory.test.ts", "run-kube.test.ts"];

describe("which tests go into the guest", () => {
  test.each([
    [[], ["./e2e/harness/inventory.test.ts", "./e2e/run-kube.test.ts", "./e2e/run.test.ts"], "all"],
    [["run.test.ts"], ["./e2e/run.test.ts"], "a file by its name"],
    [["run"], ["./e2e/run-kube.test.ts", "./e2e/run.test.ts"], "several by a part"],
    [["kube", "inventory"], ["./e2e/harness/inventory.test.ts", "./e2e/run-kube.test.ts"], "two"],
  ])("%p → %p (%s)", (words, expected, _reason) => {
    expect(selectTests(FILES, words)).toEqual(expected);
  });

  test("a word that selects nothing is a mistake", () => {
    expect(() => selectTests(FILES, ["run", "rnu"])).toThrow('no test file of e2e/ has "rnu"');
  });
});

test("a list of packages is names with comments", () => {
  expect(packageNames("# of\ncurl   # why\n\ndbus\n")).toEqual(["curl", "dbus"]);
});
