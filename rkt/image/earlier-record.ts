/**
 * What the store already says about an image that is stored again. In: an id; out: the record, and
 * the better of two proofs: equal ids are equal bytes, so a proof once made holds for ever.
 */
import { Fault } from "@shared/base";
import type { ImageId, StoredImage, Verification } from "./image.ts";
import type { Store } from "./store/store.ts";

export function earlierRecord(store: Store, id: ImageId): StoredImage | undefined {
  try {
    return store.findById(id);
  } catch (error) {
    if (Fault.from(error).kind === "not-found") return undefined;
    throw error;
  }
}

const RANK: Readonly<Record<Verification["kind"], number>> = {
  none: 0,
  imported: 1,
  policy: 2,
  sigstore: 3,
  cosign: 3,
  signature: 3,
};

/** The new one, unless the earlier one says more. */
export function betterProof(now: Verification, earlier: Verification | undefined): Verification {
  return earlier !== undefined && RANK[earlier.kind] > RANK[now.kind] ? earlier : now;
}
