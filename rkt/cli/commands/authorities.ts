/**
 * Whom https servers must be certified by. In: the environment; out: PEM text, read when the first
 * https server is asked. `SSL_CERT_FILE` and `SSL_CERT_DIR` count as in every program written in
 * Go; without them the machine's own list does, which an administrator may have added to.
 *
 * @see Go, crypto/x509, root_unix.go and root_linux.go
 */
import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { Fault } from "@shared/base";
import type { Host } from "../host.ts";

const FILES = [
  "/etc/ssl/certs/ca-certificates.crt", // Debian
  "/etc/pki/tls/certs/ca-bundle.crt", // Fedora
  "/etc/ssl/ca-bundle.pem", // openSUSE
  "/etc/ssl/cert.pem", // Alpine
];

/** Without `authorities` where the built-in ones have to do. */
export interface Authorities {
  readonly authorities?: string;
}

export function authoritiesOf({ environment }: Pick<Host, "environment">): Authorities {
  const directories = (environment["SSL_CERT_DIR"] ?? "").split(":").filter(Boolean);
  const file = environment["SSL_CERT_FILE"] || (directories.length > 0 ? undefined : ownList());
  if (file === undefined && directories.length === 0) return {};
  let text: string | undefined;
  return {
    get authorities() {
      text ??= readAll(file, directories);
      return text;
    },
  };
}

function ownList(): string | undefined {
  return FILES.find((path) => existsSync(path));
}

/** What cannot be read certifies nobody, as in Go. */
function readAll(file: string | undefined, directories: readonly string[]): string {
  const paths = directories.flatMap((path) => namesIn(path).map((name) => join(path, name)));
  const texts = [...(file === undefined ? [] : [file]), ...paths].map(readCertificates);
  return texts.join("\n");
}

/** A link to a neighbour is another name for the same certificate. */
function namesIn(directory: string): string[] {
  try {
    const isAlias = (name: string): boolean => !readlinkSync(join(directory, name)).includes("/");
    return readdirSync(directory, { withFileTypes: true })
      .filter((entry) => !entry.isSymbolicLink() || !isAlias(entry.name))
      .map((entry) => entry.name);
  } catch (error) {
    if (Fault.from(error).kind === "internal") throw error;
    return [];
  }
}

function readCertificates(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (Fault.from(error).kind === "internal") throw error;
    return "";
  }
}
