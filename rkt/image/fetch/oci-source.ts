/** What every place of OCI images has in common: how it is asked, and how an answer is checked. */
import { createHash } from "node:crypto";
import type { OciDescriptor, OciDigest } from "@rkt/spec";
import { Fault, MiB, quote } from "@shared/base";

/** Largest index, manifest or configuration, in bytes: what registries accept too. */
export const DOCUMENT_BYTES_MAX: number = 4 * MiB;

/** A place that holds one image. */
export interface OciSource {
  /** What the reference names: an index or a manifest. */
  document(): Promise<Uint8Array>;
  /** A manifest that an index names. */
  manifest(descriptor: OciDescriptor): Promise<Uint8Array>;
  /** Bytes of a blob from an offset on, not yet checked. */
  blob(descriptor: OciDescriptor, from?: number): Promise<AsyncIterable<Uint8Array>>;
  /** Absent where a place cannot hold more than the image itself. */
  readonly attachments?: Attachments;
  /** Where the image may be at several places: the same of each, in their order. */
  readonly attachmentsByPlace?: readonly Attachments[];
}

/** What a place holds beside an image: signatures, attestations, bills of materials. */
export interface Attachments {
  /** The document of that tag; undefined where there is none. */
  tagged(tag: string): Promise<Uint8Array | undefined>;
  /** Manifests that say they are attached to the document of that digest. */
  referrers(digest: OciDigest): Promise<readonly OciDescriptor[]>;
}

/** @throws {Fault} "corrupt" when size or digest are not as described */
export function checkBytes(bytes: Uint8Array, descriptor: OciDescriptor): void {
  const { digest, size } = descriptor;
  const found = digestOf(bytes, digest.startsWith("sha512:") ? "sha512" : "sha256");
  if (found !== digest) {
    throw new Fault("corrupt", `fetch ${quote(digest)}: its digest is ${found}`);
  }
  if (bytes.length === size) return;
  throw new Fault("corrupt", `fetch ${quote(digest)}: ${bytes.length} bytes instead of ${size}`);
}

/** The digest of bytes at hand. */
export function digestOf(bytes: Uint8Array, algorithm: "sha256" | "sha512"): OciDigest {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest("hex")}`;
}
