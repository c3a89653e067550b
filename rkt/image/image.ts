/**
 * The words of this package: what an image is once it is stored, and how far it was proven. Data
 * only.
 */
import type { ImageManifest } from "@rkt/spec";

/**
 * `sha512-` and 64 hex digits: for an ACI the first half of the SHA-512 of the uncompressed
 * archive, as in rkt; for an OCI image the first half of the SHA-512 of its manifest's bytes.
 */
export type ImageId = `sha512-${string}`;

/**
 * Digest of an uncompressed layer archive, `<algorithm>-<hex>`: an OCI diff id (`sha256-…`, 64 hex
 * digits) or the id of an ACI (`sha512-…`). It is also the name of the layer's directory.
 */
export type LayerId = `sha256-${string}` | `sha512-${string}`;

/** `<algorithm>:<hex>` of the bytes of a blob as fetched. */
export type BlobDigest = `sha256:${string}` | `sha512:${string}`;

/** What is known of an image's origin; recorded for ever with the image. */
export type Verification =
  | { readonly kind: "signature"; readonly fingerprint: string; readonly identity: string }
  /** A signature in cosign's form, or a sigstore bundle, by a trusted key. */
  | {
      readonly kind: "cosign";
      /** SHA-256 of the key in DER, 64 hex digits. */
      readonly fingerprint: string;
      /** The name that was signed, or the one that the key was trusted for; may be empty. */
      readonly identity: string;
      /** Of the index or manifest that was signed. */
      readonly digest: string;
    }
  /** A sigstore bundle by a certificate that a trust policy names. */
  | {
      readonly kind: "sigstore";
      /** Of the signer: a mail address or a URL, which this OpenID provider vouches for. */
      readonly identity: string;
      readonly issuer: string;
      /** Of the image, as it was asked for. */
      readonly name: string;
      readonly digest: string;
    }
  /** A trust policy for that prefix asks for no proof. */
  | { readonly kind: "policy"; readonly prefix: string }
  /** Taken over from a store of rkt 1.30, which kept no record of it. */
  | { readonly kind: "imported" }
  /** `--insecure-options=image`, said by the person who fetched it. */
  | { readonly kind: "none" };

/** Whether somebody who is trusted has said that the image is as it should be. */
export function isVouchedFor({ kind }: Verification): boolean {
  return kind !== "none" && kind !== "policy";
}

/** An image of the store, as its record has it. */
export interface StoredImage {
  readonly id: ImageId;
  readonly format: "aci" | "oci";
  /** As `image list` shows it: appc name with version, or registry, repository and tag. */
  readonly name: string;
  /** appc's view of the image; an OCI configuration is translated once, when it is stored. */
  readonly manifest: ImageManifest;
  /** Bottom first: a later one hides an earlier one. */
  readonly layers: readonly LayerId[];
  /** Of all blobs, as fetched, in bytes. */
  readonly sizeBytes: number;
  /** Milliseconds since the epoch. */
  readonly importedMs: number;
  readonly lastUsedMs: number;
  readonly verification: Verification;
}
