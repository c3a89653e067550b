/** Archives as directories of files: what GNU tar writes, and what nobody should. */
import { afterAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { linkSync, openSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeFault } from "@shared/base";
import { tarHeader, writeTar } from "../layers/tar-writer.ts";
import { run } from "../testdata/bench.ts";
import { openTarIndex, type TarIndex } from "./tar-index.ts";

const TOP = mkdtempSync(join(tmpdir(), "rkt-tar-index-"));
afterAll(() => rmSync(TOP, { recursive: true, force: true }));

const LONG = `${"long-".repeat(30)}name`;
mkdirSync(join(TOP, "in/blobs"), { recursive: true });
writeFileSync(join(TOP, "in/blobs/a"), "content of a");
writeFileSync(join(TOP, `in/${LONG}`), "long");
linkSync(join(TOP, "in/blobs/a"), join(TOP, "in/hard"));
symlinkSync("blobs/a", join(TOP, "in/soft"));
symlinkSync("../../outside", join(TOP, "in/out"));

let serial = 0;
const copies = join(TOP, "copies");
mkdirSync(copies);
const store = {
  newBlobFile: (): { path: string; fd: number } => {
    const path = join(copies, String(serial++));
    return { path, fd: openSync(path, "wx+") };
  },
};

const text = (index: TarIndex, name: string): string =>
  Buffer.from(index.read(name, 100)).toString();

describe.each(["gnu", "posix", "ustar"])("an archive of GNU tar, --format=%s", (format) => {
  test.each(["", "--gzip", "--zstd"])("%s", async (compression) => {
    const path = join(TOP, `${format}${compression}.tar`);
    const exclude = format === "ustar" ? [`--exclude=${LONG}`] : [];
    const how = [`--format=${format}`, ...exclude, ...(compression === "" ? [] : [compression])];
    run("tar", [...how, "-cf", path, "-C", join(TOP, "in"), "."]);
    {
      using index = await openTarIndex(store, path);
      for (const name of ["blobs/a", "hard", "soft"])
        expect(text(index, name)).toBe("content of a");
      if (format !== "ustar") expect(text(index, LONG)).toBe("long");
      const chunks: Uint8Array[] = [];
      for await (const chunk of index.chunks("blobs/a", 8)) chunks.push(chunk);
      expect(Buffer.concat(chunks).toString()).toBe("of a");
      expect(index.sizeOf("blobs/a")).toBe(12);
      expect(index.has("out")).toBe(false);
      expect(() => index.read("blobs/a", 5)).toThrow("larger than 5 bytes");
      expect(() => index.read("none", 5)).toThrow('no "none" in it');
    }
    expect(readdirSync(copies), "nothing stays").toEqual([]);
  });
});

describe("refuses", () => {
  const good = Buffer.from(writeTar([{ type: "file", path: "a", content: Buffer.from("aaaa") }]));
  const table: readonly (readonly [string, Buffer, RegExp])[] = [
    ["noise", Buffer.alloc(1024, 7), /./],
    ["a file that ends inside of an entry", good.subarray(0, 514), /truncated/],
    [
      "a size beyond the end",
      Buffer.from(tarHeader({ type: "file", path: "x" }, 1e9)),
      /truncated/,
    ],
    [
      "a damaged header",
      Buffer.concat([good.subarray(0, 10), Buffer.from("!"), good.subarray(11)]),
      /checksum/,
    ],
  ];
  for (const [what, bytes, words] of table) {
    test(what, async () => {
      const path = join(TOP, "bad.tar");
      writeFileSync(path, bytes);
      const line = await openTarIndex(store, path).then(String, describeFault);
      expect(line).toMatch(words);
      expect(line).toStartWith("open ");
      expect(readdirSync(copies)).toEqual([]);
    });
  }
  test("a directory, and what is not there", async () => {
    const says = (path: string): Promise<string> =>
      openTarIndex(store, path).then(String, describeFault);
    expect(await says(TOP)).toContain("not a file");
    expect(await says(join(TOP, "none.tar"))).toContain("no such file");
  });
  test("a name that leaves the archive is not in it", async () => {
    const path = join(TOP, "escape.tar");
    writeFileSync(path, writeTar([{ type: "file", path: "../x", content: Buffer.from("x") }]));
    using index = await openTarIndex(store, path);
    expect(index.has("../x")).toBe(false);
    expect(index.has("x")).toBe(false);
  });
});
