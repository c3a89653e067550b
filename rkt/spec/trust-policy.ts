/**
 * Trust policies: which container images need proof of their origin. A file's text flows in, rules
 * flow out; and of several rules the one that counts for a name. Reads no file, checks no proof.
 *
 *     { "rktKind": "trustPolicy", "rktVersion": "v1", "prefixes": ["docker.io/library"],
 *       "policy": "require" }
 */
import { Fault, quote } from "@shared/base";
import {
  given,
  type JsonObject,
  parseDocument,
  readObject,
  readText,
  readTexts,
} from "./document.ts";

const POLICIES = ["require", "accept-unsigned", "reject"] as const;

/** Whose certificate may vouch for images, where there is no key. */
export interface SigstoreTrust {
  /** Path of a `trusted_root.json`: authorities and logs. */
  readonly trustedRoot: string;
  /** A mail address or a URL, as the certificate has it. */
  readonly subject: string;
  /** URL of the OpenID provider that knew the signer. */
  readonly issuer: string;
}

/** One rule for the images whose names begin so. */
export interface TrustRule {
  /** `docker.io/library`, `oci:/srv/images`; empty for every image. */
  readonly prefix: string;
  /**
   * require: proof, whatever the command line says; accept-unsigned: none is needed; reject: none
   * helps.
   */
  readonly policy: (typeof POLICIES)[number];
  readonly sigstore?: SigstoreTrust;
}

/** The rules of one file. Faults: invalid. */
export function parseTrustPolicy(text: string): TrustRule[] {
  const document = parseDocument(text, { what: "trust policy" });
  const kind = readText(document["rktKind"], "rktKind");
  const version = readText(document["rktVersion"], "rktVersion");
  if (kind !== "trustPolicy" || version !== "v1") {
    const found = `${quote(kind ?? "")} ${quote(version ?? "")}`;
    throw new Fault("invalid", `parse trust policy: want rktKind "trustPolicy" v1, found ${found}`);
  }
  const policy = POLICIES.find((each) => each === document["policy"]);
  if (policy === undefined) {
    const wanted = POLICIES.map(quote).join(", ");
    throw new Fault("invalid", `parse trust policy: "policy" must be one of ${wanted}`);
  }
  const prefixes = readTexts(document["prefixes"], "prefixes") ?? [];
  if (prefixes.length === 0) {
    throw new Fault("invalid", 'parse trust policy: "prefixes" is missing', {
      hint: 'for every image: "prefixes": [""]',
    });
  }
  const sigstore = document["sigstore"] ?? undefined;
  return prefixes.map((prefix) =>
    given<TrustRule>({
      prefix: prefix.replace(/\/+$/, ""),
      policy,
      sigstore: sigstore === undefined ? undefined : readSigstore(readObject(sigstore, "sigstore")),
    }),
  );
}

function readSigstore(document: JsonObject): SigstoreTrust {
  const [trustedRoot, subject, issuer] = ["trustedRoot", "subject", "issuer"].map((field) => {
    const text = readText(document[field], `sigstore.${field}`);
    if (text !== undefined && text !== "") return text;
    throw new Fault("invalid", `parse trust policy: ${quote(`sigstore.${field}`)} is missing`);
  }) as [string, string, string];
  return { trustedRoot, subject, issuer };
}

/** The rule with the longest prefix that the name begins with, at the end of a word. */
export function ruleFor<R extends TrustRule>(rules: Iterable<R>, name: string): R | undefined {
  let longest: R | undefined;
  for (const rule of rules) {
    if (!isBeginning(rule.prefix, name)) continue;
    if (longest === undefined || rule.prefix.length >= longest.prefix.length) longest = rule;
  }
  return longest;
}

function isBeginning(prefix: string, name: string): boolean {
  if (!name.startsWith(prefix)) return false;
  return prefix === "" || prefix.endsWith(":") || /^$|^[/]/.test(name.slice(prefix.length));
}
