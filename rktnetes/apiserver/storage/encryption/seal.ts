/**
 * Hides one value and shows it again, in the forms of Kubernetes: a head that names the cipher and
 * the key, then what the cipher made. In: the store's key, a value. Out: bytes. With AES-GCM a
 * value that was moved to another key of the store, or changed, is not shown.
 */
import { createCipheriv, createDecipheriv } from "node:crypto";
import { Fault, quote } from "@shared/base";
import type { CipherKey, EncryptionRule } from "./encryption-config.ts";

const HEAD = "k8s:enc:";
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const BLOCK_BYTES = 16;

/** Random bytes, that nobody can foretell. */
export type RandomBytes = (count: number) => Uint8Array;

export function seal(
  rule: EncryptionRule,
  key: string,
  value: Uint8Array,
  random: RandomBytes,
): Uint8Array {
  const [first = "plain"] = rule.providers;
  if (first === "plain") return value;
  const head = Buffer.from(headOf(first));
  const bits = first.secret.length * 8;
  if (first.cipher === "aescbc") {
    const iv = random(BLOCK_BYTES);
    const cipher = createCipheriv(`aes-${bits}-cbc`, first.secret, iv);
    return Buffer.concat([head, iv, cipher.update(value), cipher.final()]);
  }
  const nonce = random(NONCE_BYTES);
  const cipher = createCipheriv(`aes-${bits}-gcm`, first.secret, nonce) as GcmCipher;
  cipher.setAAD(Buffer.from(key));
  const hidden = [cipher.update(value), cipher.final()];
  return Buffer.concat([head, nonce, ...hidden, cipher.getAuthTag()]);
}

type GcmCipher = ReturnType<typeof createCipheriv> & {
  setAAD(data: Uint8Array): unknown;
  getAuthTag(): Buffer;
};
type GcmDecipher = ReturnType<typeof createDecipheriv> & {
  setAAD(data: Uint8Array): unknown;
  setAuthTag(tag: Uint8Array): unknown;
};

/** @throws {Fault} "corrupt" when no key shows it */
export function unseal(rule: EncryptionRule, key: string, stored: Uint8Array): Uint8Array {
  if (!isSealed(stored)) {
    if (rule.providers.includes("plain")) return stored;
    throw new Fault("corrupt", `decrypt ${quote(key)}: it is not encrypted, which is not allowed`);
  }
  for (const provider of rule.providers) {
    if (provider === "plain") continue;
    const head = headOf(provider);
    if (!startsWith(stored, head)) continue;
    try {
      return opened(provider, key, stored.subarray(head.length));
    } catch (error) {
      // Two keys may have the same name.
      if (provider === rule.providers.findLast((each) => isNamed(each, provider))) {
        throw new Fault("corrupt", `decrypt ${quote(key)}`, { cause: error });
      }
    }
  }
  const hint = "put back the key with which it was written: it may stand after the others";
  throw new Fault("corrupt", `decrypt ${quote(key)}: its key is not configured`, { hint });
}

/** Whether the value would be written with another key than it was. */
export function isStale(rule: EncryptionRule, stored: Uint8Array): boolean {
  const [first = "plain"] = rule.providers;
  return first === "plain" ? isSealed(stored) : !startsWith(stored, headOf(first));
}

function isNamed(provider: CipherKey | "plain", { cipher, name }: CipherKey): boolean {
  return provider !== "plain" && provider.cipher === cipher && provider.name === name;
}

function opened({ cipher, secret }: CipherKey, key: string, sealed: Uint8Array): Uint8Array {
  const bits = secret.length * 8;
  if (cipher === "aescbc") {
    const iv = sealed.subarray(0, BLOCK_BYTES);
    const decipher = createDecipheriv(`aes-${bits}-cbc`, secret, iv);
    return Buffer.concat([decipher.update(sealed.subarray(BLOCK_BYTES)), decipher.final()]);
  }
  const nonce = sealed.subarray(0, NONCE_BYTES);
  const decipher = createDecipheriv(`aes-${bits}-gcm`, secret, nonce) as GcmDecipher;
  decipher.setAAD(Buffer.from(key));
  decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
  const hidden = sealed.subarray(NONCE_BYTES, -TAG_BYTES);
  return Buffer.concat([decipher.update(hidden), decipher.final()]);
}

function headOf({ cipher, name }: CipherKey): string {
  return `${HEAD}${cipher}:v1:${name}:`;
}

function isSealed(value: Uint8Array): boolean {
  return startsWith(value, HEAD);
}

function startsWith(value: Uint8Array, text: string): boolean {
  return Buffer.from(value.buffer, value.byteOffset, Math.min(value.length, text.length)).equals(
    Buffer.from(text),
  );
}
