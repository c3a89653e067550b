/**
 * Certificates for one server, as docker has them: `certs.d/HOST[:PORT]/` with `*.crt` (further
 * authorities), and `*.cert` with its `*.key` (what we prove ourselves with). Directories and a URL
 * in, what the runtime's TLS wants out.
 *
 * @see Docker, "Verify repository client with certificates"
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Fault, quote } from "@shared/base";
import type { ImageHost } from "../host.ts";

export interface TlsFiles {
  readonly ca?: string | string[];
  readonly cert?: string;
  readonly key?: string;
}

/** @throws {Fault} "invalid" for a certificate without its key */
export function siteTls(host: Pick<ImageHost, "authorities" | "site">, url: string): TlsFiles {
  const at = new URL(url);
  if (at.protocol !== "https:") return {};
  const known = host.authorities === undefined ? {} : { ca: host.authorities };
  if (host.site === undefined) return known;
  for (const root of host.site().certificateRoots.toReversed()) {
    for (const name of [at.host, at.hostname]) {
      const files = readCertificates(join(root, name));
      if (files !== undefined) return merged(known, files);
    }
  }
  return known;
}

function merged({ ca }: { readonly ca?: string }, files: TlsFiles): TlsFiles {
  const all = [ca ?? [], files.ca ?? []].flat();
  return { ...files, ...(all.length > 0 && { ca: all }) };
}

function readCertificates(directory: string): TlsFiles | undefined {
  const names = namesIn(directory);
  if (names === undefined) return undefined;
  const read = (name: string): string => readFileSync(join(directory, name), "utf8");
  const ca = names.filter((name) => name.endsWith(".crt")).map(read);
  const own = names.find((name) => name.endsWith(".cert"));
  if (own === undefined) return ca.length === 0 ? {} : { ca };
  const key = own.replace(/\.cert$/, ".key");
  if (!names.includes(key)) {
    const file = join(directory, own);
    throw new Fault("invalid", `use ${quote(file)}: there is no ${quote(key)} beside it`);
  }
  return { ...(ca.length > 0 && { ca }), cert: read(own), key: read(key) };
}

function namesIn(directory: string): string[] | undefined {
  try {
    return readdirSync(directory).sort();
  } catch (error) {
    if (Fault.from(error).kind === "not-found") return undefined;
    throw error;
  }
}
