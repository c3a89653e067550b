import { Database } from "bun:sqlite";
import { afterAll, describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { type CrashPoint, Fault, systemClock } from "@shared/base";
import { kernel } from "@shared/linux";
import type { BlobDigest, ImageId, LayerId } from "../image.ts";
import { type NewImage, openStore, type Store } from "./store.ts";

const host = { kernel, clock: systemClock };
const scratch = fs.mkdtempSync(join(tmpdir(), "rkt-store-"));
afterAll(() => fs.rmSync(scratch, { recursive: true }));
const root = process.getuid?.() === 0;
let made = 0;

function newDataDir(): string {
  return join(scratch, `data-${made++}`);
}

const NOTHING_IN_USE = { layersInUse: new Set<LayerId>() };
const layerId = (letters: string): LayerId => `sha256-${letters.repeat(64 / letters.length)}`;
const blobDigest = (letters: string): BlobDigest => `sha256:${letters.repeat(64 / letters.length)}`;
const imageId = (letters: string): ImageId => `sha512-${letters.repeat(64 / letters.length)}`;

interface Wanted {
  readonly layers?: readonly string[];
  readonly blobs?: readonly string[];
  readonly name?: string;
  readonly version?: string;
  readonly importedMs?: number;
  readonly references?: readonly string[];
  readonly aliases?: readonly string[];
}

/** Puts an image with real blobs and layers into the store; letters stand for ids. */
async function add(store: Store, letters: string, wanted: Wanted = {}): Promise<NewImage> {
  const { layers = [letters], blobs = [letters], name = "example.com/app" } = wanted;
  for (const blob of blobs) {
    const file = store.newBlobFile();
    fs.writeSync(file.fd, `blob ${blob}`);
    fs.closeSync(file.fd);
    store.addBlob(blobDigest(blob), file.path);
  }
  for (const layer of layers) {
    await store.addLayer(layerId(layer), async (directory) => {
      fs.writeFileSync(join(directory, "file"), layer);
    });
  }
  const labels = [{ name: "version", value: wanted.version ?? "1" }];
  const image: NewImage = {
    id: imageId(letters),
    format: "oci",
    name: `${name}:${wanted.version ?? "1"}`,
    manifest: { acKind: "ImageManifest", acVersion: "0.8.11", name, labels },
    layers: layers.map(layerId),
    blobs: blobs.map(blobDigest),
    sizeBytes: 7,
    importedMs: wanted.importedMs ?? 1000,
    verification: { kind: "signature", fingerprint: "f".repeat(40), identity: "Me <me@x>" },
    references: wanted.references ?? [],
    aliases: wanted.aliases ?? [],
  };
  store.addImage(image);
  return image;
}

/** Files and directories below cas, without the database and the locks. */
function contentOf(dataDir: string): string[] {
  const names = fs.readdirSync(join(dataDir, "cas"), { recursive: true }) as string[];
  return names.filter((name) => /^(blob\/\w+\/\w+\/|layers\/|tmp\/)/.test(name)).sort();
}

function faultOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    return error instanceof Fault ? `${error.kind}: ${error.message}` : String(error);
  }
  return "no fault";
}

