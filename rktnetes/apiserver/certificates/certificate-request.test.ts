/** Requests as openssl makes them, and what is none. */
import { expect, test } from "bun:test";
import { X509Certificate } from "node:crypto";
import { describeFault } from "@shared/base";
import { readCertificateRequest } from "./certificate-request.ts";
import { createAuthority } from "./certificates.ts";
import { signRequest } from "./sign-request.ts";

/** `openssl req -new -newkey ec -subj /O=a/O=b/CN=jane`, for `DNS:x` and an address */
const REQUEST = `-----BEGIN CERTIFICATE REQUEST-----
MIIBBzCBrgIBADAnMQowCAYDVQQKDAFhMQowCAYDVQQKDAFiMQ0wCwYDVQQDDARq
YW5lMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEzqwPKDX+7JR6c5C1WJy4vwCr
06XXjioyKZK6q8n9OsD8lXRn4/Dero3CbkISjZXz0nZyyyLG/P6DocbY2zdYhqAl
MCMGCSqGSIb3DQEJDjEWMBQwEgYDVR0RBAswCYIBeIcEwAACATAKBggqhkjOPQQD
AgNIADBFAiBfSKIuoEKM+YbdjRRIFoarekfEGj6TcIMB/GR6YTb1CAIhAIhEF+es
LEv+n3hzAdENB5lHnu1C5eailhQ1kqnhUsHo
-----END CERTIFICATE REQUEST-----
`;

test("names, alternative names, and a signature that is right", () => {
  const { names } = readCertificateRequest(REQUEST);
  expect(names).toEqual({
    commonName: "jane",
    organizations: ["a", "b"],
    dnsNames: ["x"],
    emailAddresses: [],
    ipAddressCount: 1,
    uriCount: 0,
  });
});

test("the certificate has the key, the names and the purposes", () => {
  const at = { notBeforeMs: Date.UTC(2030, 0, 1), notAfterMs: Date.UTC(2031, 0, 1) };
  const authority = createAuthority({ commonName: "ca", serial: Buffer.alloc(16, 1), ...at });
  const request = readCertificateRequest(REQUEST);
  const usages = ["digital signature", "key encipherment", "server auth"];
  const certificate = new X509Certificate(signRequest(authority, request, { usages, ...at }));
  expect(certificate.subject).toBe("O=a\nO=b\nCN=jane");
  expect(certificate.subjectAltName).toBe("DNS:x, IP Address:192.0.2.1");
  expect(certificate.keyUsage).toEqual(["1.3.6.1.5.5.7.3.1"]);
  expect(certificate.publicKey.equals(request.publicKey)).toBe(true);
  expect(certificate.verify(new X509Certificate(authority.certificate).publicKey)).toBe(true);
  expect(certificate.ca).toBe(false);
});

test("changed, cut or made-up requests are refused, whatever byte it is", () => {
  const body = Buffer.from(REQUEST.split("-----")[2] ?? "", "base64");
  const wrap = (bytes: Buffer): string =>
    REQUEST.replace(/\n[^-]+\n/, `\n${bytes.toString("base64")}\n`);
  for (let at = 0; at < body.length; at++) {
    const changed = Buffer.from(body);
    changed[at] = (changed[at] ?? 0) ^ 0x41;
    expect(() => readCertificateRequest(wrap(changed))).toThrow();
    expect(() => readCertificateRequest(wrap(body.subarray(0, at)))).toThrow();
  }
  expect(problem("no PEM at all")).toContain("it is no PEM of a request");
});

function problem(pem: string): string {
  try {
    readCertificateRequest(pem);
    return "";
  } catch (error) {
    return describeFault(error);
  }
}
