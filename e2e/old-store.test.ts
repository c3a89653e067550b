/**
 * A data directory that rkt 1.30 made: recognised, left alone, and its images taken over. It is
 * made here as that version leaves it: records in `cas/db/ql.db`, and plain archives named by their
 * ids.
 */
import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { busyboxAci } from "./fixtures/aci.ts";
import { refused, succeeded } from "./harness/expectations.ts";
import { feature } from "./harness/feature.ts";

feature("a store of rkt 1.30", {}, (world) => {
  /** Writes the directory; damage may change the bytes of a blob that keeps its name. */
  function oldStore(name: string, acis: readonly Buffer[], damage = (bytes: Buffer) => bytes) {
    const directory = join(world().directory, name);
    mkdirSync(join(directory, "cas/db"), { recursive: true });
    writeFileSync(join(directory, "cas/db/ql.db"), "\x00rkt");
    const ids = acis.map((bytes) => {
      const hex = createHash("sha512").update(bytes).digest("hex").slice(0, 64);
      const place = join(directory, "cas/blob/sha512", hex.slice(0, 2));
      mkdirSync(place, { recursive: true });
      writeFileSync(join(place, `sha512-${hex}`), damage(bytes), { mode: 0o600 });
      return `sha512-${hex}`;
    });
    return { directory, ids };
  }

  const aci = (name: string, dependencies: readonly string[] = []): Buffer => {
    const manifest = { dependencies: dependencies.map((imageName) => ({ imageName })) };
    return gunzipSync(busyboxAci({ name, manifest }));
  };

  const importing = (directory: string) => {
    const data = `${directory}-new`;
    return {
      data,
      finished: world().rkt(["image", "import-store", directory], { data }),
    };
  };

  test("is refused with the way out", async () => {
    const { directory } = oldStore("refused", [aci("example.test/one")]);
    const finished = await world().rkt(["image", "list"], { data: directory });
    expect(refused(finished)).toBe(
      `list: cannot open store: open "${directory}/cas": rkt 1.30 made it`,
    );
    expect(finished.stderr).toContain(
      `mv ${directory} ${directory}-1.30 && rkt image import-store ${directory}-1.30`,
    );
    const itself = await world().rkt(["image", "import-store", directory], { data: directory });
    expect(refused(itself)).toContain("it is the data directory itself");
  });

  test("its images come in under their ids, with those that they stand on, and run", async () => {
    const images = [aci("example.test/top", ["example.test/base"]), aci("example.test/base")];
    const { directory, ids } = oldStore("good", images);
    const { data, finished } = importing(directory);
    const out = succeeded(await finished);
    expect(out.trim().split("\n").sort()).toEqual(ids.map((id) => id.slice(0, 39)).sort());
    const argv = ["image", "list", "--no-legend", "--full", "--fields=id,verification"];
    const list = succeeded(await world().rkt(argv, { data }));
    for (const id of ids) expect(list).toContain(`${id}\timported\n`);
    const run = ["run", "--net=none", "example.test/top", "--exec=/bin/sh", "--", "-c", "echo it"];
    expect(succeeded(await world().rkt(run, { data }))).toBe("it\n");
  });

  describe("leaves out", () => {
    const cases: readonly (readonly [string, () => { directory: string }, string])[] = [
      [
        "an image whose bytes are not what its name says",
        () =>
          oldStore("damaged", [aci("example.test/damaged")], (bytes) => {
            const changed = Buffer.from(bytes);
            changed.write("9", changed.lastIndexOf("hello") + 1);
            return changed;
          }),
        "its content has the id",
      ],
      ["a blob that is no archive", () => oldStore("text", [Buffer.from("text")]), "left out"],
      [
        "an image that stands on one that is not there",
        () => oldStore("alone", [aci("example.test/alone", ["example.test/nowhere"])]),
        "example.test/nowhere",
      ],
    ];
    for (const [name, make, message] of cases) {
      test(name, async () => {
        const { data, finished } = importing(make().directory);
        const { status, stdout, stderr } = await finished;
        expect({ status, stdout }).toEqual({ status: 254, stdout: "" });
        expect(stderr).toContain(message);
        expect(stderr).toContain("import-store: 0 image(s) successfully imported");
        const list = await world().rkt(["image", "list", "--no-legend"], { data });
        expect(succeeded(list)).toBe("");
      });
    }
  });

  test("a directory that is none is refused", async () => {
    const line = refused(await world().rkt(["image", "import-store", "/etc"]));
    expect(line).toBe('import-store: import "/etc": it is no data directory of rkt 1.30');
  });
});
