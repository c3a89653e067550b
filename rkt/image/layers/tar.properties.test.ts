/**
 * What holds for every archive, damaged ones too: the reader ends, with entries or with a fault.
 */
import { expect, test } from "bun:test";
import { Fault } from "@shared/base";
import fc from "fast-check";
import { decompress } from "./decompress.ts";
import { placeOf } from "./layer-place.ts";
import { TarReader } from "./tar.ts";
import { byteString, type TarEntry } from "./tar-entry.ts";
import { formatPax, parsePax } from "./tar-pax.ts";
import { type NewTarFile, writeTar } from "./tar-writer.ts";

interface Found {
  readonly entry: TarEntry;
  readonly content: Buffer[];
}

/** Entries with their content, the archive arriving in pieces of `step` bytes. */
function read(archive: Uint8Array, step: number): Found[] {
  const found: Found[] = [];
  const reader = new TarReader({
    entry: (entry) => found.push({ entry, content: [] }),
    data: (chunk) => found.at(-1)?.content.push(Buffer.from(chunk)),
    end: () => undefined,
  });
  for (let at = 0; at < archive.length; at += step) reader.write(archive.subarray(at, at + step));
  reader.finish();
  return found;
}

const segment = fc
  .string({ unit: "grapheme", minLength: 1, maxLength: 60 })
  .map((text) => text.replace(/[\0/]/g, "_").toWellFormed())
  .filter((text) => text !== "." && text !== "..");
const path = fc.array(segment, { minLength: 1, maxLength: 6 }).map((parts) => parts.join("/"));
const file: fc.Arbitrary<NewTarFile> = fc.record({
  type: fc.constant("file" as const),
  path,
  content: fc.uint8Array({ maxLength: 2000 }),
  uid: fc.nat(0xffff_fffe),
  mode: fc.nat(0o7777),
  mtimeSeconds: fc.integer({ min: -1e10, max: 1e11 }),
  xattrs: fc.array(
    fc.record({
      name: segment.map((name) => `user.${name}`),
      value: fc.uint8Array({ minLength: 1, maxLength: 100 }),
    }),
    { maxLength: 2 },
  ),
});
const link: fc.Arbitrary<NewTarFile> = fc.record({
  type: fc.constantFrom("symlink" as const, "hard-link" as const),
  path,
  linkPath: path,
});
const archives = fc.array(fc.oneof(file, link), { minLength: 1, maxLength: 8 });

test("what was written is read, whatever the pieces", () => {
  fc.assert(
    fc.property(archives, fc.integer({ min: 1, max: 3000 }), (entries, step) => {
      const found = read(writeTar(entries), step);
      expect(found.map(({ entry }) => entry.path)).toEqual(
        entries.map((entry) => byteString(entry.path)),
      );
      expect(found.map(({ entry }) => entry.linkPath)).toEqual(
        entries.map((entry) => byteString(entry.linkPath ?? "")),
      );
      expect(found.map(({ content }) => Buffer.concat(content))).toEqual(
        entries.map(({ content }) => Buffer.from(content ?? [])),
      );
    }),
    { numRuns: 150 },
  );
});

const damage = fc.array(fc.tuple(fc.nat(100_000), fc.nat(255)), { minLength: 1, maxLength: 20 });

test("a damaged archive ends with a fault or as an archive, the same in all pieces", () => {
  fc.assert(
    fc.property(archives, damage, fc.integer({ min: 1, max: 3000 }), (entries, places, step) => {
      const bytes = Buffer.from(writeTar(entries));
      for (const [at, value] of places) bytes[at % bytes.length] = value;
      expect(outcome(() => read(bytes, step))).toEqual(outcome(() => read(bytes, bytes.length)));
    }),
    { numRuns: 300 },
  );
});

/** What came of it; anything but a fault of the two kinds is a defect. */
function outcome(work: () => Found[]): unknown {
  try {
    return work().map(({ entry, content }) => [entry, Buffer.concat(content)]);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    expect(["corrupt", "unsupported"]).toContain(error.kind);
    return error.message;
  }
}

test("no name is a place outside of the tree", () => {
  const part = fc.oneof(segment, fc.constantFrom("..", ".", "", ".wh.x", ".wh...", ".wh..wh..opq"));
  fc.assert(
    fc.property(fc.array(part), fc.constantFrom("aci" as const, "oci" as const), (parts, form) => {
      try {
        const place = placeOf(form, parts.join("/"));
        if ("path" in place) {
          const names = place.path === "" ? [] : place.path.split("/");
          expect(names.filter((name) => ["", ".", ".."].includes(name))).toEqual([]);
        }
      } catch (error) {
        expect((error as Fault).kind).toBe("invalid");
      }
    }),
  );
});

test("records of an extended header come back", () => {
  const value = fc.uint8Array({ maxLength: 300 });
  fc.assert(
    fc.property(fc.uniqueArray(segment, { maxLength: 5 }), value, (names, bytes) => {
      const records = names
        .filter((name) => !/[=%]/.test(name))
        .map((name) => [`SCHILY.xattr.user.${name}`, bytes] as const);
      const { values } = parsePax(formatPax(records));
      expect([...values]).toEqual(records.map(([key, each]) => [key, Buffer.from(each)]));
    }),
  );
});

test("whatever the bytes, decompression ends with bytes or a fault", async () => {
  const magic = fc.constantFrom([0x1f, 0x8b, 8, 0], [0x28, 0xb5, 0x2f, 0xfd], []);
  await fc.assert(
    fc.asyncProperty(magic, fc.uint8Array({ maxLength: 400 }), async (beginning, rest) => {
      const bytes = Uint8Array.from([...beginning, ...rest]);
      try {
        const { output } = await decompress(one(bytes));
        for await (const chunk of output) expect(chunk.length).toBeGreaterThan(0);
      } catch (error) {
        expect((error as Fault).kind).toBe("corrupt");
      }
    }),
    { numRuns: 150, examples: [[[], new Uint8Array(0)]] },
  );
});

async function* one(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
