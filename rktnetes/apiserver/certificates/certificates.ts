/**
 * Keys and certificates of a cluster: P-256, signed by the cluster's own authority. In: names and
 * purposes. Out: PEM. Written by hand because the library for it takes half a second to load, and a
 * cluster is to be ready in less. @see RFC 5280
 */
import {
  createHash,
  createPrivateKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
} from "node:crypto";
import { isIPv4, isIPv6 } from "node:net";
import { X509Certificate } from "node:crypto";
import {
  bits,
  boolean,
  context,
  der,
  integer,
  octets,
  oid,
  sequence,
  setOf,
  time,
  utf8,
} from "./der.ts";

/** A private key and the certificate for it. */
export interface KeyPair {
  /** PKCS #8, PEM. */
  readonly key: string;
  /** PEM. */
  readonly certificate: string;
}

/** Whom a certificate names. */
export interface Subject {
  readonly commonName: string;
  readonly organizations?: readonly string[];
}

/** What an authority is asked to sign. */
export interface CertificateRequest extends Subject {
  readonly purpose: "server" | "client";
  /** DNS names and IP addresses. */
  readonly names?: readonly string[];
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** 16 random bytes. */
  readonly serial: Uint8Array;
}

const OIDS = {
  commonName: "2.5.4.3",
  organization: "2.5.4.10",
  ecdsaWithSha256: "1.2.840.10045.4.3.2",
  subjectKeyId: "2.5.29.14",
  keyUsage: "2.5.29.15",
  alternativeNames: "2.5.29.17",
  basicConstraints: "2.5.29.19",
  authorityKeyId: "2.5.29.35",
  extendedKeyUsage: "2.5.29.37",
  server: "1.3.6.1.5.5.7.3.1",
  client: "1.3.6.1.5.5.7.3.2",
} as const;

const SIGNATURE = sequence(oid(OIDS.ecdsaWithSha256));

/** A new authority that signs itself. */
export function createAuthority(
  request: Pick<CertificateRequest, "commonName" | "notBeforeMs" | "notAfterMs" | "serial">,
): KeyPair {
  const { publicKey, privateKey } = newKeys();
  const keyId = keyIdOf(publicKey);
  const extensions = [
    extension(OIDS.keyUsage, true, bits(Buffer.of(0b1010_0110), 1)), // signs certificates, too
    extension(OIDS.basicConstraints, true, sequence(boolean(true))),
    extension(OIDS.subjectKeyId, false, octets(keyId)),
  ];
  const issuer = nameOf(request);
  const body = toBeSigned({ ...request, issuer, subject: issuer, publicKey, extensions });
  return { key: pemOfKey(privateKey), certificate: signed(body, privateKey) };
}

/** A key, and a certificate for it that the authority signs. */
export function issueCertificate(authority: KeyPair, request: CertificateRequest): KeyPair {
  const { publicKey, privateKey } = newKeys();
  const extensions = [
    extension(OIDS.keyUsage, true, bits(Buffer.of(0b1010_0000), 5)),
    extension(OIDS.extendedKeyUsage, false, sequence(oid(OIDS[request.purpose]))),
    extension(OIDS.basicConstraints, true, sequence()),
    extension(OIDS.authorityKeyId, false, sequence(der(0x80, authorityKeyId(authority)))),
  ];
  const names = request.names ?? [];
  if (names.length > 0) {
    extensions.push(extension(OIDS.alternativeNames, false, sequence(...names.map(generalName))));
  }
  const issuer = subjectBytes(authority);
  const subject = nameOf(request);
  const body = toBeSigned({ ...request, issuer, subject, publicKey, extensions });
  const certificate = signed(body, createPrivateKey(authority.key));
  return { key: pemOfKey(privateKey), certificate };
}

