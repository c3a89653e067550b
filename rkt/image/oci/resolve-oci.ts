/**
 * Which image a reference means at this moment. In: a place of images and a platform; out: the
 * documents from the one that the reference names down to the image's manifest, digests checked.
 * What is proven afterwards is exactly these bytes: nobody asks for them a second time.
 */
import {
  type OciDigest,
  type OciManifest,
  type OciOrigin,
  type Platform,
  parseOciDocument,
  selectPlatform,
} from "@rkt/spec";
import { Fault } from "@shared/base";
import { checkBytes, digestOf, type OciSource } from "../fetch/oci-source.ts";

/** An index or a manifest as fetched. */
export interface FetchedDocument {
  readonly digest: OciDigest;
  readonly bytes: Uint8Array;
}

export interface ResolvedImage {
  readonly origin: OciOrigin;
  /** Outermost first; the last one is the manifest. Each names the next by its digest. */
  readonly documents: readonly FetchedDocument[];
  readonly bytes: Uint8Array;
  readonly manifest: OciManifest;
}

const NESTED_INDEXES_MAX = 3;

/** @throws {Fault} "corrupt", "invalid", "not-found", "unsupported", and the source's faults */
export async function resolveImage(
  origin: OciOrigin,
  source: OciSource,
  platform: Platform,
): Promise<ResolvedImage> {
  let bytes = await source.document();
  const documents: FetchedDocument[] = [{ digest: digestOf(bytes, "sha256"), bytes }];
  for (let depth = 0; depth <= NESTED_INDEXES_MAX; depth++) {
    const document = parseOciDocument(new TextDecoder().decode(bytes));
    if (document.kind === "manifest") return { origin, documents, bytes, manifest: document };
    const chosen = selectPlatform(document, platform);
    bytes = await source.manifest(chosen);
    checkBytes(bytes, chosen);
    documents.push({ digest: chosen.digest, bytes });
  }
  throw new Fault("invalid", "find the image's manifest: too many indexes inside indexes");
}
