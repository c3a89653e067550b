/**
 * `rkt trust`: where keys are and for which image names they count flows in; key files in the
 * trusted-key tree flow out, each after a person has seen its fingerprint, or has said that this is
 * not needed. Asks through a callback.
 *
 * @see rkt Documentation/subcommands/trust.md
 */
import { chmodSync, closeSync, fstatSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseAcIdentifier } from "@rkt/spec";
import { assert, Fault, MiB, quote, writeFileAtomic } from "@shared/base";
import { discoverKeys } from "../discover/discover.ts";
import { getSmall, type HttpHost } from "../http.ts";
import type { Insecure } from "../host.ts";
import { keyDirectory } from "../verify/keyring.ts";
import { type OpenPgpKey, readKeys } from "../verify/openpgp.ts";

const KEY_BYTES_MAX: number = MiB;

/** What `trustKeys` needs of the world. */
export interface TrustHost extends HttpHost {
  /** The tree to write to: `/etc/rkt/trustedkeys`. */
  readonly keyTree: string;
  /** A whole line for standard output. */
  readonly out: (line: string) => void;
  /** A whole line for standard error. */
  readonly note: (line: string) => void;
  /** Asks the question until it is answered; absent where there is nobody to ask. */
  readonly review?: (question: string) => Promise<boolean>;
}

/** Which keys shall count for which images, and what need not be checked. */
export interface TrustOptions {
  /** Start of the image names that the keys may vouch for; absent for all images, with `root`. */
  readonly prefix?: string;
  readonly root: boolean;
  /** Paths and URLs of keys; empty to discover them at the prefix. */
  readonly locations: readonly string[];
  /** Keys may come over plain HTTP. */
  readonly allowHttp: boolean;
  readonly skipReview: boolean;
  /** Keys that came over https need no review. */
  readonly trustHttps: boolean;
  readonly insecure: Insecure;
}

/**
 * Adds keys. A key that the person declines is left out. @throws {Fault} "invalid", "not-found",
 * "denied", …
 */
export async function trustKeys(host: TrustHost, options: TrustOptions): Promise<void> {
  checkScope(options);
  if (options.prefix !== undefined) parseAcIdentifier(options.prefix);
  for (const location of await locate(host, options)) {
    try {
      await trustLocation(host, location, options);
    } catch (cause) {
      throw new Fault(Fault.from(cause).kind, "error adding keys", { cause });
    }
  }
}

/** @throws {Fault} "invalid" where it is not said for which images the keys shall count */
export function checkScope({ prefix, root, locations }: TrustOptions): void {
  if (root && prefix !== undefined) {
    throw new Fault("invalid", "--root and --prefix usage mutually exclusive");
  }
  if (!root && (prefix === undefined || prefix === "")) {
    throw new Fault("invalid", "aborting due to implicit unbounded trust (root domain)", {
      hint: UNBOUNDED,
    });
  }
  if (root && locations.length === 0) {
    throw new Fault("invalid", "path to a key file must be given with --root");
  }
}

const UNBOUNDED = [
  "Please provide a specific domain prefix to trust:",
  '    rkt trust --prefix "example.com/foo" [PUBKEY]',
  '    rkt trust --prefix "example.com/foo/*" [PUBKEY]',
  "Otherwise, trust at the root domain (not recommended) must be explicitly requested:",
  "    rkt trust --root PUBKEY",
].join("\n");

async function locate(host: TrustHost, options: TrustOptions): Promise<readonly string[]> {
  const { locations, prefix, insecure, allowHttp } = options;
  if (locations.length > 0) return locations;
  assert(prefix !== undefined, "without a prefix there are locations");
  try {
    return await discoverKeys(host, prefix, { ...insecure, http: insecure.http || allowHttp });
  } catch (cause) {
    throw new Fault(Fault.from(cause).kind, "error determining key location", { cause });
  }
}

async function trustLocation(
  host: TrustHost,
  location: string,
  options: TrustOptions,
): Promise<void> {
  const keys = await readKeys(await readLocation(host, location, options));
  const prefix = quote(options.prefix ?? "");
  host.note(`pubkey: prefix: ${prefix}\nkey: ${quote(location)}`);
  for (const key of keys) host.out(describeKey(key));
  if (!(await isAccepted(host, location, options))) return;
  for (const key of keys) storeKey(host, key, options);
}

