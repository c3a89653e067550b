/**
 * JSON Web Tokens, signed and read. In: claims and a private key, or a token and public keys. Out:
 * a token, or the claims of one whose signature is right. Says nothing of what claims mean.
 * @see RFC 7519, RFC 7515, RFC 7518
 */
import { constants, createHash, createPublicKey, sign, verify } from "node:crypto";
import type { KeyObject } from "node:crypto";
import type { Json, JsonObject } from "@rktnetes/api/schema";

/** A public key that tokens may be signed with. */
export interface VerificationKey {
  /** Empty when the key has no name: it is tried for every token. */
  readonly id: string;
  readonly key: KeyObject;
}

export interface SigningKey {
  readonly id: string;
  readonly algorithm: string;
  readonly key: KeyObject;
}

export interface ParsedToken {
  readonly algorithm: string;
  readonly keyId: string;
  readonly claims: JsonObject;
  readonly signed: Buffer;
  readonly signature: Buffer;
}

/** How an algorithm of a header is checked; symmetric ones and "none" are not here. */
const ALGORITHMS: Readonly<Record<string, { hash: string | null; type: string; pss?: true }>> = {
  ES256: { hash: "sha256", type: "ec" },
  ES384: { hash: "sha384", type: "ec" },
  ES512: { hash: "sha512", type: "ec" },
  RS256: { hash: "sha256", type: "rsa" },
  RS384: { hash: "sha384", type: "rsa" },
  RS512: { hash: "sha512", type: "rsa" },
  PS256: { hash: "sha256", type: "rsa", pss: true },
  PS384: { hash: "sha384", type: "rsa", pss: true },
  PS512: { hash: "sha512", type: "rsa", pss: true },
  EdDSA: { hash: null, type: "ed25519" },
};

const TOKEN_MAX = 64 * 1024;

export function signToken({ id, algorithm, key }: SigningKey, claims: JsonObject): string {
  const signed = `${encoded({ alg: algorithm, kid: id })}.${encoded(claims)}`;
  const signature = sign(hashOf(algorithm), Buffer.from(signed), keyOptions(algorithm, key));
  return `${signed}.${signature.toString("base64url")}`;
}

/** Undefined for text that is no token. */
export function parseToken(token: string): ParsedToken | undefined {
  if (token.length > TOKEN_MAX) return undefined;
  const parts = token.split(".");
  const [header = "", payload = "", signature = ""] = parts;
  if (parts.length !== 3) return undefined;
  const head = decoded(header);
  const claims = decoded(payload);
  if (head === undefined || claims === undefined) return undefined;
  const { alg, kid } = head;
  return {
    algorithm: typeof alg === "string" ? alg : "",
    keyId: typeof kid === "string" ? kid : "",
    claims,
    signed: Buffer.from(`${header}.${payload}`),
    signature: Buffer.from(signature, "base64url"),
  };
}

/** True when one of the keys signed the token. A key of another type never fits. */
export function isSignedBy(token: ParsedToken, keys: readonly VerificationKey[]): boolean {
  const { algorithm, keyId, signed, signature } = token;
  const form = Object.hasOwn(ALGORITHMS, algorithm) ? ALGORITHMS[algorithm] : undefined;
  if (form === undefined) return false;
  return keys.some(({ id, key }) => {
    if (id !== "" && keyId !== "" && id !== keyId) return false;
    if (key.asymmetricKeyType !== form.type) return false;
    return verify(form.hash, signed, keyOptions(algorithm, key), signature);
  });
}

export function algorithmOf(key: KeyObject): string {
  if (key.asymmetricKeyType === "rsa") return "RS256";
  const curve = key.asymmetricKeyDetails?.namedCurve;
  return curve === "secp384r1" ? "ES384" : curve === "secp521r1" ? "ES512" : "ES256";
}

/** Names a key by its public part. */
export function keyIdOf(key: KeyObject): string {
  const der = (key.type === "private" ? createPublicKey(key) : key).export({
    type: "spki",
    format: "der",
  });
  return createHash("sha256").update(der).digest("base64url");
}

/** A public key of a key set; undefined for forms that sign no tokens. */
export function readJwk(jwk: JsonObject): VerificationKey | undefined {
  const use = jwk["use"];
  if (use !== undefined && use !== "sig") return undefined;
  try {
    const key = createPublicKey({ key: jwk, format: "jwk" });
    const id = jwk["kid"];
    return { id: typeof id === "string" ? id : "", key };
  } catch {
    return undefined;
  }
}

function hashOf(algorithm: string): string | null {
  return ALGORITHMS[algorithm]?.hash ?? null;
}

interface KeyOptions {
  readonly key: KeyObject;
  readonly dsaEncoding: "ieee-p1363";
  readonly padding?: number;
}

function keyOptions(algorithm: string, key: KeyObject): KeyOptions {
  const options = { key, dsaEncoding: "ieee-p1363" } as const;
  if (ALGORITHMS[algorithm]?.pss !== true) return options;
  return { ...options, padding: constants.RSA_PKCS1_PSS_PADDING };
}

function encoded(value: Json): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

function decoded(part: string): JsonObject | undefined {
  try {
    const value = JSON.parse(Buffer.from(part, "base64url").toString()) as unknown;
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return isObject ? (value as JsonObject) : undefined;
  } catch {
    return undefined;
  }
}
