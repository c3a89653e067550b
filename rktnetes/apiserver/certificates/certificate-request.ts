/**
 * Requests for certificates: whom they name, and whether they are signed by the key that they are
 * for. In: PEM of anybody. Out: names and bytes that a certificate is made of. @see RFC 2986
 */
import { createPublicKey, type KeyObject, verify } from "node:crypto";
import { Fault } from "@shared/base";
import { oid } from "./der.ts";
import { type DerValue, readValues } from "./read-der.ts";

/** What a request asks for. */
export interface RequestedNames {
  readonly commonName: string;
  readonly organizations: readonly string[];
  readonly dnsNames: readonly string[];
  readonly emailAddresses: readonly string[];
  readonly ipAddressCount: number;
  readonly uriCount: number;
}

/** A request whose signature is right. */
export interface CertificateRequestFile {
  readonly names: RequestedNames;
  /** DER of the subject, and of the alternative names where there are some. */
  readonly subject: Buffer;
  readonly alternativeNames: Buffer | undefined;
  readonly publicKey: KeyObject;
}

const COMMON_NAME = oid("2.5.4.3");
const ORGANIZATION = oid("2.5.4.10");
const EXTENSIONS = oid("1.2.840.113549.1.9.14");
const ALTERNATIVE_NAMES = oid("2.5.29.17");

/** Digests by the algorithm of the signature; Ed25519 has its own. */
const DIGESTS: readonly (readonly [algorithm: Buffer, digest: string | null])[] = [
  [oid("1.2.840.113549.1.1.11"), "sha256"],
  [oid("1.2.840.113549.1.1.12"), "sha384"],
  [oid("1.2.840.113549.1.1.13"), "sha512"],
  [oid("1.2.840.10045.4.3.2"), "sha256"],
  [oid("1.2.840.10045.4.3.3"), "sha384"],
  [oid("1.2.840.10045.4.3.4"), "sha512"],
  [oid("1.3.101.112"), null],
];

/** @throws {Fault} "invalid" */
export function readCertificateRequest(pem: string): CertificateRequestFile {
  const found = /-----BEGIN (?:NEW )?CERTIFICATE REQUEST-----([^-]+)-----END/.exec(pem);
  if (found === null) throw invalid("it is no PEM of a request");
  try {
    return readRequest(Buffer.from(found[1] ?? "", "base64"));
  } catch (error) {
    if (error instanceof Fault) throw error;
    throw new Fault("invalid", "read the request for a certificate", { cause: error });
  }
}

function readRequest(bytes: Buffer): CertificateRequestFile {
  const [outer, ...after] = readValues(bytes);
  if (outer?.tag !== SEQUENCE || after.length > 0) throw invalid("it is no sequence");
  const [info, algorithm, signature, ...more] = readValues(outer.content);
  if (info?.tag !== SEQUENCE || algorithm?.tag !== SEQUENCE) throw invalid("parts are missing");
  if (signature?.tag !== BITS || signature.content[0] !== 0 || more.length > 0) {
    throw invalid("its signature is none");
  }
  const [, subject, key, attributes] = readValues(info.content);
  if (subject === undefined || key === undefined) throw invalid("parts are missing");
  const publicKey = createPublicKey({ key: key.whole, format: "der", type: "spki" });
  checkSignature(info, { algorithm, signature, publicKey });
  const alternativeNames = attributes === undefined ? undefined : alternativesIn(attributes);
  const names = { ...subjectNames(subject), ...alternatives(alternativeNames) };
  return { names, subject: subject.whole, alternativeNames, publicKey };
}

const SEQUENCE = 0x30;
const BITS = 0x03;

function invalid(why: string): Fault {
  return new Fault("invalid", `read the request for a certificate: ${why}`);
}

interface Signed {
  readonly algorithm: DerValue;
  readonly signature: DerValue;
  readonly publicKey: KeyObject;
}

function checkSignature(info: DerValue, { algorithm, signature, publicKey }: Signed): void {
  const [name] = readValues(algorithm.content);
  const known = DIGESTS.find(([each]) => name !== undefined && each.equals(name.whole));
  if (known === undefined) throw invalid("nobody knows the algorithm of its signature");
  const bytes = signature.content.subarray(1); // the first counts unused bits
  if (!verify(known[1], info.whole, publicKey, bytes)) throw invalid("its signature is wrong");
}

function subjectNames(subject: DerValue): Pick<RequestedNames, "commonName" | "organizations"> {
  const pairs = readValues(subject.content)
    .flatMap((set) => readValues(set.content))
    .map((pair) => readValues(pair.content));
  const valuesOf = (wanted: Buffer): readonly string[] =>
    pairs
      .filter(([type]) => type !== undefined && wanted.equals(type.whole))
      .map(([, value]) => value?.content.toString() ?? "");
  return { commonName: valuesOf(COMMON_NAME).at(-1) ?? "", organizations: valuesOf(ORGANIZATION) };
}

/** DER of the alternative names that the request wants as an extension. */
function alternativesIn(attributes: DerValue): Buffer | undefined {
  for (const attribute of readValues(attributes.content)) {
    const [type, values] = readValues(attribute.content);
    if (type === undefined || values === undefined || !EXTENSIONS.equals(type.whole)) continue;
    const [extensions] = readValues(values.content);
    for (const extension of extensions === undefined ? [] : readValues(extensions.content)) {
      const parts = readValues(extension.content);
      if (parts[0] !== undefined && ALTERNATIVE_NAMES.equals(parts[0].whole)) {
        return parts.at(-1)?.content;
      }
    }
  }
  return undefined;
}

/** Tags of general names. @see RFC 5280 §4.2.1.6 */
const TAG = { email: 0x81, dns: 0x82, uri: 0x86, ip: 0x87 } as const;

function alternatives(
  bytes: Buffer | undefined,
): Omit<RequestedNames, "commonName" | "organizations"> {
  const [list] = bytes === undefined ? [] : readValues(bytes);
  const names = list === undefined ? [] : readValues(list.content);
  const textsOf = (tag: number): readonly string[] =>
    names.filter((name) => name.tag === tag).map(({ content }) => content.toString());
  return {
    dnsNames: textsOf(TAG.dns),
    emailAddresses: textsOf(TAG.email),
    ipAddressCount: textsOf(TAG.ip).length,
    uriCount: textsOf(TAG.uri).length,
  };
}
