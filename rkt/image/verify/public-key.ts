/**
 * Public keys of signatures on container images. In: PEM; out: a key with its fingerprint, and
 * whether it made a signature over a message. ECDSA (P-256, P-384, P-521), RSA (PKCS #1 1.5 and
 * PSS) and Ed25519; the hash belongs to the kind of key, since signatures do not name one.
 *
 * @see cosign specs/SIGNATURE_SPEC.md, "Signature Schemes"
 */
import { constants, createHash, createPublicKey, type KeyObject, verify } from "node:crypto";
import { Fault, quote } from "@shared/base";

/** A key that may vouch for images. */
export interface ImageKey {
  /** Of the SHA-256 of its SubjectPublicKeyInfo in DER, 64 hex digits. */
  readonly fingerprint: string;
  /** `ECDSA P-256`, `RSA 2048`, `Ed25519`. */
  readonly sort: string;
  readonly pem: string;
  readonly key: KeyObject;
}

const RSA_BITS_MIN = 2048;
const CURVES: Readonly<Record<string, { readonly name: string; readonly hashes: string[] }>> = {
  prime256v1: { name: "P-256", hashes: ["sha256"] },
  secp384r1: { name: "P-384", hashes: ["sha384", "sha256"] },
  secp521r1: { name: "P-521", hashes: ["sha512", "sha256"] },
};
const RSA_HASHES: readonly string[] = ["sha256", "sha384", "sha512"];

/** @throws {Fault} "invalid" no public key · "unsupported" a kind that cosign does not use */
export function readImageKey(bytes: Uint8Array, what: string): ImageKey {
  const text = new TextDecoder().decode(bytes);
  const key = readPem(text, what);
  const sort = sortOf(key);
  if (sort === undefined) {
    const wanted = "want ECDSA, RSA of 2048 bits or more, or Ed25519";
    throw new Fault("unsupported", `read key ${quote(what)}: ${wanted}`);
  }
  const der = key.export({ type: "spki", format: "der" });
  const fingerprint = createHash("sha256").update(der).digest("hex");
  return { fingerprint, sort, key, pem: key.export({ type: "spki", format: "pem" }) };
}

/** node would make a public key of a private one: nobody should copy that around. */
function readPem(text: string, what: string): KeyObject {
  const begin = /-----BEGIN ([A-Z ]+)-----/.exec(text)?.[1] ?? "";
  if (begin.includes("PRIVATE")) {
    throw new Fault("invalid", `read key ${quote(what)}: it is a private key`, {
      hint: "give the public one, cosign.pub; and keep this one to yourself",
    });
  }
  try {
    if (begin === "PUBLIC KEY" || begin === "RSA PUBLIC KEY") return createPublicKey(text);
  } catch {
    // falls through: OpenSSL's words help nobody
  }
  throw new Fault("invalid", `read key ${quote(what)}: it is no public key in PEM`);
}

function sortOf(key: KeyObject): string | undefined {
  const { namedCurve = "", modulusLength = 0 } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType === "ed25519") return "Ed25519";
  if (key.asymmetricKeyType === "ec") {
    const curve = CURVES[namedCurve];
    return curve === undefined ? undefined : `ECDSA ${curve.name}`;
  }
  const isRsa = key.asymmetricKeyType === "rsa" || key.asymmetricKeyType === "rsa-pss";
  return isRsa && modulusLength >= RSA_BITS_MIN ? `RSA ${modulusLength}` : undefined;
}

/** Whether this key made the signature over exactly these bytes. */
export function isSignedBy({ key }: ImageKey, message: Uint8Array, signature: Uint8Array): boolean {
  const holds = (hash: string | null, padding?: number): boolean =>
    safely(() =>
      verify(hash, message, padding === undefined ? key : { key, padding, ...SALT }, signature),
    );
  if (key.asymmetricKeyType === "ed25519") return holds(null);
  if (key.asymmetricKeyType === "ec") {
    const { hashes = [] } = CURVES[key.asymmetricKeyDetails?.namedCurve ?? ""] ?? {};
    return hashes.some((hash) => holds(hash));
  }
  const { RSA_PKCS1_PADDING, RSA_PKCS1_PSS_PADDING } = constants;
  const paddings =
    key.asymmetricKeyType === "rsa-pss"
      ? [RSA_PKCS1_PSS_PADDING]
      : [RSA_PKCS1_PADDING, RSA_PKCS1_PSS_PADDING];
  return paddings.some((padding) => RSA_HASHES.some((hash) => holds(hash, padding)));
}

const SALT = { saltLength: constants.RSA_PSS_SALTLEN_AUTO } as const;

/** A signature that is not even one of its kind makes OpenSSL throw. */
function safely(check: () => boolean): boolean {
  try {
    return check();
  } catch {
    return false;
  }
}
