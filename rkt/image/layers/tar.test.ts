import { afterAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Fault } from "@shared/base";
import { TarReader } from "./tar.ts";
import { byteString, readable, type TarEntry } from "./tar-entry.ts";
import { formatPax } from "./tar-pax.ts";
import { type NewTarFile, TAR_END, tarHeader, tarPadding, writeTar } from "./tar-writer.ts";

interface Read {
  readonly entry: TarEntry;
  readonly content: Buffer;
}

/** Entries with their content, holes as zeros; the archive arrives in pieces of `step` bytes. */
function readAll(archive: Uint8Array, step: number = archive.length): Read[] {
  const found: { entry: TarEntry; content: Buffer; ended: boolean }[] = [];
  const reader = new TarReader({
    entry: (entry) => {
      expect(found.at(-1)?.ended ?? true).toBe(true);
      found.push({ entry, content: Buffer.alloc(Math.min(entry.size, 1 << 25)), ended: false });
    },
    data: (chunk, offset) => {
      expect(Buffer.from(chunk).copy(found.at(-1)?.content ?? Buffer.alloc(0), offset)).toBe(
        chunk.length,
      );
    },
    end: () => {
      const last = found.at(-1);
      if (last !== undefined) last.ended = true;
    },
  });
  for (let at = 0; at < archive.length; at += step) reader.write(archive.subarray(at, at + step));
  reader.finish();
  return found;
}

function faultOf(archive: Uint8Array): Fault {
  try {
    readAll(archive);
  } catch (error) {
    return error as Fault;
  }
  throw new Error("the archive was read without a fault");
}

const LONG = `${"directory-with-a-long-name/".repeat(9)}file`;
const MIXED: readonly NewTarFile[] = [
  { type: "directory", path: "bin", mode: 0o1777 },
  { type: "file", path: "bin/sh", mode: 0o4755, content: Buffer.from("#!"), mtimeSeconds: 77 },
  { type: "file", path: "empty" },
  { type: "file", path: "full-block", content: Buffer.alloc(1024, 7) },
  { type: "file", path: LONG, content: Buffer.from("long") },
  { type: "symlink", path: "link", linkPath: `/${LONG}` },
  { type: "hard-link", path: "hard", linkPath: "bin/sh" },
  { type: "file", path: "größe", uid: 3_000_000, gid: 4_000_000_000, content: Buffer.from("u") },
  { type: "character-device", path: "null", device: { major: 1, minor: 3 }, mode: 0o666 },
  { type: "fifo", path: "pipe" },
  {
    type: "file",
    path: "caps",
    xattrs: [
      { name: "user.any=thing%", value: Uint8Array.of(0, 10, 61, 255, 0) },
      { name: "security.capability", value: Uint8Array.of(1, 0, 0, 2) },
    ],
  },
];

describe("what the writer writes", () => {
  for (const step of [1, 7, 511, 512, 513, 100_000]) {
    test(`the reader reads, in pieces of ${step} bytes`, () => {
      const read = readAll(writeTar(MIXED), step);
      expect(read.length).toBe(MIXED.length);
      read.forEach(({ entry, content }, index) => {
        const wrote = MIXED[index] as NewTarFile;
        const slash = wrote.type === "directory" ? "/" : "";
        expect(readable(entry.path)).toBe(wrote.path + slash);
        expect(entry.type).toBe(wrote.type);
        expect(entry.linkPath).toBe(byteString(wrote.linkPath ?? ""));
        expect([entry.uid, entry.gid]).toEqual([wrote.uid ?? 0, wrote.gid ?? 0]);
        if (wrote.mode !== undefined) expect(entry.mode).toBe(wrote.mode);
        expect(entry.mtime).toEqual({ seconds: wrote.mtimeSeconds ?? 0, nanoseconds: 0 });
        expect(entry.device).toEqual(wrote.device ?? { major: 0, minor: 0 });
        expect(entry.xattrs.map(({ name, value }) => [name, [...value]])).toEqual(
          (wrote.xattrs ?? []).map(({ name, value }) => [name, [...value]]),
        );
        expect(content).toEqual(Buffer.from(wrote.content ?? []));
      });
    });
  }

  test("is the same for the same entries", () => {
    expect(writeTar(MIXED)).toEqual(writeTar(MIXED));
  });
});