describe("looking up", () => {
  test("by reference: the image that was last fetched under it", async () => {
    using store = openStore(host, newDataDir());
    await add(store, "a", { references: ["docker://x", "docker://x:1"] });
    await add(store, "b", { references: ["docker://x"] });
    expect(store.findByReference("docker://x")?.id).toBe(imageId("b"));
    expect(store.findByReference("docker://x:1")?.id).toBe(imageId("a"));
    expect(store.findByReference("docker://y")).toBeUndefined();
  });

  test("by name and labels: the newest import that has them all", async () => {
    using store = openStore(host, newDataDir());
    await add(store, "a", { version: "1", importedMs: 30 });
    await add(store, "b", { version: "2", importedMs: 20 });
    await add(store, "c", { version: "2", importedMs: 10 });
    await add(store, "d", { version: "3", importedMs: 40, name: "example.com/other" });
    const find = (...labels: { name: string; value: string }[]): ImageId | undefined =>
      store.findByName("example.com/app", labels)?.id;
    expect(find()).toBe(imageId("a"));
    expect(find({ name: "version", value: "2" })).toBe(imageId("b"));
    expect(find({ name: "version", value: "3" })).toBeUndefined();
    expect(find({ name: "version", value: "1" }, { name: "os", value: "plan9" })).toBeUndefined();
    expect(store.findByName("example.com", [])).toBeUndefined();
  });

  test("by id: any unique prefix, an OCI digest as well", async () => {
    using store = openStore(host, newDataDir());
    await add(store, "ab", { aliases: [blobDigest("12"), blobDigest("34")] });
    await add(store, "ac", { aliases: [blobDigest("34")] });
    for (const prefix of [imageId("ab"), "sha512-abab", `${imageId("ab")}${"0".repeat(64)}`]) {
      expect(store.findById(prefix).id).toBe(imageId("ab"));
    }
    expect(store.findById("sha256:1212").id).toBe(imageId("ab"));
    expect(store.findById("sha256-1212").id).toBe(imageId("ab"));
    const rows: readonly (readonly [string, string])[] = [
      ["sha512-a", "invalid: image ID too short"],
      ["sha512-", "invalid: image ID too short"],
      ["abab", "invalid: wrong key prefix"],
      ["sha512-zz", "not-found: no image IDs found"],
      ["sha512-ab%", "not-found: no image IDs found"],
      ["sha256:ff", "not-found: no image IDs found"],
      ["sha256:34", 'ambiguous: ambiguous image ID: "sha256:34"'],
    ];
    for (const [prefix, fault] of rows) expect(faultOf(() => store.findById(prefix))).toBe(fault);
    await add(store, "abac");
    expect(faultOf(() => store.findById("sha512-ab"))).toBe(
      'ambiguous: ambiguous image ID: "sha512-ab"',
    );
  });

  test("what is recorded comes back whole, also after closing", async () => {
    const dataDir = newDataDir();
    const added = await (async () => {
      using store = openStore(host, dataDir);
      const image = await add(store, "a", { layers: ["c", "b", "a"] });
      store.touch(image.id, 5000);
      return image;
    })();
    const { references: _r, aliases: _a, blobs: _b, ...rest } = added;
    using store = openStore(host, dataDir);
    expect(store.list()).toEqual([{ ...rest, lastUsedMs: 5000 }]);
  });

  test("a newer record of the same id replaces the older; the list is by import", async () => {
    using store = openStore(host, newDataDir());
    await add(store, "b", { importedMs: 20, aliases: [blobDigest("12")] });
    await add(store, "a", { importedMs: 30 });
    await add(store, "b", { importedMs: 40, name: "example.com/renamed" });
    expect(store.list().map(({ name }) => name)).toEqual([
      "example.com/app:1",
      "example.com/renamed:1",
    ]);
    expect(faultOf(() => store.findById("sha256:12"))).toBe("not-found: no image IDs found");
  });
});

describe("ids never become paths unseen", () => {
  test("neither blobs nor layers", () => {
    using store = openStore(host, newDataDir());
    for (const id of ["sha256-../../etc", `sha256-${"A".repeat(64)}`, "", "md5-00"]) {
      expect(faultOf(() => store.layerPath(id as LayerId))).toStartWith("invalid: ");
      const digest = id.replace("-", ":") as BlobDigest;
      expect(faultOf(() => store.blobPath(digest))).toStartWith("invalid: ");
    }
  });
});

describe("adding", () => {
  test("a layer is invisible until it is whole, and gone when it fails", async () => {
    const dataDir = newDataDir();
    using store = openStore(host, dataDir);
    const adding = store.addLayer(layerId("a"), async (directory) => {
      fs.writeFileSync(join(directory, "file"), "");
      expect(store.hasLayer(layerId("a"))).toBe(false);
      throw new Fault("corrupt", "it was not what it claimed to be");
    });
    expect(adding).rejects.toThrow("it was not what it claimed to be");
    await adding.catch(() => {});
    expect(contentOf(dataDir)).toEqual([]);
    await add(store, "a");
    expect(fs.readFileSync(join(store.layerPath(layerId("a")), "file"), "utf8")).toBe("a");
    expect(fs.readFileSync(store.blobPath(blobDigest("a")), "utf8")).toBe("blob a");
  });

  test("a layer is unpacked once, however many ask for it", async () => {
    const dataDir = newDataDir();
    using first = openStore(host, dataDir);
    using second = openStore(host, dataDir);
    let unpacked = 0;
    const unpack = async (directory: string): Promise<void> => {
      unpacked++;
      await Bun.sleep(30);
      fs.writeFileSync(join(directory, "file"), "");
    };
    const stores = [first, second, first, second];
    await Promise.all(stores.map((store) => store.addLayer(layerId("a"), unpack)));
    expect(unpacked).toBe(1);
    expect(contentOf(dataDir)).toEqual([`layers/${layerId("a")}`, `layers/${layerId("a")}/file`]);
  });

  test.skipIf(!root)("layers below one that hides everything are not recorded", async () => {
    using store = openStore(host, newDataDir());
    await store.addLayer(layerId("b"), async (directory) => {
      kernel.setXattr(directory, "trusted.overlay.opaque", Buffer.from("y"));
    });
    await add(store, "a", { layers: ["a", "b", "c"] });
    expect(store.list()[0]?.layers).toEqual([layerId("b"), layerId("c")]);
  });

  test("waiting for another's layer ends with an abort", async () => {
    using store = openStore(host, newDataDir());
    const abort = new AbortController();
    await store.addLayer(layerId("a"), async () => {
      const waiting = store.addLayer(layerId("a"), async () => {}, { signal: abort.signal });
      abort.abort(new Fault("canceled", "no longer wanted"));
      expect(waiting).rejects.toThrow("no longer wanted");
      await waiting.catch(() => {});
    });
    expect(store.hasLayer(layerId("a"))).toBe(true);
  });

  test("the directories are for root and its group", () => {
    const dataDir = newDataDir();
    using _store = openStore(host, dataDir);
    const modes = ["", "blob", "layers", "tmp", "locks"].map((name) =>
      (fs.statSync(join(dataDir, "cas", name)).mode & 0o7777).toString(8),
    );
    expect(modes).toEqual(["770", "770", "755", "770", "770"]);
  });
});

