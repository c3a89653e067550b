/**
 * Proof of origin. In: something fetched; out: the same, `Verified`, with how far it was proven.
 * Nothing else can make a `Verified`, and only a `Verified` is unpacked and stored.
 */
import { Fault, quote } from "@shared/base";
import type { ImageHost, Insecure } from "../host.ts";
import type { Verification } from "../image.ts";
import type { OciSource } from "../fetch/oci-source.ts";
import type { Demand } from "./demand.ts";
import { keysFor } from "./keyring.ts";
import { checkSignature } from "./openpgp.ts";
import { proveOrigin, type SignedImage } from "./prove.ts";

declare const proof: unique symbol;

/** Something whose origin was proven, or accepted without proof by the person who asked for it. */
export interface Verified<T> {
  readonly [proof]: true;
  readonly subject: T;
  readonly verification: Verification;
}

/** An archive on disk, in a place where only we write, with the signature that came with it. */
export interface SignedArchive {
  readonly path: string;
  /** The name in the archive's own manifest: it decides which keys count. */
  readonly imageName: string;
  /** Absent only where no proof is asked for. */
  readonly signature?: Uint8Array;
}

type VerifyHost = Pick<ImageHost, "clock" | "keyTrees" | "note">;

/**
 * Checks an archive against the keys that are trusted for its name.
 *
 * @throws {Fault} "denied"
 */
export async function verifyArchive<T extends SignedArchive>(
  host: VerifyHost,
  archive: T,
  insecure: Insecure,
): Promise<Verified<T>> {
  if (insecure.image) return mint(archive, { kind: "none" });
  const { path, imageName, signature = new Uint8Array(0) } = archive;
  const keys = await keysFor(host.keyTrees, imageName);
  try {
    const signer = await checkSignature(path, signature, keys, host.clock.now());
    const { fingerprint, identities } = signer;
    host.note(["image: signature verified:", ...identities.map((id) => `  ${id}`)].join("\n"));
    return mint(archive, { kind: "signature", fingerprint, identity: identities[0] ?? "" });
  } catch (cause) {
    const command = `rkt trust --prefix ${quote(imageName)}`;
    throw new Fault("denied", `image ${quote(imageName)} verification failed`, {
      cause,
      hint: `if you expected another signing key, trust it first: ${command}`,
    });
  }
}

/**
 * Checks a container image as it was demanded. @throws {Fault} "denied", and the source's faults
 */
export async function verifyOci<T extends SignedImage>(
  host: Pick<ImageHost, "clock" | "keyTrees" | "note">,
  image: T,
  { demand, source }: { readonly demand: Demand; readonly source: OciSource },
): Promise<Verified<T>> {
  if (demand.kind === "nothing") return mint(image, demand.verification);
  return mint(image, await proveOrigin(host, source, { image, demand }));
}

/**
 * Takes an archive over from a store of rkt, which had asked for its proof, or for somebody's word.
 */
export function acceptImported<T extends SignedArchive>(archive: T): Verified<T> {
  return mint(archive, { kind: "imported" });
}

function mint<T>(subject: T, verification: Verification): Verified<T> {
  return { subject, verification } as Verified<T>;
}
