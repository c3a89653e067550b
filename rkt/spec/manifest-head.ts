/**
 * What image and pod manifests share: their first two fields and the ids of images. JSON values
 * flow in, proven texts flow out, with the words of the appc library in the Faults.
 *
 * @see appc 0.8.11, types.md
 */
import { Fault } from "@shared/base";
import { type JsonObject, readText } from "./document.ts";

const SEMANTIC_VERSION = /^[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$/;
const KINDS: readonly string[] = ["ImageManifest", "PodManifest"];

/** Proves that the document says it is of this kind. */
export function checkKind(document: JsonObject, kind: "ImageManifest" | "PodManifest"): void {
  const found = readText(document["acKind"], "acKind");
  if (found === "") throw new Fault("invalid", "ACKind must be set");
  if (found !== undefined && !KINDS.includes(found)) {
    throw new Fault("invalid", `bad ACKind: ${found}`);
  }
  if (found !== kind) throw new Fault("invalid", `missing or bad ACKind (must be "${kind}")`);
}

/** The version of the specification that the document names; undefined where it names none. */
export function readVersion(document: JsonObject): string | undefined {
  const version = readText(document["acVersion"], "acVersion");
  if (version === undefined) return undefined;
  if (!SEMANTIC_VERSION.test(version)) throw new Fault("invalid", "SemVer is bad");
  if (version === "0.0.0") throw new Fault("invalid", "SemVer cannot be zero");
  return version;
}

/** The id of an image, `sha512-<hex>`, as a manifest names it. */
export function readImageId(value: unknown, place: string): string | undefined {
  const id = readText(value, place);
  return id === undefined ? undefined : parseImageHash(id);
}

/**
 * A text that names an image by (a prefix of) its id. Faults have the words of the appc library.
 */
export function parseImageHash(text: string): string {
  const [algorithm, digest, ...rest] = text.split("-");
  if (digest === undefined || rest.length > 0) {
    throw new Fault("invalid", "badly formatted hash string");
  }
  if (algorithm === "") throw new Fault("invalid", "unexpected empty hash type");
  if (algorithm !== "sha512") {
    throw new Fault("invalid", `unrecognized hash type: ${algorithm}`);
  }
  if (digest === "") throw new Fault("invalid", "unexpected empty hash value");
  // Stricter than rkt, which takes any text here: an id may become part of a path.
  if (!/^[0-9a-zA-Z]+$/.test(digest)) throw new Fault("invalid", "badly formatted hash string");
  return text;
}
