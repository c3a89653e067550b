/**
 * The content of a stored image against its archives. In: an image; out: what each of its layers is
 * worth: every blob is read and hashed again, unpacked beside the layer, and compared with it file
 * by file. A layer that differs is replaced by the new one, unless somebody uses it.
 */
import { createHash } from "node:crypto";
import { Fault, quote } from "@shared/base";
import type { Kernel } from "@shared/linux";
import { fileChunks } from "../fetch/file-chunks.ts";
import type { BlobDigest, LayerId, StoredImage } from "../image.ts";
import { unpackLayer, type UnpackHost } from "../layers/unpack.ts";
import type { InUse, Store } from "../store/store.ts";
import { linkWhitelisted } from "../store/whitelist.ts";
import { firstDifference } from "./compare-trees.ts";
import { type LayerRecipe, layerRecipes } from "./layer-recipes.ts";

/** What checking an image needs of the machine. */
export interface CheckHost extends UnpackHost {
  readonly kernel: Pick<Kernel, "getXattr" | "listXattrs" | "setXattr" | "setTimes">;
  readonly store: Store;
  readonly signal?: AbortSignal;
}

/** What was found of one layer. */
export type LayerCheck =
  | { readonly kind: "equal"; readonly layer: LayerId }
  /** It was never unpacked: there is nothing that could differ. */
  | { readonly kind: "absent"; readonly layer: LayerId }
  | { readonly kind: "rebuilt"; readonly layer: LayerId; readonly difference: string }
  | { readonly kind: "in-use"; readonly layer: LayerId; readonly difference: string };

/**
 * Checks the layers one by one, bottom first.
 *
 * @throws {Fault} "corrupt" when an archive itself is damaged, "not-found" when it is gone: then
 * the image must be fetched again
 */
export async function* checkImage(
  host: CheckHost,
  image: StoredImage,
  use: InUse,
): AsyncGenerator<LayerCheck> {
  const recipes = layerRecipes(host.store, image);
  for (const layer of image.layers) {
    const recipe = recipes.get(layer);
    if (!host.store.hasLayer(layer)) yield { kind: "absent", layer };
    else if (recipe === undefined) throw unknownOrigin(layer);
    else yield await checkLayer(host, layer, recipe, use);
  }
}

function unknownOrigin(layer: LayerId): Fault {
  return new Fault("not-found", `check layer ${quote(layer)}: its archive is gone`, {
    hint: "fetch the image again",
  });
}

async function checkLayer(
  host: CheckHost,
  layer: LayerId,
  recipe: LayerRecipe,
  use: InUse,
): Promise<LayerCheck> {
  await checkBlob(host.store, recipe.blob);
  using fresh = await makeLayer(host, recipe);
  const difference = firstDifference(host, fresh.path, host.store.layerPath(layer));
  if (difference === undefined) return { kind: "equal", layer };
  if (use.layersInUse.has(layer)) return { kind: "in-use", layer, difference };
  await host.store.replaceLayer(layer, fresh.path);
  return { kind: "rebuilt", layer, difference };
}

/** A SHA-512 may stand for its first half, as in the id of an ACI. */
async function checkBlob(store: Store, digest: BlobDigest): Promise<void> {
  const [algorithm = "", hex = ""] = digest.split(":");
  const hash = createHash(algorithm);
  for await (const chunk of fileChunks(store.blobPath(digest))) hash.update(chunk);
  const found = hash.digest("hex");
  if (found.startsWith(hex)) return;
  const message = `check blob ${quote(digest)}: its digest is ${algorithm}:${found}`;
  throw new Fault("corrupt", message, { hint: "remove the image and fetch it again" });
}

type Tree = ReturnType<Store["newTree"]>;

/** The layer as its archive has it, in a directory of its own. */
async function makeLayer(host: CheckHost, recipe: LayerRecipe): Promise<Tree> {
  const { store, signal } = host;
  const algorithm = recipe.archive.startsWith("sha256-") ? "sha256" : "sha512";
  let tree = store.newTree();
  try {
    // It was unpacked before: its size is known to be no harm.
    const options = { format: recipe.format, digests: [algorithm], vouched: true } as const;
    const { digests } = await unpackLayer(
      host,
      fileChunks(store.blobPath(recipe.blob)),
      tree.path,
      {
        ...options,
        ...(signal !== undefined && { signal }),
      },
    );
    const found = `${algorithm}-${digests[algorithm]}`;
    if (!found.startsWith(recipe.archive)) {
      throw new Fault("corrupt", `check layer ${quote(recipe.archive)}: its digest is ${found}`);
    }
    for (const whitelist of recipe.whitelists) {
      using whole = tree;
      tree = store.newTree();
      linkWhitelisted(host, whole.path, tree.path, whitelist);
    }
    return tree;
  } catch (error) {
    tree[Symbol.dispose]();
    throw error;
  }
}
