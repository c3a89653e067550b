/**
 * Keys for an image that is fetched by its name and that no key covers yet. In: the name; out: key
 * files, where the name's host offers keys and a person, or `--trust-keys-from-https`, accepts
 * them. Never fails: without a key it is the signature that fails, and says so.
 */
import { describeFault, quote } from "@shared/base";
import type { ImageHost, Insecure } from "../host.ts";
import { hasKeysForPrefix } from "../verify/keyring.ts";
import { trustKeys } from "./trust.ts";

export async function findKeysForImage(
  host: ImageHost,
  imageName: string,
  insecure: Insecure,
): Promise<void> {
  const { keyReview } = host;
  if (keyReview === undefined || insecure.image) return;
  if (hasKeysForPrefix(host.keyTrees, imageName)) {
    const why = `keys already exist for prefix ${quote(imageName)}`;
    host.note(`image: ${why}, not fetching again`);
    return;
  }
  try {
    await trustKeys(
      { ...host, ...keyReview },
      {
        prefix: imageName,
        root: false,
        locations: [],
        allowHttp: insecure.pubkey,
        skipReview: false,
        trustHttps: keyReview.trustHttps,
        insecure,
      },
    );
  } catch (error) {
    if (host.signal?.aborted === true) throw error;
    host.note(`image: ${describeFault(error)}`);
  }
}
