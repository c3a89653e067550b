/**
 * Records an ACI for who may not unpack it. In: a verified download; out: the stored image, whose
 * only layer is not there yet. Root unpacks it, with the layers of its dependencies, when it is
 * first used.
 */
import { createHash } from "node:crypto";
import { betterProof, earlierRecord } from "../earlier-record.ts";
import { fileChunks } from "../fetch/file-chunks.ts";
import type { ImageHost } from "../host.ts";
import { type ImageId, isVouchedFor, type StoredImage } from "../image.ts";
import { decompress } from "../layers/decompress.ts";
import type { Verified } from "../verify/verify.ts";
import { type Archive, imageTitle } from "./store-archive.ts";

/** @throws {Fault} "corrupt", "exhausted" */
export async function keepArchive(
  host: Pick<ImageHost, "store" | "clock">,
  verified: Verified<Archive>,
  references: readonly string[],
): Promise<StoredImage> {
  const { file, manifest, path } = verified.subject;
  const id = await idOf(path, isVouchedFor(verified.verification));
  const blob = file.commit();
  const earlier = earlierRecord(host.store, id);
  // Somebody may have unpacked it before.
  const layers = earlier?.layers ?? [id];
  return host.store.addPackedImage({
    id,
    format: "aci",
    name: imageTitle(manifest),
    manifest,
    layers,
    blobs: [blob],
    sizeBytes: file.bytes,
    importedMs: host.clock.now(),
    verification: betterProof(verified.verification, earlier?.verification),
    references,
    aliases: [],
  });
}

async function idOf(path: string, vouched: boolean): Promise<ImageId> {
  const hash = createHash("sha512");
  const { output } = await decompress(fileChunks(path), { vouched });
  for await (const chunk of output) hash.update(chunk);
  return `sha512-${hash.digest("hex").slice(0, 64)}`;
}
