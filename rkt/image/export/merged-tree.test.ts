import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { kernel } from "@shared/linux";
import { layerTree, lookUp, mergedTree } from "./merged-tree.ts";

const host = { kernel };
const S_IFCHR = 0o020000;

describe.skipIf(process.getuid?.() !== 0)("layers on each other (as root only)", () => {
  let directory = "";
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "merged-"));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  /** A layer: `name/` a directory, `-name` a whiteout, `=name/` opaque, `name>target` a link. */
  function layer(name: string, ...entries: string[]): string {
    const root = join(directory, name);
    mkdirSync(root);
    for (const entry of entries) {
      const path = join(root, entry.replace(/^[-=]/, "").replace(/>.*/, ""));
      mkdirSync(dirname(path), { recursive: true });
      if (entry.startsWith("-")) kernel.mknod(path, S_IFCHR, { major: 0, minor: 0 });
      else if (entry.includes(">")) symlinkSync(entry.replace(/.*>/, ""), path);
      else if (entry.endsWith("/")) mkdirSync(path, { recursive: true });
      else writeFileSync(path, name);
      if (entry.startsWith("=")) {
        kernel.setXattr(path, "trusted.overlay.opaque", Buffer.from("y"));
      }
    }
    return root;
  }

  const seen = (...layers: string[]): string[] =>
    [...mergedTree(host, layers)].map(({ path, at }) => {
      const [where = ""] = String(at)
        .slice(directory.length + 1)
        .split("/");
      return `${path}@${where}`;
    });

  test("a later one hides an earlier one, directories are merged", () => {
    const layers = [layer("a", "d/x", "d/y", "z"), layer("b", "d/y", "d/w")];
    expect(seen(...layers)).toEqual(["@b", "d@b", "d/w@b", "d/x@a", "d/y@b", "z@a"]);
  });

  test("whiteouts and opaque directories hide what lies below, not what lies above", () => {
    const layers = [
      layer("a", "d/x", "gone", "o/old"),
      layer("b", "-gone", "=o/", "o/new"),
      layer("c", "gone", "o/newer"),
    ];
    expect(seen(...layers)).toEqual([
      ...["@c", "d@a", "d/x@a", "gone@c", "o@c", "o/new@b", "o/newer@c"],
    ]);
  });

  test("a file in the place of a directory, and the reverse", () => {
    const layers = [layer("a", "d/x", "f"), layer("b", "d", "f/y")];
    expect(seen(...layers)).toEqual(["@b", "d@b", "f@b", "f/y@b"]);
  });

  test("a directory over a whiteout over a directory starts anew", () => {
    const layers = [layer("a", "d/x"), layer("b", "-d"), layer("c", "d/y")];
    expect(seen(...layers)).toEqual(["@c", "d@c", "d/y@c"]);
  });

  test("one layer alone is shown with its whiteouts", () => {
    expect([...layerTree(layer("a", "-x", "y"))].map(({ path }) => path)).toEqual(["", "x", "y"]);
  });

  test("a single path is found where the whole tree shows it", () => {
    const layers = [
      layer("a", "d/x", "gone", "o/old", "l>d"),
      layer("b", "-gone", "=o/", "o/new", "d/y"),
    ];
    const whole = new Set([...mergedTree(host, layers)].map(({ path }) => path));
    const asked = ["", "d", "d/x", "d/y", "gone", "o", "o/old", "o/new", "l", "l/x", "none/x"];
    for (const path of asked) {
      expect(lookUp(host, layers, path) !== undefined, path).toBe(whole.has(path));
    }
  });
});
