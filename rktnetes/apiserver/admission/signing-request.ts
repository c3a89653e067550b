/**
 * Whether a PKCS#10 request asks for membership in the group that may do everything. In: PEM. Out:
 * yes or no. Reads no more of the request than its subject. @see RFC 2986 §4.1
 */

const ORGANIZATION = Buffer.from([0x06, 0x03, 0x55, 0x04, 0x0a]);
const MASTERS = "system:masters";

export function requestsMasters(pem: Buffer): boolean {
  const [, body = ""] =
    /-----BEGIN (?:NEW )?CERTIFICATE REQUEST-----([\s\S]*?)-----END/.exec(pem.toString("latin1")) ??
    [];
  const der = Buffer.from(body, "base64");
  for (let at = der.indexOf(ORGANIZATION); at >= 0; at = der.indexOf(ORGANIZATION, at + 1)) {
    if (textAt(der, at + ORGANIZATION.length) === MASTERS) return true;
  }
  return false;
}

/** The string that stands behind an attribute's name; short ones only. */
function textAt(der: Buffer, at: number): string {
  const length = der[at + 1] ?? 0;
  return length < 0x80 ? der.subarray(at + 2, at + 2 + length).toString("latin1") : "";
}