/** An entry with an extended header made by hand. */
function withPax(records: [string, string | Uint8Array][], flag = "x", content = ""): Buffer {
  const body = formatPax(records);
  const header = Buffer.from(tarHeader({ type: "file", path: "pax" }, body.length));
  const data = Buffer.from(content);
  return Buffer.concat([
    withFlag(header, flag),
    body,
    tarPadding(body.length),
    tarHeader({ type: "file", path: "plain" }, data.length),
    data,
    tarPadding(data.length),
  ]);
}

function withFlag(header: Buffer, flag: string): Buffer {
  header.write(flag, 156, "latin1");
  return withSum(header);
}

function withSum(header: Buffer): Buffer {
  header.fill(" ", 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\u0000 `, 148, "latin1");
  return header;
}

describe("extended headers", () => {
  test("give a time in nanoseconds, also before 1970", () => {
    const times = ["1350244992.023960108", "-1.25", "-3", "12.5", "7.1234567891234"];
    const read = readAll(Buffer.concat(times.map((mtime) => withPax([["mtime", mtime]]))));
    expect(read.map(({ entry }) => entry.mtime)).toEqual([
      { seconds: 1_350_244_992, nanoseconds: 23_960_108 },
      { seconds: -2, nanoseconds: 750_000_000 },
      { seconds: -3, nanoseconds: 0 },
      { seconds: 12, nanoseconds: 500_000_000 },
      { seconds: 7, nanoseconds: 123_456_789 },
    ]);
  });

  test("of the whole archive count until a local one or an empty value says otherwise", () => {
    const archive = Buffer.concat([
      withPax(
        [
          ["uid", "5"],
          ["gid", "6"],
        ],
        "g",
      ),
      withPax([["uid", "7"]]),
      withPax([["gid", ""]]),
    ]);
    const ids = readAll(archive).map(({ entry }) => [entry.uid, entry.gid]);
    expect(ids).toEqual([
      [5, 6],
      [7, 6],
      [5, 0],
    ]);
  });

  test("hold names that are not UTF-8, unchanged", () => {
    const name = Uint8Array.of(0x61, 0xff, 0xfe, 0x2f, 0x62);
    const [read] = readAll(withPax([["path", name]]));
    expect(Buffer.from(read?.entry.path ?? "", "latin1")).toEqual(Buffer.from(name));
  });
});

test("numbers in base 256 are read, negative ones too", () => {
  const header = Buffer.from(tarHeader({ type: "file", path: "f" }, 0));
  header.fill(0, 108, 116);
  header[108] = 0x80;
  header.writeUInt32BE(3_000_000_000, 112);
  header.fill(0xff, 136, 148);
  const [read] = readAll(withSum(header));
  expect(read?.entry.uid).toBe(3_000_000_000);
  expect(read?.entry.mtime.seconds).toBe(-1);
});

test("a directory of the oldest format is told by its slash", () => {
  const header = withFlag(Buffer.from(tarHeader({ type: "directory", path: "d" }, 0)), "0");
  expect(readAll(header)[0]?.entry.type).toBe("directory");
});

describe("broken archives", () => {
  const good = writeTar([{ type: "file", path: "f", content: Buffer.alloc(700, 1) }]);
  const flipped = Buffer.from(good);
  flipped[3] = 0x41;
  const sparse = (map: string): Buffer =>
    withPax(
      [
        ["GNU.sparse.map", map],
        ["GNU.sparse.size", "100"],
      ],
      "x",
      "12345",
    );
  const tooLong = Buffer.from(tarHeader({ type: "file", path: "x" }, 1024 * 1024 + 1));
  const rows: readonly (readonly [string, Uint8Array, RegExp])[] = [
    ["no byte at all", new Uint8Array(0), /is empty/],
    ["a page of a web server", Buffer.from(`<html>${" ".repeat(600)}`), /not octal|checksum/],
    ["less than one block", Buffer.from("hello"), /truncated/],
    ["a changed byte in a header", flipped, /checksum/],
    ["a name announced, no entry", withPax([["path", "x"]]).subarray(0, 1024), /truncated/],
    ["an extended header of 1 MiB and 1 byte", withFlag(tooLong, "x"), /too large/],
    ["a record longer than its header", withPax([["path", "x"]]).fill("99", 512, 514), /malformed/],
    ["a user id below 0", withPax([["uid", "-1"]]), /not one/],
    ["a user id that means nobody", withPax([["uid", "4294967295"]]), /out of range/],
    ["a name with a zero byte", withPax([["path", "a\0b"]]), /zero byte/],
    ["sparse segments that overlap", sparse("0,3,2,2"), /contradicts itself/],
    ["a sparse segment beyond the end", sparse("99,5"), /contradicts itself/],
    ["sparse segments that are not stored", sparse("0,50"), /contradicts the size/],
    ["half a sparse pair", sparse("0,5,7"), /lacks a number/],
    ["a volume of several", withFlag(Buffer.from(good.subarray(0, 512)), "M"), /not supported/],
  ];
  for (const [name, archive, message] of rows) {
    test(name, () => {
      const fault = faultOf(archive);
      expect(fault).toBeInstanceOf(Fault);
      expect(fault.message).toMatch(message);
      expect(fault.kind).toBe(/not supported/.test(fault.message) ? "unsupported" : "corrupt");
    });
  }

  test("every cut inside an entry is noticed", () => {
    for (let size = 1; size < good.length - TAR_END.length; size += 13) {
      expect(faultOf(good.subarray(0, size)).message).toMatch(/truncated/);
    }
  });
});

const scratch = mkdtempSync(join(tmpdir(), "rkt-tar-"));
afterAll(() => rmSync(scratch, { recursive: true }));

function gnuTar(args: readonly string[]): Buffer {
  const run = Bun.spawnSync(["tar", "-C", scratch, "-cf", "-", ...args]);
  expect(run.stderr.toString()).toBe("");
  return run.stdout;
}

describe("what GNU tar writes", () => {
  mkdirSync(join(scratch, "d"));
  writeFileSync(join(scratch, "d/file"), "content\n");
  symlinkSync("some/where", join(scratch, "d/link"));
  for (const format of ["v7", "ustar", "oldgnu", "gnu", "posix"]) {
    test(`in format ${format}`, () => {
      const read = readAll(gnuTar([`--format=${format}`, "--sort=name", "d"]), 1000);
      expect(read.map(({ entry }) => [entry.path, entry.type, entry.linkPath])).toEqual([
        ["d/", "directory", ""],
        ["d/file", "file", ""],
        ["d/link", "symlink", "some/where"],
      ]);
      expect(read[1]?.content.toString()).toBe("content\n");
    });
  }

  const deep = `${"n".repeat(120)}/${"m".repeat(130)}`;
  mkdirSync(join(scratch, deep), { recursive: true });
  symlinkSync("t".repeat(300), join(scratch, deep, "link"));
  for (const format of ["oldgnu", "gnu", "posix"]) {
    test(`long names and targets in format ${format}`, () => {
      const read = readAll(gnuTar([`--format=${format}`, "n".repeat(120)]));
      expect(read.at(-1)?.entry.path).toBe(`${deep}/link`);
      expect(read.at(-1)?.entry.linkPath).toBe("t".repeat(300));
    });
  }

  /** 60 islands of data: more than an old GNU header and two of its extension blocks hold. */
  const content = Buffer.alloc(60 * 65_536 + 40_000);
  for (let i = 0; i < 60; i++) content.fill(`island ${i} `, i * 65_536, i * 65_536 + 4096);
  const holey = join(scratch, "holey");
  writeFileSync(holey, "");
  truncateSync(holey, content.length);
  const file = Bun.spawnSync(["cp", "--sparse=always", "/dev/stdin", holey], { stdin: content });
  for (const options of [
    ["--format=gnu"],
    ["--format=posix", "--sparse-version=0.0"],
    ["--format=posix", "--sparse-version=0.1"],
    ["--format=posix", "--sparse-version=1.0"],
  ]) {
    test(`sparse files with ${options.join(" ")}`, () => {
      expect(file.exitCode).toBe(0);
      const archive = gnuTar(["-S", "--hole-detection=raw", ...options, "holey", "d/file"]);
      expect(archive.length).toBeLessThan(content.length / 2);
      for (const step of [archive.length, 333]) {
        const [sparse, after] = readAll(archive, step);
        expect(sparse?.entry.path).toBe("holey");
        expect(sparse?.entry.size).toBe(content.length);
        expect(sparse?.content.equals(content)).toBe(true);
        expect(after?.content.toString()).toBe("content\n");
      }
    });
  }
});
