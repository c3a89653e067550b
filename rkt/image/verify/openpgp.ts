/**
 * OpenPGP as far as images need it. Armoured or binary keys and detached signatures flow in; the
 * signer flows out. The library is loaded at the first use. Signed files are hashed here, in one
 * pass of bounded memory, and the library is handed the digest. Decides nothing about trust: the
 * caller brings the keys.
 *
 * @see RFC 9580; RFC 4880 section 5.2.4
 */
import { createHash } from "node:crypto";
import { closeSync, openSync, readSync } from "node:fs";
import { Fault, MiB } from "@shared/base";
import type { Config, Key, PublicKey, Signature, SignaturePacket } from "openpgp";

/** A public key with all its subkeys. */
export interface OpenPgpKey {
  /** Lower-case hex. */
  readonly fingerprint: string;
  /** User ids, the primary one first. */
  readonly identities: readonly string[];
  /** The key as text, for a key file. */
  readonly armoured: string;
  readonly key: PublicKey;
}

export interface Signer {
  readonly fingerprint: string;
  readonly identities: readonly string[];
}

/** The keys in a file. @throws {Fault} "invalid" */
export async function readKeys(bytes: Uint8Array): Promise<OpenPgpKey[]> {
  const { readKeys: read } = await import("openpgp");
  const text = isBinary(bytes) ? undefined : Buffer.from(bytes).toString();
  if (text !== undefined && !text.includes("-----BEGIN PGP ")) {
    throw new Fault("invalid", "openpgp: invalid argument: no armored data found");
  }
  const config = await gpgConfig();
  let keys: Key[];
  try {
    keys = await (text === undefined
      ? read({ binaryKeys: bytes, config })
      : read({ armoredKeys: text, config }));
  } catch (cause) {
    throw new Fault("invalid", "openpgp: read public key", { cause: wordsOf(cause) });
  }
  if (keys.length === 0) throw new Fault("invalid", "openpgp: no public key found");
  return await Promise.all(keys.map(describeKey));
}

async function describeKey(key: Key): Promise<OpenPgpKey> {
  if (key.isPrivate()) {
    throw new Fault("invalid", "openpgp: read public key: it is a private key", {
      hint: "export the public half: gpg --armor --export KEY",
    });
  }
  return {
    fingerprint: key.getFingerprint(),
    identities: key.getUserIDs(),
    armoured: key.toPublic().armor(),
    key: key.toPublic(),
  };
}

/**
 * Who of `keys` made a detached signature of the file.
 *
 * @param nowMs expired and revoked keys, and signatures from the future, are judged by this
 * @throws {Fault} "denied", with the words of Go's openpgp where it has some
 */
export async function checkSignature(
  path: string,
  signatureFile: Uint8Array,
  keys: readonly OpenPgpKey[],
  nowMs: number,
): Promise<Signer> {
  const signature = await parseSignature(signatureFile);
  const packets = packetsOf(signature);
  if (packets.length === 0) {
    throw denied("keystore: no valid signatures found in signature file");
  }
  let failure = denied("openpgp: signature made by unknown entity");
  for (const packet of packets) {
    const signer = keys.find(({ key }) => key.getKeys(packet.issuerKeyID).length > 0);
    if (signer === undefined) continue;
    try {
      await checkPacket(path, packet, signer.key, nowMs);
      return { fingerprint: signer.fingerprint, identities: signer.identities };
    } catch (error) {
      failure = wordsOf(error);
    }
  }
  throw failure;
}

async function parseSignature(bytes: Uint8Array): Promise<Signature> {
  const { readSignature } = await import("openpgp");
  const config = await gpgConfig();
  if (bytes.length === 0) throw denied("keystore: no valid signatures found in signature file");
  const text = isBinary(bytes) ? undefined : Buffer.from(bytes).toString();
  if (text !== undefined && !text.includes("-----BEGIN PGP ")) {
    throw denied("openpgp: invalid data: tag byte does not have MSB set");
  }
  try {
    return await (text === undefined
      ? readSignature({ binarySignature: bytes, config })
      : readSignature({ armoredSignature: text, config }));
  } catch (cause) {
    const message = "keystore: no valid signatures found in signature file";
    throw new Fault("denied", message, { cause: wordsOf(cause) });
  }
}

