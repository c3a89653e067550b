/** Public keys as openssl writes them: which are taken, and what they prove. */
import { describe, expect, test } from "bun:test";
import { constants, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { describeFault } from "@shared/base";
import { isSignedBy, readImageKey } from "./public-key.ts";

interface Pair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

const ec = (namedCurve: string): Pair => generateKeyPairSync("ec", { namedCurve });
const rsa = (modulusLength: number): Pair => generateKeyPairSync("rsa", { modulusLength });
const pemOf = (key: KeyObject): Buffer => Buffer.from(key.export({ type: "spki", format: "pem" }));
const PSS = {
  padding: constants.RSA_PKCS1_PSS_PADDING,
  saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
};

const message = Buffer.from("message");
const SORTS: readonly (readonly [string, Pair, string | null, object])[] = [
  ["ECDSA P-256", ec("prime256v1"), "sha256", {}],
  ["ECDSA P-384", ec("secp384r1"), "sha384", {}],
  ["ECDSA P-384", ec("secp384r1"), "sha256", {}],
  ["ECDSA P-521", ec("secp521r1"), "sha512", {}],
  ["RSA 2048", rsa(2048), "sha256", {}],
  ["RSA 2048", rsa(2048), "sha256", PSS],
  ["Ed25519", generateKeyPairSync("ed25519"), null, {}],
];
for (const [sort, { publicKey, privateKey }, hash, options] of SORTS) {
  test(`${sort} with ${hash ?? "its own hash"}${options === PSS ? ", PSS" : ""}`, () => {
    const key = readImageKey(pemOf(publicKey), "k");
    expect(key.sort).toBe(sort);
    const signature = sign(hash, message, { key: privateKey, ...options });
    expect(isSignedBy(key, message, signature)).toBe(true);
    expect(isSignedBy(key, Buffer.from("massage"), signature)).toBe(false);
    const changed = Buffer.from(signature);
    changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
    expect(isSignedBy(key, message, changed)).toBe(false);
    for (const bytes of [Buffer.alloc(0), Buffer.alloc(64), signature.subarray(1)]) {
      expect(isSignedBy(key, message, bytes)).toBe(false);
    }
  });
}

test("SHA-1 proves nothing", () => {
  const { publicKey, privateKey } = rsa(2048);
  const signature = sign("sha1", message, privateKey);
  expect(isSignedBy(readImageKey(pemOf(publicKey), "k"), message, signature)).toBe(false);
});

describe("refuses", () => {
  const refused: Readonly<Record<string, readonly [Buffer, string]>> = {
    "RSA of 1024 bits": [pemOf(rsa(1024).publicKey), "want ECDSA, RSA of 2048 bits or more"],
    "a private key": [
      Buffer.from(ec("prime256v1").privateKey.export({ type: "pkcs8", format: "pem" })),
      "it is a private key",
    ],
    "a key for agreement": [pemOf(generateKeyPairSync("x25519").publicKey), "want ECDSA"],
    nothing: [Buffer.alloc(0), "it is no public key in PEM"],
    "a damaged key": [
      Buffer.from("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"),
      "it is no public key in PEM",
    ],
  };
  for (const [name, [bytes, message]] of Object.entries(refused)) {
    test(name, () => {
      expect(describeFault(failure(() => readImageKey(bytes, "k")))).toContain(message);
    });
  }
});

function failure(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error("it did not fail");
}
