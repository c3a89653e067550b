import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { describeFault } from "@shared/base";
import { type Keys, LACKS, newBench, newKeys, trustFile } from "../testdata/bench.ts";
import { hasKeysForPrefix, keysFor } from "./keyring.ts";

describe.skipIf(LACKS !== undefined)(`trusted keys${LACKS ? ` (no ${LACKS})` : ""}`, () => {
  let keys: Keys;
  let bench: ReturnType<typeof newBench>;
  let one: string;
  let two: string;
  beforeAll(() => {
    keys = newKeys();
    bench = newBench();
    one = keys.make("One <one@a.test>");
    two = keys.make("Two <two@a.test>");
  });
  afterAll(() => {
    keys[Symbol.dispose]();
    bench[Symbol.dispose]();
  });

  let made = 0;
  /** Two new trees, the vendor's first; `put(tree, place, key)` names the file as rkt does. */
  function trees(): {
    paths: [string, string];
    put: (tree: 0 | 1, place: string, key: string, content?: Uint8Array) => void;
    keys: (name: string) => Promise<string[]>;
  } {
    const at = join(bench.directory, `trees-${made++}`);
    const paths: [string, string] = [join(at, "vendor"), join(at, "local")];
    return {
      paths,
      put: (tree, place, key, content = keys.publicKey(key)) =>
        trustFile(paths[tree], place, key, content),
      keys: async (name) => {
        const found = await keysFor(paths, name);
        return found.map(({ fingerprint }) => fingerprint).sort();
      },
    };
  }

  const EMPTY = new Uint8Array(0);
  const both = (): string[] => [one, two].sort();

  test("root keys count for every name; keys of a prefix for it and what is below it", async () => {
    const { put, keys: found } = trees();
    put(1, "root.d", one);
    put(1, "prefix.d/a.test/team", two);
    expect(await found("b.test/app")).toEqual([one]);
    expect(await found("a.test")).toEqual([one]);
    expect(await found("a.test/team")).toEqual(both());
    expect(await found("a.test/team/app/deep")).toEqual(both());
    expect(await found("a.test/teamwork")).toEqual([one]);
  });

  test("an empty file masks the vendor's key of the same place, and only that one", async () => {
    const { put, keys: found } = trees();
    put(0, "prefix.d/a.test", one);
    put(0, "prefix.d/a.test", two);
    put(1, "prefix.d/a.test", one, EMPTY);
    expect(await found("a.test/app")).toEqual([two]);
    put(0, "root.d", one); // another place is not masked
    expect(await found("a.test/app")).toEqual(both());
  });

  test("a key of the local tree stands in for the vendor's, and for its mask", async () => {
    const { put, keys: found } = trees();
    put(0, "root.d", one, EMPTY);
    put(1, "root.d", one);
    expect(await found("a.test/app")).toEqual([one]);
  });

  test("other file names are no keys; a wrong fingerprint is an error", async () => {
    const { put, keys: found } = trees();
    put(1, "root.d", "README", Buffer.from("not a key"));
    put(1, "root.d", `${one.slice(0, 39)}.bak`, keys.publicKey(one));
    expect(await found("a.test/app")).toEqual([]);
    put(1, "root.d", two, keys.publicKey(one));
    expect(await found("a.test/app").catch(describeFault)).toContain("its fingerprint is another");
  });

  test("a file of several keys counts for the one whose name it has", async () => {
    const { put, keys: found } = trees();
    const all = Buffer.from(keys.gpg("--armor", "--export", one, two));
    put(1, "root.d", two, all);
    expect(await found("a.test/app")).toEqual([two]);
  });

  test("hasKeysForPrefix(): keys of the name and its ancestors, not of the root", () => {
    const { put, paths } = trees();
    put(1, "root.d", one);
    expect(hasKeysForPrefix(paths, "a.test/team/app")).toBe(false);
    put(0, "prefix.d/a.test/team", one);
    expect(hasKeysForPrefix(paths, "a.test/team/app")).toBe(true);
    expect(hasKeysForPrefix(paths, "a.test")).toBe(false);
  });
});