describe("removing", () => {
  test("takes what nothing else needs, and the references", async () => {
    const dataDir = newDataDir();
    {
      using store = openStore(host, dataDir);
      await add(store, "a", { layers: ["0", "1"], blobs: ["0", "1"], references: ["r"] });
      await add(store, "b", { layers: ["0", "2"], blobs: ["0", "2"] });
    }
    using store = openStore(host, dataDir);
    const freed = await store.removeImage(imageId("a"), NOTHING_IN_USE);
    expect(freed).toEqual({
      blobs: [blobDigest("1")],
      layers: [layerId("1")],
      blobBytes: "blob 1".length,
      deferred: false,
    });
    expect(store.findByReference("r")).toBeUndefined();
    expect(store.list().map(({ id }) => id)).toEqual([imageId("b")]);
    expect(fs.readdirSync(join(dataDir, "cas/layers")).sort()).toEqual([
      layerId("0"),
      layerId("2"),
    ]);
    const again = await store.removeImage(imageId("a"), NOTHING_IN_USE);
    expect(again).toEqual({ blobs: [], layers: [], blobBytes: 0, deferred: false });
  });

  test("leaves layers that pods use, until a collection without them", async () => {
    const dataDir = newDataDir();
    {
      using store = openStore(host, dataDir);
      await add(store, "a");
    }
    using store = openStore(host, dataDir);
    const inUse = { layersInUse: new Set([layerId("a")]) };
    expect((await store.removeImage(imageId("a"), inUse)).layers).toEqual([]);
    expect((await store.collectOrphans(inUse)).layers).toEqual([]);
    expect(store.hasLayer(layerId("a"))).toBe(true);
    expect((await store.collectOrphans(NOTHING_IN_USE)).layers).toEqual([layerId("a")]);
    expect(contentOf(dataDir)).toEqual([]);
  });

  test("while another imports, nothing of its work is touched", async () => {
    const dataDir = newDataDir();
    {
      using store = openStore(host, dataDir);
      await add(store, "a");
    }
    using store = openStore(host, dataDir);
    {
      using importing = openStore(host, dataDir);
      const file = importing.newBlobFile();
      await importing.addLayer(layerId("b"), async () => {});
      expect((await store.removeImage(imageId("a"), NOTHING_IN_USE)).deferred).toBe(true);
      expect((await store.collectOrphans(NOTHING_IN_USE)).deferred).toBe(true);
      expect([fs.existsSync(file.path), store.hasLayer(layerId("b"))]).toEqual([true, true]);
      expect(store.list()).toEqual([]);
      fs.closeSync(file.fd);
    }
    const freed = await store.collectOrphans(NOTHING_IN_USE);
    expect([...freed.layers].sort()).toEqual([layerId("a"), layerId("b")]);
    expect(contentOf(dataDir)).toEqual([]);
  });
});

test("a collection and an import in one process do not wait for each other", async () => {
  const dataDir = newDataDir();
  {
    using store = openStore(host, dataDir);
    await add(store, "a");
  }
  using collecting = openStore(host, dataDir);
  using importing = openStore(host, dataDir);
  const removed = collecting.removeImage(imageId("a"), NOTHING_IN_USE);
  await add(importing, "b");
  expect((await removed).layers).toEqual([layerId("a")]);
  expect(collecting.list().map(({ id }) => id)).toEqual([imageId("b")]);
});

