import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { Fault, MiB } from "@shared/base";
import { kernel } from "@shared/linux";
import { bytesOf, type TarEntryType } from "./tar-entry.ts";
import { type NewTarFile, TAR_END, tarHeader, writeTar } from "./tar-writer.ts";
import { type UnpackOptions, type UnpackResult, unpackLayer } from "./unpack.ts";

const root = process.getuid?.() === 0;
const scratch = fs.mkdtempSync(join(tmpdir(), "rkt-unpack-"));
afterAll(() => fs.rmSync(scratch, { recursive: true }));

const host = { self: [process.execPath, join(import.meta.dir, "testdata/unpack-main.ts")] };
let made = 0;

async function* inPieces(bytes: Uint8Array, size = 65_536): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

interface Unpacked extends UnpackResult {
  readonly at: (path: string) => string;
}

async function unpack(
  archive: Uint8Array,
  options: Partial<UnpackOptions> = {},
): Promise<Unpacked> {
  const target = join(scratch, `target-${made++}`);
  fs.mkdirSync(target);
  const given = { format: "oci", ...options } as const;
  const result = await unpackLayer(host, inPieces(archive), target, given);
  return { ...result, at: (path) => join(target, path) };
}

async function faultOf(unpacking: Promise<unknown>): Promise<Fault> {
  try {
    await unpacking;
  } catch (error) {
    return error as Fault;
  }
  throw new Error("it was unpacked without a fault");
}

const file = (path: string, content = ""): NewTarFile => ({
  type: "file",
  path,
  content: Buffer.from(content),
});
const directory = (path: string): NewTarFile => ({ type: "directory", path });
const symlink = (path: string, linkPath: string): NewTarFile => ({
  type: "symlink",
  path,
  linkPath,
});

interface Node {
  readonly what: string;
  readonly xattrs: readonly string[];
}

/** Everything of a tree that an archive can tell, by path; names as bytes. */
function describeTree(top: string): Map<string, Node> {
  const nodes = new Map<string, Node>();
  const names = new Map<bigint, string>();
  const visit = (path: Buffer): void => {
    const stat = fs.lstatSync(path, { bigint: true });
    const name = path.toString("latin1").slice(top.length);
    const kind = [stat.mode.toString(8), stat.uid, stat.gid, stat.rdev, stat.mtimeNs].join(" ");
    const size = stat.isDirectory() ? "-" : stat.size;
    const first = names.get(stat.ino) ?? name;
    names.set(stat.ino, first);
    const link = stat.isSymbolicLink() ? fs.readlinkSync(path, "latin1") : "";
    const content = stat.isFile() ? Bun.hash(fs.readFileSync(path)) : "";
    const blocks = stat.isFile() ? stat.blocks < stat.size / 1024n : "";
    const ascii = /^[ -~]*$/.test(name);
    const xattrs = ascii && !stat.isSymbolicLink() ? kernel.listXattrs(path.toString()) : [];
    nodes.set(name, {
      what: [kind, size, first, link, content, blocks].join(" "),
      xattrs: xattrs
        .sort()
        .map(
          (key) =>
            `${key}=${Buffer.from(kernel.getXattr(path.toString(), key) ?? "").toString("hex")}`,
        ),
    });
    if (!stat.isDirectory()) return;
    const entries = fs.readdirSync(path, { encoding: "buffer" });
    entries.sort((a, b) => Buffer.compare(a, b));
    for (const entry of entries) visit(Buffer.concat([path, Buffer.from("/"), entry]));
  };
  visit(Buffer.from(top));
  return nodes;
}