/** Whether a person accepts the keys of a location, or has said that nobody need look at them. */
export async function isAccepted(
  host: TrustHost,
  location: string,
  options: TrustOptions,
): Promise<boolean> {
  const prefix = quote(options.prefix ?? "");
  if (options.skipReview || (options.trustHttps && location.startsWith("https://"))) {
    host.out(`Trusting ${quote(location)} for prefix ${prefix} without fingerprint review.`);
    return true;
  }
  if (await isReviewed(host, prefix)) {
    host.out(`Trusting ${quote(location)} for prefix ${prefix} after fingerprint review.`);
    return true;
  }
  host.note(`pubkey: not trusting ${quote(location)}`);
  return false;
}

async function isReviewed(host: TrustHost, prefix: string): Promise<boolean> {
  if (host.review !== undefined) {
    return await host.review("Are you sure you want to trust this key (yes/no)?");
  }
  host.note(`pubkey: To trust the key for ${prefix}, do one of the following:`);
  host.note("pubkey:  - call rkt with --trust-keys-from-https");
  host.note(`pubkey:  - run: rkt trust --prefix ${prefix}`);
  const reason = "unable to ask user to review fingerprint due to lack of tty";
  throw new Fault("denied", `error reviewing key: ${reason}`);
}

/**
 * The bytes of a key, from a file or a URL. @throws {Fault} "denied", "not-found", "exhausted", …
 */
export async function readLocation(
  host: TrustHost,
  location: string,
  options: TrustOptions,
): Promise<Uint8Array> {
  if (/^https?:\/\//.test(location)) {
    if (location.startsWith("http:") && !options.allowHttp) {
      throw new Fault("denied", "--insecure-allow-http required for http URLs");
    }
    const { allowHttp, insecure } = options;
    const request = { url: location, insecureTls: insecure.tls, downgrade: allowHttp };
    return await getSmall(host, request, KEY_BYTES_MAX);
  }
  return readKeyFile(location);
}

function readKeyFile(path: string): Uint8Array {
  let fd: number;
  try {
    fd = openSync(path, "r");
  } catch (error) {
    if (Fault.from(error).kind !== "not-found") throw error;
    throw new Fault("not-found", `open ${path}: no such file or directory`);
  }
  try {
    if (fstatSync(fd).size <= KEY_BYTES_MAX) return readFileSync(fd);
    throw new Fault("exhausted", `read key ${quote(path)}: larger than 1 MiB`);
  } finally {
    closeSync(fd);
  }
}

/** The block that a person compares with what they were told elsewhere. */
function describeKey({ fingerprint, identities, key }: OpenPgpKey): string {
  return [
    `gpg key fingerprint is: ${spaced(fingerprint)}`,
    ...key.subkeys.map((sub) => `    Subkey fingerprint: ${spaced(sub.getFingerprint())}`),
    ...identities.map((identity) => `\t${printable(identity)}`),
  ].join("\n");
}

/** Groups of four, a wider gap in the middle: `1F6D 4B3E …  00F2 …`. */
export function spaced(fingerprint: string): string {
  const groups = fingerprint.toUpperCase().match(/.{1,4}/g) ?? [];
  const middle = Math.ceil(groups.length / 2);
  return `${groups.slice(0, middle).join(" ")}  ${groups.slice(middle).join(" ")}`;
}

/** A user id is whatever the maker of a key wrote: it must not move the cursor. */
function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, (c) => JSON.stringify(c).slice(1, -1));
}

function storeKey(host: TrustHost, key: OpenPgpKey, { prefix }: TrustOptions): void {
  const directory = join(host.keyTree, keyDirectory(prefix));
  mkdirSync(directory, { recursive: true, mode: 0o755 });
  const path = join(directory, key.fingerprint);
  writeFileAtomic(path, key.armoured, { mode: 0o644 });
  chmodSync(path, 0o644); // whatever the umask
  const place = prefix === undefined ? "root key" : `key for prefix ${quote(prefix)}`;
  host.out(`Added ${place} at ${quote(path)}`);
}
