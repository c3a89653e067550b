/** How far an image's origin was proven, as a person reads it: one word, or all that is known. */
import type { Verification } from "@rkt/image";

export function shortVerification(verification: Verification): string {
  return verification.kind;
}

export function longVerification(verification: Verification): string {
  switch (verification.kind) {
    case "signature":
      return joined("signature", verification.fingerprint, verification.identity);
    case "cosign":
      return joined("cosign", `sha256:${verification.fingerprint}`, verification.identity);
    case "sigstore":
      return joined("sigstore", verification.issuer, verification.identity);
    case "policy":
      return joined("policy", verification.prefix, "");
    default:
      return verification.kind;
  }
}

/** A user id is whatever the maker of a key wrote: it must not move the cursor. */
function joined(kind: string, who: string, name: string): string {
  const words = [kind, who, name].filter(Boolean).join(" ");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return words.replace(/[\u0000-\u001f\u007f-\u009f]/g, (c) => JSON.stringify(c).slice(1, -1));
}