describe("a database that is not ours to use", () => {
  test("of a newer version", () => {
    const dataDir = newDataDir();
    openStore(host, dataDir)[Symbol.dispose]();
    const db = new Database(join(dataDir, "cas/store.db"));
    db.run("PRAGMA user_version = 99");
    db.close();
    expect(faultOf(() => openStore(host, dataDir))).toContain("unsupported: open");
  });

  test("that is no database", () => {
    const dataDir = newDataDir();
    fs.mkdirSync(join(dataDir, "cas"), { recursive: true });
    fs.writeFileSync(join(dataDir, "cas/store.db"), "something else ".repeat(1000));
    expect(faultOf(() => openStore(host, dataDir))).toContain("corrupt: open the image database");
  });
});

const program = [process.execPath, join(import.meta.dir, "testdata/store-main.ts")];

function start(
  dataDir: string,
  task: string,
  crashAt: CrashPoint | "" = "",
): Bun.Subprocess<"ignore", "pipe", "inherit"> {
  const env = { ...process.env, RKT_CRASH_AT: crashAt };
  return Bun.spawn([...program, dataDir, task], { env, stdin: "ignore", stdout: "pipe" });
}

describe.skipIf(!root)(`processes that die${root ? "" : " (skipped: needs root)"}`, () => {
  const points: readonly CrashPoint[] = [
    "fetch-blob-partial",
    "fetch-blob-complete",
    "fetch-blob-renamed",
    "fetch-layer-partial",
    "fetch-layer-complete",
    "fetch-layer-renamed",
    "fetch-image-recorded",
  ];
  for (const point of points) {
    test(`at ${point}: the truth is told, nothing is left, the next one succeeds`, async () => {
      const dataDir = newDataDir();
      const killed = start(dataDir, "import", point);
      await killed.exited;
      expect(killed.signalCode).toBe("SIGKILL");
      {
        using store = openStore(host, dataDir);
        const recorded = point === "fetch-image-recorded";
        expect(store.list().length).toBe(recorded ? 1 : 0);
        expect(contentOf(dataDir).length).toBeGreaterThan(0);
        await store.collectOrphans(NOTHING_IN_USE);
        if (!recorded) expect(contentOf(dataDir)).toEqual([]);
      }
      const next = start(dataDir, "import");
      expect(await next.stdout.text()).toEndWith("done\n");
      using store = openStore(host, dataDir);
      const [layer] = store.list()[0]?.layers ?? [];
      expect(fs.readdirSync(store.layerPath(layer as LayerId))).toEqual(["first", "second"]);
      expect(fs.readdirSync(join(dataDir, "cas/tmp"))).toEqual([]);
    });
  }

  test("at image-rm-recorded: the image is gone, the next collection takes its files", async () => {
    const dataDir = newDataDir();
    expect(await start(dataDir, "import").stdout.text()).toEndWith("done\n");
    const killed = start(dataDir, "remove", "image-rm-recorded");
    await killed.exited;
    expect(killed.signalCode).toBe("SIGKILL");
    using store = openStore(host, dataDir);
    expect(store.list()).toEqual([]);
    const freed = await store.collectOrphans(NOTHING_IN_USE);
    expect([freed.blobs.length, freed.layers.length]).toEqual([1, 1]);
    expect(contentOf(dataDir)).toEqual([]);
  });

  test("four that import the same from nothing unpack it once", async () => {
    const dataDir = newDataDir();
    const all = [1, 2, 3, 4].map(() => start(dataDir, "import").stdout.text());
    const words = (await Promise.all(all)).join("");
    expect(words.match(/done/g)?.length).toBe(4);
    expect(words.match(/unpack/g)?.length).toBe(1);
    using store = openStore(host, dataDir);
    expect(store.list().length).toBe(1);
    expect(fs.readdirSync(join(dataDir, "cas/tmp"))).toEqual([]);
  });

  test("a full disk is told, and nothing is left of what did not fit", async () => {
    const disk = join(scratch, "disk");
    fs.mkdirSync(disk);
    const mount = 'mount -t tmpfs -o size=3m tmpfs "$0"';
    const script = `${mount} && { "$@"; find "$0/cas/tmp" "$0/cas/layers"; }`;
    const argv = ["unshare", "-m", "sh", "-c", script, disk, ...program, disk, "import", "2000"];
    const run = Bun.spawnSync(argv);
    expect(run.stdout.toString().trim().split("\n")).toEqual([
      "unpack",
      'exhausted: unpack "rootfs/first": no space left on device',
      `${disk}/cas/tmp`,
      `${disk}/cas/layers`,
    ]);
  });
});
