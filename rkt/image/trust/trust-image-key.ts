/**
 * `rkt trust --cosign-key`: a public key for container images flows in; a key file in the
 * trusted-key tree flows out, after a person has seen its fingerprint, or has said that this is not
 * needed.
 */
import { chmodSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { Fault, quote, writeFileAtomic } from "@shared/base";
import { imageKeyFile } from "../verify/image-keys.ts";
import { keyDirectory } from "../verify/keyring.ts";
import { type ImageKey, readImageKey } from "../verify/public-key.ts";
import { parseTrustPrefix } from "../verify/trust-name.ts";
import {
  checkScope,
  isAccepted,
  readLocation,
  spaced,
  type TrustHost,
  type TrustOptions,
} from "./trust.ts";

/**
 * Adds the keys at `locations`: PEM files, each with one key. A key that the person declines is
 * left out. @throws {Fault} "invalid", "not-found", "denied", "unsupported", …
 */
export async function trustImageKeys(host: TrustHost, options: TrustOptions): Promise<void> {
  checkScope(options);
  const prefix = options.prefix === undefined ? undefined : parseTrustPrefix(options.prefix);
  for (const location of options.locations) {
    try {
      const key = readImageKey(await readLocation(host, location, options), location);
      host.note(`pubkey: prefix: ${quote(prefix ?? "")}\nkey: ${quote(location)}`);
      host.out(`cosign key fingerprint is: ${spaced(key.fingerprint)}\n\t${key.sort}`);
      if (await isAccepted(host, location, options)) storeImageKey(host, key, prefix);
    } catch (cause) {
      throw new Fault(Fault.from(cause).kind, "error adding keys", { cause });
    }
  }
}

function storeImageKey(host: TrustHost, key: ImageKey, prefix: string | undefined): void {
  const directory = join(host.keyTree, keyDirectory(prefix));
  mkdirSync(directory, { recursive: true, mode: 0o755 });
  const path = join(directory, imageKeyFile(key.fingerprint));
  writeFileAtomic(path, key.pem, { mode: 0o644 });
  chmodSync(path, 0o644); // whatever the umask
  const place = prefix === undefined ? "root key" : `key for prefix ${quote(prefix)}`;
  host.out(`Added ${place} at ${quote(path)}`);
}