/** One of everything that a root file system can have. */
function makeTree(top: string): void {
  const at = (path: string): string => join(top, path);
  fs.mkdirSync(at("deep/er/still"), { recursive: true });
  fs.writeFileSync(at("deep/er/still/file"), "x".repeat(100_000));
  fs.writeFileSync(at("setuid"), "#!/bin/sh\n");
  fs.chownSync(at("setuid"), 12, 34);
  fs.chmodSync(at("setuid"), 0o6755);
  fs.linkSync(at("setuid"), at("deep/other-name"));
  fs.symlinkSync("/etc/../nowhere", at("link"));
  fs.lchownSync(at("link"), 7, 8);
  fs.mkdirSync(at("sticky"));
  fs.chmodSync(at("sticky"), 0o1777);
  fs.mkdirSync(at("setgid"));
  fs.chownSync(at("setgid"), 0, 50);
  fs.chmodSync(at("setgid"), 0o2775);
  fs.writeFileSync(at("setgid/inside"), "");
  fs.writeFileSync(at("no-rights"), "secret");
  fs.chmodSync(at("no-rights"), 0);
  kernel.mknod(at("null"), fs.constants.S_IFCHR | 0o666, { major: 1, minor: 3 });
  kernel.mknod(at("disk"), fs.constants.S_IFBLK | 0o660, { major: 259, minor: 70_000 });
  kernel.mknod(at("pipe"), fs.constants.S_IFIFO | 0o600, { major: 0, minor: 0 });
  fs.writeFileSync(at("sparse"), "begin");
  fs.truncateSync(at("sparse"), 8 * MiB);
  fs.appendFileSync(at("sparse"), "end");
  fs.writeFileSync(at("capable"), "binary");
  const capability = Buffer.from("0100000200040000000000000000000000000000", "hex");
  kernel.setXattr(at("capable"), "security.capability", capability);
  kernel.setXattr(at("capable"), "user.any", Uint8Array.of(0, 10, 61, 200));
  kernel.setXattr(at("sticky"), "user.of-directory", Buffer.from("yes"));
  fs.writeFileSync(bytesOf(`${top}/not-utf8-\u00ff\u00fe`), "bytes");
  fs.writeFileSync(at(`${"long-".repeat(45)}name`), "long");
  kernel.setTimes(at("link"), { seconds: 1_000_000_000, nanoseconds: 123_456_789 });
  kernel.setTimes(at("no-rights"), { seconds: -5, nanoseconds: 999_999_999 });
  kernel.setTimes(at("deep/er"), { seconds: 77, nanoseconds: 1 });
}

describe.skipIf(!root)(`beside GNU tar${root ? "" : " (skipped: needs root)"}`, () => {
  const source = join(scratch, "source");
  beforeAll(() => {
    fs.mkdirSync(source);
    makeTree(source);
  });
  const xattrs = ["--xattrs", "--xattrs-include=*"];
  for (const options of [
    ["--format=posix", ...xattrs],
    ["--format=posix", "-S", ...xattrs],
    ["--format=posix", "-S", "--sparse-version=0.0", ...xattrs],
    ["--format=gnu", "-S"],
    ["--format=posix", "-z", ...xattrs],
  ]) {
    test(`the same tree of ${options.join(" ")}`, async () => {
      const made = Bun.spawnSync(["tar", "-C", source, ...options, "-cf", "-", "."]);
      expect(made.stderr.toString()).toBe("");
      const theirs = join(scratch, `theirs-${options.join("")}`);
      fs.mkdirSync(theirs);
      const extract = ["tar", "-C", theirs, "-xp", "--numeric-owner", ...xattrs];
      const gnu = Bun.spawnSync([...extract, ...options.filter((o) => o === "-z")], {
        stdin: made.stdout,
      });
      expect(gnu.stderr.toString()).not.toContain("rror");
      const ours = await unpack(made.stdout);
      const expected = describeTree(theirs);
      expect(expected.size).toBe(describeTree(source).size);
      expect(describeTree(ours.at(""))).toEqual(expected);
    });
  }

  test("digests are those of the plain archive, padding included", async () => {
    const plain = Buffer.concat([writeTar([file("a", "b")]), Buffer.alloc(9000)]);
    const result = await unpack(Bun.gzipSync(Buffer.from(plain)), {
      digests: ["sha256", "sha512"],
    });
    for (const name of ["sha256", "sha512"] as const) {
      expect(result.digests[name]).toBe(new Bun.CryptoHasher(name).update(plain).digest("hex"));
    }
    expect([result.files, result.bytes]).toEqual([1, plain.length]);
    expect(Object.keys((await unpack(plain)).digests)).toEqual([]);
  });
});

