/** What is signed of container images: simple signing, statements, bundles. */
import { describe, expect, test } from "bun:test";
import { describeFault, Fault } from "@shared/base";
import * as fc from "fast-check";
import { parseSimpleSigning, parseStatement } from "./signed-claim.ts";
import { parseSigstoreBundle } from "./sigstore-bundle.ts";

const bytes = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));
const DIGEST = `sha256:${"1".repeat(64)}`;

const payload = (changes: object = {}) => ({
  critical: {
    identity: { "docker-reference": "index.docker.io/library/busybox" },
    image: { "docker-manifest-digest": DIGEST },
    type: "cosign container image signature",
    ...changes,
  },
  optional: { creator: "somebody" },
});

const statement = (changes: object = {}) => ({
  _type: "https://in-toto.io/Statement/v1",
  subject: [{ name: "x", digest: { sha256: "1".repeat(64) } }],
  predicateType: "https://sigstore.dev/cosign/sign/v1",
  predicate: {},
  ...changes,
});

test("simple signing says digest and name", () => {
  expect(parseSimpleSigning(bytes(payload()))).toEqual({
    digests: [DIGEST],
    reference: "index.docker.io/library/busybox",
  });
});

test("a statement says digests only", () => {
  expect(parseStatement(bytes(statement()))).toEqual({ digests: [DIGEST] });
});

const envelope = (changes: object = {}, bundle: object = {}): string =>
  JSON.stringify({
    mediaType: "application/vnd.dev.sigstore.bundle.v0.3+json",
    verificationMaterial: { publicKey: { hint: "x" } },
    dsseEnvelope: {
      payload: Buffer.from("{}").toString("base64"),
      payloadType: "application/vnd.in-toto+json",
      signatures: [{ sig: "AQID" }],
      ...changes,
    },
    ...bundle,
  });

test("of an envelope, type and lengths are signed too", () => {
  const { content, signatures, certificate } = parseSigstoreBundle(envelope());
  expect(content.kind === "statement" && Buffer.from(content.signed).toString()).toBe(
    "DSSEv1 28 application/vnd.in-toto+json 2 {}",
  );
  expect(signatures.map((each) => [...each])).toEqual([[1, 2, 3]]);
  expect(certificate).toBeUndefined();
});

test("a message is told by its digest", () => {
  const messageSignature = {
    messageDigest: { algorithm: "SHA2_256", digest: Buffer.alloc(32, 0x11).toString("base64") },
    signature: "AQID",
  };
  const text = JSON.parse(envelope()) as Record<string, unknown>;
  const { dsseEnvelope: _left, ...rest } = text;
  expect(parseSigstoreBundle(JSON.stringify({ ...rest, messageSignature })).content).toEqual({
    kind: "message",
    digest: DIGEST,
  });
});

describe("refuses", () => {
  const wrong: Readonly<Record<string, readonly [() => unknown, string]>> = {
    "a payload of another type": [
      () => parseSimpleSigning(bytes(payload({ type: "atomic container signature" }))),
      "its type is",
    ],
    "a payload without an image": [
      () => parseSimpleSigning(bytes(payload({ image: undefined }))),
      "critical.image",
    ],
    "another statement": [
      () => parseStatement(bytes(statement({ _type: "https://example.test" }))),
      "signs no image",
    ],
    "another predicate": [
      () => parseStatement(bytes(statement({ predicateType: "https://slsa.dev/provenance/v1" }))),
      "signs no image",
    ],
    "a bundle of another version": [
      () => parseSigstoreBundle(envelope({}, { mediaType: "application/json" })),
      "it is",
    ],
    "an envelope with another payload": [
      () => parseSigstoreBundle(envelope({ payloadType: "text/plain" })),
      "its payload is",
    ],
    "an envelope without a payload": [
      () => parseSigstoreBundle(envelope({ payload: undefined })),
      "dsseEnvelope.payload",
    ],
  };
  for (const [name, [parse, message]] of Object.entries(wrong)) {
    test(name, () => {
      expect(describeFault(failure(parse))).toContain(message);
    });
  }

  test("whatever else it gets, with a fault", () => {
    const property = fc.property(fc.json(), (text) => {
      for (const parse of [
        () => parseSimpleSigning(Buffer.from(text)),
        () => parseStatement(Buffer.from(text)),
        () => parseSigstoreBundle(text),
      ]) {
        expect(failure(parse)).toBeInstanceOf(Fault);
      }
    });
    fc.assert(property, { numRuns: 300 });
  });
});

function failure(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error("it did not fail");
}
