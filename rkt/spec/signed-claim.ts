/**
 * What a signature on a container image says. In: the signed bytes; out: the digest that they vouch
 * for and, where they name one, the image's name. Two forms: cosign's simple signing, and the
 * statement inside a sigstore bundle. Checks no signature.
 *
 * @see cosign specs/SIGNATURE_SPEC.md, "Simple Signing"; in-toto attestation v1, "Statement"
 */
import { Fault, quote } from "@shared/base";
import { type JsonObject, parseDocument, readList, readObject, readText } from "./document.ts";

/** A signed sentence: these digests are that image. */
export interface SignedClaim {
  /** `sha256:<hex>`, of an index or a manifest. */
  readonly digests: readonly string[];
  /** `index.docker.io/library/busybox`; absent where the form has no place for it. */
  readonly reference?: string;
}

const SIMPLE_SIGNING_TYPE = "cosign container image signature";
const STATEMENT_TYPES: readonly string[] = [
  "https://in-toto.io/Statement/v1",
  "https://in-toto.io/Statement/v0.1",
];
/** Other predicates (provenance, bills of materials) say other things of an image. */
const SIGN_PREDICATE = "https://sigstore.dev/cosign/sign/v1";

/** @throws {Fault} "invalid" */
export function parseSimpleSigning(bytes: Uint8Array): SignedClaim {
  const document = parseSigned(bytes, "signature payload");
  const critical = readObject(document["critical"], "critical");
  const type = readText(critical["type"], "critical.type");
  if (type !== SIMPLE_SIGNING_TYPE) {
    throw new Fault("invalid", `read signature payload: its type is ${quote(type ?? "")}`);
  }
  const image = readObject(critical["image"], "critical.image");
  const identity = readObject(critical["identity"], "critical.identity");
  return {
    digests: [readText(image["docker-manifest-digest"], "docker-manifest-digest") ?? ""],
    reference: readText(identity["docker-reference"], "docker-reference") ?? "",
  };
}

/** @throws {Fault} "invalid", also for statements that are no signature of an image */
export function parseStatement(bytes: Uint8Array): SignedClaim {
  const document = parseSigned(bytes, "signed statement");
  const type = readText(document["_type"], "_type") ?? "";
  const predicate = readText(document["predicateType"], "predicateType") ?? "";
  if (!STATEMENT_TYPES.includes(type) || predicate !== SIGN_PREDICATE) {
    throw new Fault("invalid", `read signed statement: ${quote(predicate)} signs no image`);
  }
  const subjects = readList(document["subject"], "subject", readObject) ?? [];
  return { digests: subjects.flatMap(digestsOf) };
}

function digestsOf(subject: JsonObject): string[] {
  const digest = readObject(subject["digest"], "subject.digest");
  return ["sha256", "sha512"].flatMap((algorithm) => {
    const hex = readText(digest[algorithm], `subject.digest.${algorithm}`);
    return hex === undefined ? [] : [`${algorithm}:${hex}`];
  });
}

function parseSigned(bytes: Uint8Array, what: string): JsonObject {
  return parseDocument(new TextDecoder().decode(bytes), { what });
}
