/**
 * What the two processes of an unpacking say to each other: one JSON line there, before the
 * archive, and JSON lines back. Data only.
 */
import type { FaultKind } from "@shared/base";
import type { LayerFormat } from "./layer-place.ts";

export type DigestAlgorithm = "sha256" | "sha512";

/** The hidden first argument that makes our executable the unpacking process. */
export const UNPACK_ARGUMENT = "unpack-layer";

export interface UnpackRequest {
  /** An empty directory; it becomes the root of the unpacking process. */
  readonly target: string;
  readonly format: LayerFormat;
  /** Digests to make of the uncompressed archive. */
  readonly digests: readonly DigestAlgorithm[];
  /** Most bytes of the uncompressed archive. */
  readonly bytesMax: number;
  /** Most headers of the archive. */
  readonly entriesMax: number;
  /** A key that is trusted, or an administrator, stands for the archive. */
  readonly vouched: boolean;
  /** Do not say that it is done before it is on disk. */
  readonly sync: boolean;
}

export type UnpackReply =
  /** The first entries are on disk. */
  | { readonly kind: "begun" }
  | {
      readonly kind: "done";
      readonly digests: Partial<Record<DigestAlgorithm, string>>;
      /** In base64. */
      readonly manifest?: string;
      readonly files: number;
      readonly bytes: number;
    }
  | {
      readonly kind: "fault";
      readonly fault: {
        readonly kind: FaultKind;
        readonly message: string;
        readonly hint?: string;
      };
    };
