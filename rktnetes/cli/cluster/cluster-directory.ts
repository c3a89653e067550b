/**
 * What a server keeps on disk beside its store: keys and certificates, and the kubeconfig of the
 * administrator. In: a directory. Out: PEM, made on the first start and again before it expires.
 * Private keys can be read by their owner only.
 */
import { randomBytes, X509Certificate } from "node:crypto";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import {
  createAuthority,
  expiryOf,
  issueCertificate,
  type KeyPair,
} from "@rktnetes/apiserver/certificates";
import { Fault, quote, writeFileAtomic } from "@shared/base";

export interface ClusterKeys {
  /** Signs everything else. */
  readonly authority: KeyPair;
  readonly server: KeyPair;
  readonly admin: KeyPair;
  readonly frontProxy: FrontProxyKeys;
}

/** By these this server is known to others that answer for some of its API. */
export interface FrontProxyKeys {
  /** PEM of whoever signs the certificate: not the authority of clients. */
  readonly authority: string;
  readonly client: KeyPair;
}

const DAY_MS = 86_400_000;
const AUTHORITY_DAYS = 3650;
const LEAF_DAYS = 365;
/** Leaves are made anew when they have less than this left. */
const RENEW_DAYS = 90;

/** Clocks of clients may be behind by so much. */
const SKEW_MS = 3_600_000;

const SERVER_NAMES = [
  "kubernetes",
  "kubernetes.default",
  "kubernetes.default.svc",
  "kubernetes.default.svc.cluster.local",
  "localhost",
  "127.0.0.1",
  "::1",
];

/** @throws {Fault} when the directory cannot be written */
export function openClusterKeys(
  directory: string,
  { nowMs, names }: { readonly nowMs: number; readonly names: readonly string[] },
): ClusterKeys {
  const keys = join(directory, "pki");
  makeDirectory(keys);
  const authority = keptOr(
    keys,
    "ca",
    () => true,
    () => newAuthority("rktnetes-ca", nowMs),
  );
  const others = names.filter((name) => !isAny(name));
  const wanted = [...new Set([...SERVER_NAMES, hostname(), ...others])];
  const leaf = { notBeforeMs: nowMs - SKEW_MS, notAfterMs: nowMs + LEAF_DAYS * DAY_MS };
  const isGood = ({ certificate }: KeyPair): boolean =>
    expiryOf(certificate) > nowMs + RENEW_DAYS * DAY_MS && isIssuedBy(certificate, authority);
  const server = keptOr(
    keys,
    "server",
    (kept) => isGood(kept) && wanted.every((name) => isFor(kept, name)),
    () =>
      issueCertificate(authority, {
        ...leaf,
        commonName: "kube-apiserver",
        purpose: "server",
        names: wanted,
        serial: randomBytes(16),
      }),
  );
  const admin = keptOr(keys, "admin", isGood, () =>
    issueCertificate(authority, {
      ...leaf,
      commonName: "kubernetes-admin",
      organizations: ["system:masters"],
      purpose: "client",
      serial: randomBytes(16),
    }),
  );
  return { authority, server, admin, frontProxy: frontProxyKeys(keys, nowMs) };
}

function frontProxyKeys(keys: string, nowMs: number): FrontProxyKeys {
  const authority = keptOr(
    keys,
    "front-proxy-ca",
    () => true,
    () => newAuthority("rktnetes-front-proxy-ca", nowMs),
  );
  const isGood = ({ certificate }: KeyPair): boolean =>
    expiryOf(certificate) > nowMs + RENEW_DAYS * DAY_MS && isIssuedBy(certificate, authority);
  const client = keptOr(keys, "front-proxy-client", isGood, () =>
    issueCertificate(authority, {
      commonName: FRONT_PROXY_NAME,
      purpose: "client",
      serial: randomBytes(16),
      notBeforeMs: nowMs - SKEW_MS,
      notAfterMs: nowMs + LEAF_DAYS * DAY_MS,
    }),
  );
  return { authority: authority.certificate, client };
}

/** The common name of front proxies of this cluster. */
export const FRONT_PROXY_NAME = "front-proxy-client";

function newAuthority(name: string, nowMs: number): KeyPair {
  return createAuthority({
    commonName: `${name}@${Math.floor(nowMs / 1000)}`,
    notBeforeMs: nowMs - SKEW_MS,
    notAfterMs: nowMs + AUTHORITY_DAYS * DAY_MS,
    serial: randomBytes(16),
  });
}

function makeDirectory(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    const hint = "choose another one with --data-dir";
    throw new Fault("denied", `make directory ${quote(path)}`, { cause: error, hint });
  }
}

function isAny(address: string): boolean {
  return address === "0.0.0.0" || address === "::";
}

function isIssuedBy(certificate: string, authority: KeyPair): boolean {
  return new X509Certificate(certificate).verify(
    new X509Certificate(authority.certificate).publicKey,
  );
}

function isFor({ certificate }: KeyPair, name: string): boolean {
  const leaf = new X509Certificate(certificate);
  return leaf.checkHost(name) !== undefined || leaf.checkIP(name) !== undefined;
}

/** The pair in `<name>.crt` and `<name>.key`, or a new one in their place. */
function keptOr(
  directory: string,
  name: string,
  isGood: (kept: KeyPair) => boolean,
  make: () => KeyPair,
): KeyPair {
  const certificateFile = join(directory, `${name}.crt`);
  const keyFile = join(directory, `${name}.key`);
  if (existsSync(certificateFile) && existsSync(keyFile)) {
    const kept = {
      certificate: readFileSync(certificateFile, "utf8"),
      key: readFileSync(keyFile, "utf8"),
    };
    if (isGood(kept)) return kept;
  }
  const made = make();
  try {
    writeFileAtomic(keyFile, made.key, { mode: 0o600 });
    writeFileAtomic(certificateFile, made.certificate, { mode: 0o644 });
  } catch (error) {
    throw new Fault("denied", `write ${quote(keyFile)}`, { cause: error });
  }
  return made;
}