const isWhiteout = (path: string): boolean => {
  const stat = fs.lstatSync(path);
  return stat.isCharacterDevice() && stat.rdev === 0;
};
const opaque = (path: string): string =>
  Buffer.from(kernel.getXattr(path, "trusted.overlay.opaque") ?? "").toString();

describe.skipIf(!root)(`one layer${root ? "" : " (skipped: needs root)"}`, () => {
  test("whiteouts become those of overlayfs", async () => {
    const { at } = await unpack(
      writeTar([
        file("a/.wh.gone"),
        directory("b"),
        file("b/.wh..wh..opq"),
        file("b/own", "stays"),
        file("c/.wh..wh..opq"),
        file(".wh..wh.plnk"),
      ]),
    );
    expect(isWhiteout(at("a/gone"))).toBe(true);
    expect(opaque(at("b"))).toBe("y");
    expect(opaque(at("c"))).toBe("y");
    expect(fs.readFileSync(at("b/own"), "utf8")).toBe("stays");
    expect(fs.readdirSync(at("")).sort()).toEqual(["a", "b", "c"]);
  });

  test("a whiteout hides what lower layers have, not what this one has", async () => {
    const { at } = await unpack(
      writeTar([
        file("file", "mine"),
        file(".wh.file"),
        file("dir/mine", "mine"),
        file(".wh.dir"),
        file(".wh.later"),
        file("later/mine", "mine"),
        file(".wh.newfile"),
        file("newfile", "mine"),
      ]),
    );
    for (const path of ["file", "dir/mine", "later/mine", "newfile"]) {
      expect(fs.readFileSync(at(path), "utf8")).toBe("mine");
    }
    expect([opaque(at("dir")), opaque(at("later"))]).toEqual(["y", "y"]);
  });

  test("a later entry replaces an earlier one, of whatever type", async () => {
    const types: readonly TarEntryType[] = ["file", "directory", "symlink", "fifo"];
    for (const first of types) {
      for (const second of types) {
        const { at } = await unpack(
          writeTar([
            { type: first, path: "x", linkPath: "old" },
            ...(first === "directory" ? [file("x/inside")] : []),
            { type: second, path: "x", linkPath: "new", uid: 5 },
          ]),
        );
        const stat = fs.lstatSync(at("x"));
        expect(stat.uid).toBe(5);
        expect(stat.isFile()).toBe(second === "file");
        expect(stat.isDirectory()).toBe(second === "directory");
        expect(stat.isFIFO()).toBe(second === "fifo");
        if (second === "symlink") expect(fs.readlinkSync(at("x"))).toBe("new");
      }
    }
  });

  test("directories that are not named belong to root, 0755", async () => {
    const { at } = await unpack(
      writeTar([{ type: "directory", path: "g", gid: 9, mode: 0o2777 }, file("g/a/b/c")]),
    );
    const stat = fs.statSync(at("g/a/b"));
    expect([stat.uid, stat.gid, stat.mode & 0o7777]).toEqual([0, 0, 0o755]);
  });

  test("attributes that overlayfs takes for its own are left out", async () => {
    const xattrs = ["trusted.overlay.opaque", "user.overlay.opaque", "trusted.x", "user.x"];
    const { at } = await unpack(
      writeTar([
        { ...directory("d"), xattrs: xattrs.map((name) => ({ name, value: Buffer.from("y") })) },
      ]),
    );
    expect(kernel.listXattrs(at("d"))).toEqual(["user.x"]);
  });
});

