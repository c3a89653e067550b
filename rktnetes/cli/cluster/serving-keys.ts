/**
 * The certificate that clients of the API server see. In: flags, the data directory. Out: a key
 * pair, and another one whenever its files change: certificates are renewed while servers run.
 */
import { X509Certificate, createPrivateKey } from "node:crypto";
import { type FSWatcher, readFileSync, watch } from "node:fs";
import { dirname, join } from "node:path";
import type { KeyPair } from "@rktnetes/apiserver/certificates";
import { Fault, quote } from "@shared/base";
import type { Flag, FlagValues } from "../flags/flags.ts";

export const TLS_FLAGS: readonly Flag[] = [
  {
    name: "tls-cert-file",
    value: "FILE",
    usage: "shows this certificate to clients; one of the cluster without it",
  },
  { name: "tls-private-key-file", value: "FILE", usage: "is the key of that certificate" },
];

export interface ServingFiles {
  readonly certificate: string;
  readonly key: string;
}

/** Undefined where the cluster's own are to be used. @throws {Fault} "invalid" */
export function readServingFiles(flags: FlagValues): ServingFiles | undefined {
  const certificate = flags.get("tls-cert-file");
  const key = flags.get("tls-private-key-file");
  if (certificate === undefined && key === undefined) return undefined;
  if (certificate !== undefined && key !== undefined) return { certificate, key };
  throw new Fault("invalid", "say both --tls-cert-file and --tls-private-key-file");
}

/** Where the cluster's own lie. */
export function ownServingFiles(dataDirectory: string): ServingFiles {
  const stem = join(dataDirectory, "pki", "server");
  return { certificate: `${stem}.crt`, key: `${stem}.key` };
}

/** @throws {Fault} "invalid" for files that are no pair */
export function readServingKeys({ certificate, key }: ServingFiles): KeyPair {
  try {
    const pair = { certificate: readFileSync(certificate, "utf8"), key: readFileSync(key, "utf8") };
    if (new X509Certificate(pair.certificate).checkPrivateKey(createPrivateKey(pair.key))) {
      return pair;
    }
  } catch (error) {
    throw new Fault("invalid", `read the certificate ${quote(certificate)}`, { cause: error });
  }
  throw new Fault("invalid", `${quote(key)} is not the key of ${quote(certificate)}`);
}

/**
 * Files are written in pieces, and not every piece is told of: so long after the last they stand.
 */
const SETTLED_MS = 100;

/** Tells of each new pair until it is disposed of. One file changes before the other. */
export function followServingKeys(files: ServingFiles, renew: (pair: KeyPair) => void): Disposable {
  let known = readServingKeys(files).certificate;
  const look = (): void => {
    try {
      const pair = readServingKeys(files);
      if (pair.certificate === known) return;
      known = pair.certificate;
      renew(pair);
    } catch {
      // half of it is there: the other half is another change
    }
  };
  let timer: ReturnType<typeof setTimeout> | undefined;
  const lookSoon = (): void => {
    clearTimeout(timer);
    timer = setTimeout(look, SETTLED_MS);
    timer.unref();
  };
  const directories = new Set([dirname(files.certificate), dirname(files.key)]);
  const watchers = [...directories].map((directory): FSWatcher => {
    const watcher = watch(directory, lookSoon);
    watcher.unref();
    return watcher;
  });
  const stop = (): void => {
    clearTimeout(timer);
    for (const watcher of watchers) watcher.close();
  };
  return { [Symbol.dispose]: stop };
}
