/**
 * Sigstore bundles: a signature with all that is needed to check it offline. A text flows in; the
 * signed bytes and the signatures over them flow out. Checks none of them.
 *
 * @see sigstore protobuf-specs, sigstore_bundle.proto; DSSE protocol 1.0, "Signature Definition"
 */
import { Fault, MiB, quote } from "@shared/base";
import { type JsonObject, parseDocument, readList, readObject, readText } from "./document.ts";

/** What is signed, and by whom it says it was. */
export interface SigstoreBundle {
  readonly content:
    | { readonly kind: "statement"; readonly payload: Uint8Array; readonly signed: Uint8Array }
    /** A signature over a blob whose digest is told, but which is elsewhere. */
    | { readonly kind: "message"; readonly digest: string };
  readonly signatures: readonly Uint8Array[];
  /** Absent where a key that both sides know made the signature. */
  readonly certificate?: true;
  /** As parsed, for who checks certificates and logs. */
  readonly document: JsonObject;
}

/** Media types of bundles that are read. */
export const SIGSTORE_BUNDLE_TYPE: RegExp =
  /^application\/vnd\.dev\.sigstore\.bundle(?:\.v0\.3\+json|\+json;version=0\.[123])$/;

const STATEMENT_PAYLOAD = "application/vnd.in-toto+json";
const HASHES: Readonly<Record<string, string>> = { SHA2_256: "sha256", SHA2_512: "sha512" };

/** Faults: invalid; unsupported, for other versions. */
export function parseSigstoreBundle(text: string): SigstoreBundle {
  const document = parseDocument(text, { what: "sigstore bundle", limitBytes: MiB });
  const mediaType = readText(document["mediaType"], "mediaType") ?? "";
  if (!SIGSTORE_BUNDLE_TYPE.test(mediaType)) {
    throw new Fault("unsupported", `parse sigstore bundle: it is ${quote(mediaType)}`);
  }
  const material = readObject(document["verificationMaterial"], "verificationMaterial");
  const certified = "certificate" in material || "x509CertificateChain" in material;
  const content =
    document["dsseEnvelope"] === undefined ? readMessage(document) : readEnvelope(document);
  return { ...content, ...(certified && { certificate: true }), document };
}

function readEnvelope(document: JsonObject): Pick<SigstoreBundle, "content" | "signatures"> {
  const envelope = readObject(document["dsseEnvelope"], "dsseEnvelope");
  const type = readText(envelope["payloadType"], "dsseEnvelope.payloadType") ?? "";
  if (type !== STATEMENT_PAYLOAD) {
    throw new Fault("unsupported", `parse sigstore bundle: its payload is ${quote(type)}`);
  }
  const payload = readBase64(envelope["payload"], "dsseEnvelope.payload");
  const signatures = readList(envelope["signatures"], "signatures", (each, place) =>
    readBase64(readObject(each, place)["sig"], `${place}.sig`),
  );
  const content = { kind: "statement", payload, signed: paeOf(type, payload) } as const;
  return { content, signatures: signatures ?? [] };
}

/** DSSE's pre-authentication encoding: type and payload, each with its length before it. */
function paeOf(type: string, payload: Uint8Array): Uint8Array {
  const head = `DSSEv1 ${Buffer.byteLength(type)} ${type} ${payload.length} `;
  return Buffer.concat([Buffer.from(head), payload]);
}

function readMessage(document: JsonObject): Pick<SigstoreBundle, "content" | "signatures"> {
  const message = readObject(document["messageSignature"], "messageSignature");
  const digest = readObject(message["messageDigest"], "messageSignature.messageDigest");
  const algorithm = HASHES[readText(digest["algorithm"], "messageDigest.algorithm") ?? ""];
  if (algorithm === undefined) {
    throw new Fault("unsupported", "parse sigstore bundle: its digest is of an unknown sort");
  }
  const hex = Buffer.from(readBase64(digest["digest"], "messageDigest.digest")).toString("hex");
  const signature = readBase64(message["signature"], "messageSignature.signature");
  return { content: { kind: "message", digest: `${algorithm}:${hex}` }, signatures: [signature] };
}

function readBase64(value: unknown, place: string): Uint8Array {
  const text = readText(value, place);
  if (text === undefined) throw new Fault("invalid", `read ${quote(place)}: it is missing`);
  return Buffer.from(text, "base64");
}