describe.skipIf(!root)(`an ACI${root ? "" : " (skipped: needs root)"}`, () => {
  const manifest = file("manifest", '{"acKind":"ImageManifest"}');
  test("gives its manifest and the tree below rootfs", async () => {
    const { at, manifest: read } = await unpack(
      writeTar([
        manifest,
        { ...directory("rootfs"), mode: 0o711, mtimeSeconds: 99 },
        file("rootfs/.wh.kept", "no whiteouts here"),
        { type: "hard-link", path: "rootfs/hard", linkPath: "rootfs/.wh.kept" },
      ]),
      { format: "aci" },
    );
    expect(Buffer.from(read ?? "").toString()).toBe('{"acKind":"ImageManifest"}');
    expect(fs.readdirSync(at("")).sort()).toEqual([".wh.kept", "hard"]);
    expect(fs.lstatSync(at("hard")).nlink).toBe(2);
    const top = fs.statSync(at(""));
    expect([top.mode & 0o7777, top.mtimeMs]).toEqual([0o711, 99_000]);
  });
  const rows: readonly (readonly [string, NewTarFile[], string, string])[] = [
    ["another name at the top", [file("extra")], "invalid", 'file path in layout: "extra"'],
    ["a name like rootfs", [file("rootfs2/x")], "invalid", 'file path in layout: "rootfs2/x"'],
    ["two manifests", [manifest, manifest], "invalid", "duplicate file entry"],
    ["a file twice", [file("rootfs/a"), file("rootfs/a")], "invalid", "duplicate file entry"],
    ["a directory twice", [directory("rootfs/a"), directory("rootfs/a")], "invalid", "duplicate"],
    ["a directory as manifest", [directory("manifest")], "invalid", "manifest is not a file"],
    ["a file as rootfs", [file("rootfs")], "invalid", "rootfs is not a directory"],
    ["a manifest of 2 MiB", [file("manifest", " ".repeat(2 * MiB))], "exhausted", "too large"],
    [
      "a hard link to the manifest",
      [manifest, { type: "hard-link", path: "rootfs/m", linkPath: "manifest" }],
      "invalid",
      "no file of the layer",
    ],
  ];
  for (const [name, entries, kind, message] of rows) {
    test(`is refused with ${name}`, async () => {
      const fault = await faultOf(unpack(writeTar(entries), { format: "aci" }));
      expect(fault.message).toContain(message);
      expect(fault.kind as string).toBe(kind);
    });
  }
});

describe.skipIf(!root)(`hostile archives${root ? "" : " (skipped: needs root)"}`, () => {
  const outside = join(scratch, "outside");
  beforeAll(() => {
    fs.mkdirSync(outside);
    fs.writeFileSync(join(outside, "victim"), "untouched", { mode: 0o600 });
  });
  const victim = join(outside, "victim");
  /** Each tries to write to the victim, to change it, or to make something beside it. */
  const rows: readonly (readonly [string, NewTarFile[]])[] = [
    ["..", [file("../outside/victim", "pwned")]],
    [".. in the middle", [directory("a"), file("a/../../outside/victim", "pwned")]],
    ["an absolute name", [file(victim, "pwned")]],
    [
      "an absolute link, then a file through it",
      [symlink("l", outside), file("l/victim", "pwned")],
    ],
    ["a relative link", [symlink("l", "../outside"), file("l/victim", "pwned")]],
    ["a chain of links", [symlink("a", ".."), symlink("a/b", "../outside"), file("b/victim", "p")]],
    ["a link as the last part", [symlink("l", victim), file("l", "pwned")]],
    ["a hard link outside", [{ type: "hard-link", path: "h", linkPath: victim }]],
    ["a hard link by ..", [{ type: "hard-link", path: "h", linkPath: "../outside/victim" }]],
    [
      "a hard link to a link, then a file",
      [symlink("l", victim), { type: "hard-link", path: "h", linkPath: "l" }, file("h", "pwned")],
    ],
    ["rights of a directory through a link", [symlink("l", outside), directory("l")]],
    ["a whiteout through a link", [symlink("l", outside), file("l/.wh.victim")]],
    ["an opaque mark through a link", [symlink("l", outside), file("l/.wh..wh..opq")]],
    ["a whiteout of ..", [file("a/.wh...")]],
    ["the link root directory itself", [symlink(".", outside), file("victim", "pwned")]],
  ];
  for (const [name, entries] of rows) {
    test(name, async () => {
      const before = describeTree(outside);
      const outcome = await unpack(writeTar(entries)).then(
        () => undefined,
        (error: unknown) => error as Fault,
      );
      expect(describeTree(outside)).toEqual(before);
      if (outcome !== undefined) expect(["invalid", "not-found"]).toContain(outcome.kind);
    });
  }

  test("10 GB of zeros end at the limit", async () => {
    async function* bomb(): AsyncGenerator<Uint8Array> {
      yield tarHeader({ type: "file", path: "zeros" }, 10_000_000_000);
      const zeros = new Uint8Array(MiB);
      for (let i = 0; i < 10_000; i++) yield zeros;
    }
    const target = join(scratch, "bomb");
    fs.mkdirSync(target);
    const options = { format: "oci", bytesMax: 32 * MiB } as const;
    const fault = await faultOf(unpackLayer(host, bomb(), target, options));
    expect([fault.kind, fault.message]).toEqual([
      "exhausted",
      "unpack the archive: it holds more than 32MiB",
    ]);
    expect(fs.statSync(join(target, "zeros")).size).toBeLessThan(34 * MiB);
  });

  test("too many entries end at the limit", async () => {
    const many = writeTar(Array.from({ length: 3000 }, (_, i) => file(`f${i}`)));
    const fault = await faultOf(unpack(many, { entriesMax: 1000 }));
    expect(fault.message).toBe("unpack the archive: it holds more than 1000 entries");
  });

  test("a truncated or damaged archive is corrupt, compressed or not", async () => {
    const plain = writeTar([file("a", "x".repeat(5000)), file("b")]);
    const zipped = Bun.gzipSync(Buffer.from(plain));
    const cut = plain.subarray(0, 3000);
    for (const bytes of [
      cut,
      Bun.gzipSync(Buffer.from(cut)),
      zipped.subarray(0, zipped.length - 9),
    ]) {
      expect((await faultOf(unpack(bytes))).kind).toBe("corrupt");
    }
    expect((await faultOf(unpack(Buffer.from("<html>not found</html>")))).kind).toBe("corrupt");
    expect((await faultOf(unpack(new Uint8Array(0)))).message).toContain("it is empty");
  });
});

