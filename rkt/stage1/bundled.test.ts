import { describe, expect, test } from "bun:test";
import { bundledEntrypoint, bundledStage1, FLAVOURS } from "./bundled.ts";

describe("bundledEntrypoint()", () => {
  for (const [program, want, why] of [
    ["/p/run/u/stage1/rootfs/crun/run", { flavour: "crun", entrypoint: "run" }, "a path in a pod"],
    ["/p/run/u/stage1/rootfs/crun/rm", undefined, "no such entrypoint"],
    ["/usr/bin/run", undefined, "a program of the same name elsewhere"],
    ["rkt", undefined, "the command itself"],
  ] as const) {
    test(`${program}: ${why}`, () => expect(bundledEntrypoint(program)).toEqual(want));
  }
});

describe.each([...FLAVOURS])("bundledStage1(%s)", (flavour) => {
  const { manifest, entries } = bundledStage1(flavour, "1.2.3");

  test("every entrypoint that the manifest names is in the tree", () => {
    const entrypoints = (manifest.annotations ?? [])
      .filter(({ name }) => !name.endsWith("interface-version"))
      .map(({ value }) => value.slice(1));
    expect(entrypoints.length).toBeGreaterThan(0);
    for (const path of entrypoints) {
      expect(entries).toContainEqual({ kind: "link", path, target: "/proc/self/exe" });
    }
  });

  test("a directory comes before what it holds", () => {
    const paths = entries.map(({ path }) => path);
    for (const [index, path] of paths.entries()) {
      const parent = path.split("/").slice(0, -1).join("/");
      if (parent !== "") expect(paths.slice(0, index)).toContain(parent);
    }
  });
});
