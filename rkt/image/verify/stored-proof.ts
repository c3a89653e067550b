/**
 * Whether what the store says of an image is enough for the trust policies of today. In: a
 * reference and the record; out: yes, no (prove it again), or a refusal. Asks no network.
 */
import type { DockerReference } from "@rkt/spec";
import { Fault, quote } from "@shared/base";
import type { ImageHost } from "../host.ts";
import type { StoredImage } from "../image.ts";
import { parseSignedIdentity, trustNameOf } from "./trust-name.ts";
import { trustRuleFor } from "./trust-rules.ts";

/** @throws {Fault} "denied" where a policy rejects images of that name */
export function isProvenFor(
  host: Pick<ImageHost, "policyDirectories">,
  reference: DockerReference,
  { verification }: StoredImage,
): boolean {
  const name = trustNameOf(reference);
  const rule = trustRuleFor(host.policyDirectories ?? [], name);
  if (rule?.policy === "reject") {
    throw new Fault("denied", `image ${quote(name)} is rejected by ${quote(rule.path)}`);
  }
  if (rule?.policy !== "require") return true;
  if (verification.kind === "sigstore") return verification.name === name;
  if (verification.kind !== "cosign" || verification.identity === "") return false;
  return parseSignedIdentity(verification.identity).name === name;
}
