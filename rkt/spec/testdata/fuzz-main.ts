/** Parsers of texts from outside, for `npm run fuzz`: each ends with a value or a fault. */
import { parseImageManifest } from "../image-manifest.ts";
import { parseImageReference } from "../image-reference.ts";
import { findJsonProblem } from "../json-problem.ts";
import { parseOciConfig, parseOciDocument } from "../oci-image.ts";
import { parsePodManifest } from "../pod-manifest.ts";

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

export const TARGETS: Readonly<Record<string, (bytes: Uint8Array) => unknown>> = {
  "image-reference": (bytes) => parseImageReference(text(bytes), { exists: () => false }).kind,
  "image-manifest": (bytes) => Object.keys(parseImageManifest(text(bytes))).join(),
  "pod-manifest": (bytes) => Object.keys(parsePodManifest(text(bytes))).join(),
  "oci-document": (bytes) => parseOciDocument(text(bytes)).kind,
  "oci-config": (bytes) => Object.keys(parseOciConfig(text(bytes))).join(),
  "json-problem": (bytes) => findJsonProblem(text(bytes))?.problem,
};
