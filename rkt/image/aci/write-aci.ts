/**
 * Makes a small ACI in memory. In: an image manifest and the entries of its root; out: the
 * uncompressed archive.
 */
import { type ImageManifest, printImageManifest } from "@rkt/spec";
import { type NewTarFile, writeTar } from "../layers/tar-writer.ts";

/** @param entries paths relative to the root of the image; parents before their content */
export function writeAci(manifest: ImageManifest, entries: Iterable<NewTarFile>): Uint8Array {
  const content = Buffer.from(printImageManifest(manifest, { pretty: false }));
  return writeTar(archiveEntries(content, entries));
}

function* archiveEntries(
  manifest: Uint8Array,
  entries: Iterable<NewTarFile>,
): Iterable<NewTarFile> {
  yield { type: "file", path: "manifest", content: manifest };
  yield { type: "directory", path: "rootfs" };
  for (const entry of entries) {
    const target = entry.linkPath ?? "";
    yield {
      ...entry,
      path: `rootfs/${entry.path}`,
      ...(entry.type === "hard-link" && { linkPath: `rootfs/${target}` }),
    };
  }
}
