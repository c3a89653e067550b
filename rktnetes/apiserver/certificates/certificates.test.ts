import { expect, test } from "bun:test";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createAuthority, expiryOf, issueCertificate } from "./certificates.ts";

const DAY_MS = 86_400_000;
const NOW_MS = Date.parse("2026-01-02T03:04:05Z");

function authority(): ReturnType<typeof createAuthority> {
  const serial = Buffer.from("80".repeat(16), "hex");
  return createAuthority({
    commonName: "test-ca@1",
    notBeforeMs: NOW_MS,
    notAfterMs: NOW_MS + 9000 * DAY_MS,
    serial,
  });
}

function issue(names: readonly string[]): ReturnType<typeof issueCertificate> {
  return issueCertificate(AUTHORITY, {
    commonName: "someone",
    organizations: ["system:masters", "b"],
    purpose: names.length === 0 ? "client" : "server",
    names,
    notBeforeMs: NOW_MS,
    notAfterMs: NOW_MS + DAY_MS,
    serial: Buffer.from("007f", "hex"),
  });
}

const AUTHORITY = authority();

test("an issued certificate is signed by the authority and has its subject", () => {
  const { key, certificate } = issue([]);
  const leaf = new X509Certificate(certificate);
  const root = new X509Certificate(AUTHORITY.certificate);
  expect(leaf.verify(root.publicKey)).toBe(true);
  expect(leaf.checkIssued(root)).toBe(true);
  expect(leaf.subject.split("\n").sort()).toEqual(["CN=someone", "O=b", "O=system:masters"]);
  expect(leaf.checkPrivateKey(createPrivateKey(key))).toBe(true);
  expect(leaf.ca).toBe(false);
  expect(root.ca).toBe(true);
  expect(expiryOf(certificate)).toBe(NOW_MS + DAY_MS);
});

test("names and addresses are found again", () => {
  const leaf = new X509Certificate(
    issue(["localhost", "10.96.0.1", "::1", "fd00::a:1"]).certificate,
  );
  expect(leaf.checkHost("localhost")).toBe("localhost");
  for (const address of ["10.96.0.1", "::1", "fd00::a:1"])
    expect(leaf.checkIP(address)).toBe(address);
  expect(leaf.checkIP("10.96.0.2")).toBeUndefined();
});

test("openssl accepts the chain for its purpose", () => {
  const directory = mkdtempSync(join(tmpdir(), "certificates-"));
  try {
    const write = (name: string, text: string): string => {
      writeFileSync(join(directory, name), text);
      return join(directory, name);
    };
    const ca = write("ca.pem", AUTHORITY.certificate);
    const server = write("server.pem", issue(["localhost"]).certificate);
    const client = write("client.pem", issue([]).certificate);
    const at = ["-attime", String(NOW_MS / 1000 + 60), "-x509_strict", "-CAfile", ca];
    for (const [purpose, file] of [
      ["sslserver", server],
      ["sslclient", client],
    ] as const) {
      const run = Bun.spawnSync(["openssl", "verify", ...at, "-purpose", purpose, file]);
      expect(run.stdout.toString() + run.stderr.toString()).toBe(`${file}: OK\n`);
    }
  } finally {
    rmSync(directory, { recursive: true });
  }
});