function packetsOf(signature: Signature): SignaturePacket[] {
  return [...signature.packets].filter((packet) => "issuerKeyID" in packet);
}

async function checkPacket(
  path: string,
  packet: SignaturePacket,
  key: PublicKey,
  nowMs: number,
): Promise<void> {
  const { createMessage, enums, PacketList, Signature: SignatureOf } = await import("openpgp");
  if (packet.signatureType !== enums.signature.binary) {
    throw denied("openpgp: the signature is not one of a binary document");
  }
  const config = await gpgConfig();
  const now = new Date(nowMs);
  const empty = await createMessage({ binary: EMPTY });
  // The bytes that follow the document in the hash depend on the packet only, so an empty document
  // yields them.
  const hashed = packet as unknown as HashedPacket;
  const trailer = hashed.toHash(packet.signatureType, empty.packets[0], true);
  const algorithm = enums.read(enums.hash, packet.hashAlgorithm ?? enums.hash.md5);
  Object.assign(packet, { hashed: hashFile(path, algorithm, [hashed.salt ?? EMPTY, trailer]) });
  const packets = new PacketList<SignaturePacket>();
  packets.push(packet);
  const message = empty as unknown as VerifiableMessage;
  const results = await message.verifyDetached(new SignatureOf(packets), [key], now, config);
  const [result] = results;
  if (result === undefined || !(await result.verified)) {
    throw denied("openpgp: invalid signature");
  }
  // Valid when it signed is not enough: a key that is expired or revoked today vouches for nothing.
  await key.getSigningKey(packet.issuerKeyID, now, undefined, config);
}

const EMPTY = new Uint8Array(0);

/** Members that the library has and its declarations leave out. */
interface HashedPacket {
  /** What is hashed of the packet itself, after the document. */
  toHash(type: number | null, document: unknown, detached: boolean): Uint8Array;
  /** Hashed before the document; version 6 signatures only. */
  readonly salt?: Uint8Array | null;
}

/** `verifyDetached` takes a configuration; the declaration of the library leaves it out. */
interface VerifiableMessage {
  verifyDetached(
    signature: Signature,
    keys: PublicKey[],
    date: Date,
    config: Config,
  ): Promise<{ readonly verified: Promise<boolean> }[]>;
}

function hashFile(
  path: string,
  algorithm: string,
  [before, after]: readonly [Uint8Array, Uint8Array],
): Uint8Array {
  const hash = createHash(algorithm).update(before);
  const fd = openSync(path, "r");
  try {
    const buffer = new Uint8Array(MiB);
    for (let size = readSync(fd, buffer); size > 0; size = readSync(fd, buffer)) {
      hash.update(buffer.subarray(0, size));
    }
  } finally {
    closeSync(fd);
  }
  return new Uint8Array(hash.update(after).digest());
}

/** What gpgv accepts: DSA and every curve too. MD5, and SHA-1 over data, stay refused. */
async function gpgConfig(): Promise<Config> {
  const { config, enums } = await import("openpgp");
  return {
    ...config,
    rejectPublicKeyAlgorithms: new Set([enums.publicKey.elgamal]),
    rejectCurves: new Set(),
  };
}

/** The first byte of every packet has its highest bit set; text never has. */
function isBinary(bytes: Uint8Array): boolean {
  return ((bytes[0] ?? 0) & 0x80) !== 0;
}

const WORDS: readonly (readonly [RegExp, string])[] = [
  [/Signed digest did not match/, "openpgp: invalid signature: hash tag doesn't match"],
  [/Signature verification failed/, "openpgp: invalid signature: verification failure"],
  [/is expired/, "openpgp: key expired"],
  [/revoked/, "openpgp: key revoked"],
  [/Insecure message hash algorithm: (\S+)/, "openpgp: invalid signature: its hash is too weak"],
];

function wordsOf(error: unknown): Fault {
  if (error instanceof Fault) return error;
  const text = error instanceof Error ? error.message : String(error);
  const known = WORDS.find(([pattern]) => pattern.test(text))?.[1];
  return denied(known ?? `openpgp: ${text.charAt(0).toLowerCase()}${text.slice(1)}`);
}

function denied(message: string): Fault {
  return new Fault("denied", message);
}
