/** Parsers of texts from outside, for `npm run fuzz`: each ends with a value or a fault. */
import { parseDistributionPoint } from "../cimd.ts";
import { parseImageManifest } from "../image-manifest.ts";
import { parseImageReference } from "../image-reference.ts";
import { findJsonProblem } from "../json-problem.ts";
import { parseOciArtifact } from "../oci-artifact.ts";
import { parseOciConfig, parseOciDocument } from "../oci-image.ts";
import { parsePodManifest } from "../pod-manifest.ts";
import { parseSimpleSigning, parseStatement } from "../signed-claim.ts";
import { parseTrustPolicy, ruleFor } from "../trust-policy.ts";

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

export const TARGETS: Readonly<Record<string, (bytes: Uint8Array) => unknown>> = {
  "image-reference": (bytes) => parseImageReference(text(bytes), { exists: () => false }).kind,
  "image-manifest": (bytes) => Object.keys(parseImageManifest(text(bytes))).join(),
  "pod-manifest": (bytes) => Object.keys(parsePodManifest(text(bytes))).join(),
  "oci-document": (bytes) => parseOciDocument(text(bytes)).kind,
  "oci-config": (bytes) => Object.keys(parseOciConfig(text(bytes))).join(),
  "oci-artifact": (bytes) => parseOciArtifact(text(bytes)).blobs.length,
  "distribution-point": (bytes) => parseDistributionPoint(text(bytes)).type,
  "trust-policy": (bytes) => ruleFor(parseTrustPolicy(text(bytes)), "docker.io/a")?.policy,
  "simple-signing": (bytes) => Object.keys(parseSimpleSigning(bytes)).join(),
  statement: (bytes) => parseStatement(bytes).digests.length,
  "json-problem": (bytes) => findJsonProblem(text(bytes))?.problem,
};
