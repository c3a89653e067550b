/**
 * Certificates for those who asked for one. In: an authority, a request that was approved, what the
 * certificate is for and how long. Out: PEM. @see RFC 5280 §4.1
 */
import { randomBytes } from "node:crypto";
import type { CertificateRequestFile } from "./certificate-request.ts";
import { type KeyPair, signCertificate } from "./certificates.ts";

/** What the certificate is for, in the words of certificates.k8s.io, and from when to when. */
export interface SigningTerms {
  readonly usages: readonly string[];
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

/** Bits of the key usage, the first one leftmost. */
const KEY_USAGES: readonly string[] = [
  "digital signature",
  "content commitment",
  "key encipherment",
  "data encipherment",
  "key agreement",
  "cert sign",
  "crl sign",
  "encipher only",
];

const EXTENDED: Readonly<Record<string, string>> = {
  any: "2.5.29.37.0",
  "server auth": "1.3.6.1.5.5.7.3.1",
  "client auth": "1.3.6.1.5.5.7.3.2",
  "code signing": "1.3.6.1.5.5.7.3.3",
  "email protection": "1.3.6.1.5.5.7.3.4",
  "s/mime": "1.3.6.1.5.5.7.3.4",
  "ipsec end system": "1.3.6.1.5.5.7.3.5",
  "ipsec tunnel": "1.3.6.1.5.5.7.3.6",
  "ipsec user": "1.3.6.1.5.5.7.3.7",
  timestamping: "1.3.6.1.5.5.7.3.8",
  "ocsp signing": "1.3.6.1.5.5.7.3.9",
  "microsoft sgc": "1.3.6.1.4.1.311.10.3.3",
  "netscape sgc": "2.16.840.1.113730.4.1",
};

/** PEM of a certificate with the names and the key of the request. */
export function signRequest(
  authority: KeyPair,
  { subject, publicKey, alternativeNames }: CertificateRequestFile,
  { usages, notBeforeMs, notAfterMs }: SigningTerms,
): string {
  const keyUsage = usages.reduce((sum, usage) => {
    const at = KEY_USAGES.indexOf(usage === "signing" ? "digital signature" : usage);
    return at < 0 ? sum : sum | (0x80 >> at);
  }, 0);
  const extendedKeyUsages = usages.flatMap((usage) => EXTENDED[usage] ?? []);
  return signCertificate(authority, {
    serial: randomBytes(16),
    subject,
    publicKey,
    alternativeNames,
    keyUsage,
    extendedKeyUsages,
    notBeforeMs,
    notAfterMs,
  });
}