/** A certificate for a key that somebody else has. */
export interface ForeignCertificate {
  /** 16 random bytes. */
  readonly serial: Uint8Array;
  /** DER. */
  readonly subject: Buffer;
  readonly publicKey: KeyObject;
  /** DER. */
  readonly alternativeNames: Buffer | undefined;
  /** One byte, the first bit leftmost; none for 0. */
  readonly keyUsage: number;
  /** Dotted. */
  readonly extendedKeyUsages: readonly string[];
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

/** PEM. */
export function signCertificate(authority: KeyPair, wanted: ForeignCertificate): string {
  const { keyUsage, extendedKeyUsages, alternativeNames } = wanted;
  const extensions: Buffer[] = [];
  if (keyUsage !== 0) {
    const unused = 31 - Math.clz32(keyUsage & -keyUsage);
    extensions.push(extension(OIDS.keyUsage, true, bits(Buffer.of(keyUsage), unused)));
  }
  if (extendedKeyUsages.length > 0) {
    const list = sequence(...extendedKeyUsages.map(oid));
    extensions.push(extension(OIDS.extendedKeyUsage, false, list));
  }
  const keyId = sequence(der(0x80, authorityKeyId(authority)));
  extensions.push(
    extension(OIDS.basicConstraints, true, sequence()),
    extension(OIDS.authorityKeyId, false, keyId),
  );
  if (alternativeNames !== undefined) {
    extensions.push(extension(OIDS.alternativeNames, false, alternativeNames));
  }
  const body = toBeSigned({ ...wanted, issuer: subjectBytes(authority), extensions });
  return signed(body, createPrivateKey(authority.key));
}

/** When a certificate ends, in ms since the epoch. */
export function expiryOf(certificate: string): number {
  return Date.parse(new X509Certificate(certificate).validTo);
}

function newKeys(): { publicKey: KeyObject; privateKey: KeyObject } {
  return generateKeyPairSync("ec", { namedCurve: "P-256" });
}

function pemOfKey(key: KeyObject): string {
  return key.export({ type: "pkcs8", format: "pem" });
}

function publicBytes(key: KeyObject): Buffer {
  return key.export({ type: "spki", format: "der" });
}

/** The point itself stands at the end: 65 bytes on P-256. */
function keyIdOf(key: KeyObject): Buffer {
  return createHash("sha1").update(publicBytes(key).subarray(-65)).digest();
}

function authorityKeyId({ certificate }: KeyPair): Buffer {
  return keyIdOf(new X509Certificate(certificate).publicKey);
}

/** The name of an authority that this file made: its common name is all of it. */
function subjectBytes({ certificate }: KeyPair): Buffer {
  const { subject } = new X509Certificate(certificate);
  return nameOf({ commonName: subject.replace(/^CN=/, "").trim() });
}

function nameOf({ commonName, organizations = [] }: Subject): Buffer {
  const parts = organizations.map((each) => attribute(OIDS.organization, each));
  return sequence(...parts, attribute(OIDS.commonName, commonName));
}

function attribute(type: string, value: string): Buffer {
  return setOf(sequence(oid(type), utf8(value)));
}

function extension(type: string, critical: boolean, value: Buffer): Buffer {
  return sequence(oid(type), ...(critical ? [boolean(true)] : []), octets(value));
}

function generalName(name: string): Buffer {
  if (isIPv4(name)) return der(0x87, Buffer.from(name.split(".").map(Number)));
  if (isIPv6(name)) return der(0x87, ipv6Bytes(name));
  return der(0x82, Buffer.from(name));
}

function ipv6Bytes(address: string): Buffer {
  const [head = "", tail] = address.split("::");
  const before = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = Array<string>(8 - before.length - after.length).fill("0");
  const groups = tail === undefined ? before : [...before, ...zeros, ...after];
  const bytes = Buffer.alloc(16);
  groups.forEach((group, at) => bytes.writeUInt16BE(Number.parseInt(group, 16), at * 2));
  return bytes;
}

interface Body {
  readonly serial: Uint8Array;
  readonly issuer: Buffer;
  readonly subject: Buffer;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  readonly publicKey: KeyObject;
  readonly extensions: readonly Buffer[];
}

function toBeSigned(body: Body): Buffer {
  return sequence(
    context(0, integer(Buffer.of(2))), // version 3
    integer(body.serial),
    SIGNATURE,
    body.issuer,
    sequence(time(body.notBeforeMs), time(body.notAfterMs)),
    body.subject,
    publicBytes(body.publicKey),
    context(3, sequence(...body.extensions)),
  );
}

function signed(body: Buffer, key: KeyObject): string {
  const whole = sequence(body, SIGNATURE, bits(sign("sha256", body, key)));
  const lines = whole.toString("base64").replace(/.{64}/g, "$&\n").trimEnd();
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
}
