/**
 * Imports or removes one image of two files in a process of its own, for tests: so that it can be
 * killed in the middle, and so that several can meet. In: a data directory, `import` or `remove`;
 * out: `done`, or the kind and message of the fault.
 */
import { closeSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { crashPoint, describeFault, Fault, systemClock, writeAll } from "@shared/base";
import { kernel } from "@shared/linux";
import type { BlobDigest, ImageId, LayerId } from "../../image.ts";
import { writeTar } from "../../layers/tar-writer.ts";
import { unpackLayer } from "../../layers/unpack.ts";
import { openStore, type Store } from "../store.ts";

const [dataDir = "", task = "", kilobytes = "1"] = process.argv.slice(2);
const content = Buffer.alloc(Number(kilobytes) * 1024, "content ");
const archive = writeTar([
  { type: "file", path: "manifest", content: Buffer.from("{}") },
  { type: "file", path: "rootfs/first", content },
  { type: "file", path: "rootfs/second", content: Buffer.from("second") },
]);
const hex = new Bun.CryptoHasher("sha512").update(archive).digest("hex").slice(0, 64);
const id: ImageId = `sha512-${hex}`;
const layer: LayerId = id;
const digest: BlobDigest = `sha512:${hex}`;
const unpackMain = join(import.meta.dir, "../../layers/testdata/unpack-main.ts");

async function importImage(store: Store): Promise<void> {
  const blob = store.newBlobFile();
  try {
    writeAll(blob.fd, archive.subarray(0, 100));
    crashPoint("fetch-blob-partial");
    writeAll(blob.fd, archive.subarray(100));
    crashPoint("fetch-blob-complete");
  } finally {
    closeSync(blob.fd);
  }
  store.addBlob(digest, blob.path);
  async function* bytes(): AsyncGenerator<Uint8Array> {
    yield archive;
  }
  await store.addLayer(layer, async (directory) => {
    console.log("unpack");
    const host = { self: [process.execPath, unpackMain] };
    await unpackLayer(host, bytes(), directory, { format: "aci" });
  });
  store.addImage({
    id,
    format: "aci",
    name: "example.com/two-files:1",
    manifest: { acKind: "ImageManifest", acVersion: "0.8.11", name: "example.com/two-files" },
    layers: [layer],
    blobs: [digest],
    sizeBytes: archive.length,
    importedMs: 1000,
    verification: { kind: "none" },
    references: ["example.com/two-files:1"],
    aliases: [],
  });
}

try {
  using store = openStore({ kernel, clock: systemClock }, dataDir);
  if (task === "import") await importImage(store);
  else await store.removeImage(id, { layersInUse: new Set() });
  console.log("done");
} catch (error) {
  console.log(`${Fault.from(error).kind}: ${describeFault(error)}`);
  process.exitCode = 1;
}