test.skipIf(!root)("the input is read to its end, whatever follows the archive", async () => {
  const zipped = Bun.gzipSync(Buffer.from(writeTar([file("a")])));
  let ended = false;
  async function* followed(): AsyncGenerator<Uint8Array> {
    yield zipped;
    for (let i = 0; i < 50; i++) yield new Uint8Array(MiB);
    ended = true;
  }
  const target = join(scratch, "followed");
  fs.mkdirSync(target);
  const { files } = await unpackLayer(host, followed(), target, { format: "oci" });
  expect([files, ended]).toEqual([1, true]);
});

describe.skipIf(!root)(`what comes in between${root ? "" : " (skipped: needs root)"}`, () => {
  test("a failure of the input is thrown as it is", async () => {
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield writeTar([file("a")]).subarray(0, 512);
      throw new Fault("unavailable", "the network has gone");
    }
    const target = join(scratch, "failing");
    fs.mkdirSync(target);
    const fault = await faultOf(unpackLayer(host, failing(), target, { format: "oci" }));
    expect(fault.message).toBe("the network has gone");
  });

  test("an abort ends a transfer that hangs", async () => {
    const abort = new AbortController();
    async function* hanging(): AsyncGenerator<Uint8Array> {
      yield writeTar([file("a", "b".repeat(600))]).subarray(0, 1024);
      abort.abort();
      await new Promise(() => {});
    }
    const target = join(scratch, "hanging");
    fs.mkdirSync(target);
    const options = { format: "oci", signal: abort.signal } as const;
    const fault = await faultOf(unpackLayer(host, hanging(), target, options));
    expect(fault.kind).toBe("canceled");
  });

  test("a process that cannot start says so", async () => {
    const self = ["/bin/false"];
    const target = join(scratch, "false");
    fs.mkdirSync(target);
    const fault = await faultOf(
      unpackLayer({ self }, inPieces(TAR_END), target, { format: "oci" }),
    );
    expect(fault.message).toBe("unpack the archive: its process ended with status 1");
  });
});
