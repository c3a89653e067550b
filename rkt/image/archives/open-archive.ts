/**
 * `oci-archive:FILE[:REF]` and `docker-archive:FILE[:REF]` as sources. In: such a reference; out: a
 * source, and as the image's origin a layout of that path. Disposing it removes what was unpacked.
 */
import type { ImageReference } from "@rkt/spec";
import { type LayoutOrigin, layoutSource } from "../fetch/layout.ts";
import type { OciSource } from "../fetch/oci-source.ts";
import type { Store } from "../store/store.ts";
import { dockerArchiveSource, findSaved } from "./docker-archive.ts";
import { openTarIndex } from "./tar-index.ts";

export type ArchiveReference = ImageReference & { kind: "oci-archive" | "docker-archive" };

export interface OpenArchive extends Disposable {
  readonly source: OciSource;
}

/** @throws {Fault} "not-found", "invalid", "corrupt", "ambiguous", "exhausted" */
export async function openArchive(
  store: Pick<Store, "newBlobFile">,
  reference: ArchiveReference,
): Promise<OpenArchive> {
  const index = await openTarIndex(store, reference.path);
  try {
    const source =
      reference.kind === "oci-archive"
        ? layoutSource(index, reference.reference)
        : dockerArchiveSource(index, findSaved(index, reference.reference));
    return { source, [Symbol.dispose]: () => index[Symbol.dispose]() };
  } catch (error) {
    index[Symbol.dispose]();
    throw error;
  }
}

/** Where the image of an archive comes from: its name in the store depends on it. */
export function originOfArchive({ path, reference }: ArchiveReference): LayoutOrigin {
  return { kind: "oci", directory: path, ...(reference !== undefined && { reference }) };
}
