/**
 * What a container image must prove. In: its reference, the trust policies, the trusted keys and
 * the word of the person who asks; out: a demand, or a refusal before anything is asked of the
 * network.
 */
import type { OciOrigin } from "@rkt/spec";
import { Fault, quote } from "@shared/base";
import type { ImageHost, Insecure } from "../host.ts";
import type { Verification } from "../image.ts";
import { imageKeysFor } from "./image-keys.ts";
import { trustNameOf } from "./trust-name.ts";
import { type FiledRule, trustRuleFor } from "./trust-rules.ts";

export type Demand =
  /** No proof is looked for; `verification` says on whose word. */
  | { readonly kind: "nothing"; readonly verification: Verification }
  | { readonly kind: "proof"; readonly name: string; readonly rule?: FiledRule };

type DemandHost = Pick<ImageHost, "keyTrees" | "policyDirectories">;

/** @throws {Fault} "denied" where nothing could prove it, or a policy rejects it */
export function demandFor(host: DemandHost, origin: OciOrigin, insecure: Insecure): Demand {
  const name = trustNameOf(origin);
  const rule = trustRuleFor(host.policyDirectories ?? [], name);
  if (rule?.policy === "reject") {
    throw new Fault("denied", `image ${quote(name)} is rejected by ${quote(rule.path)}`);
  }
  if (rule?.policy === "accept-unsigned") {
    return { kind: "nothing", verification: { kind: "policy", prefix: rule.prefix } };
  }
  if (insecure.image && rule === undefined) {
    return { kind: "nothing", verification: { kind: "none" } };
  }
  const canBeProven =
    origin.kind !== "docker" ||
    rule?.sigstore !== undefined ||
    imageKeysFor(host.keyTrees, name).length > 0;
  if (canBeProven) return { kind: "proof", name, ...(rule !== undefined && { rule }) };
  throw unproven(`image ${quote(name)} has no proof of origin: no key is trusted for it`, {
    name,
    ...(rule !== undefined && { rule }),
  });
}

/** A refusal that names the ways out. */
export function unproven(
  message: string,
  { name, rule }: { readonly name: string; readonly rule?: FiledRule },
): Fault {
  const scope = name.startsWith("oci:") ? "--prefix REGISTRY/REPOSITORY" : `--prefix ${name}`;
  const trust = `trust its signer's key: rkt trust ${scope} --cosign-key KEY.pub`;
  const waive =
    rule === undefined
      ? "accept the image without proof: --insecure-options=image"
      : `change what ${quote(rule.path)} requires`;
  return new Fault("denied", message, { hint: `${trust}; or ${waive}` });
}
