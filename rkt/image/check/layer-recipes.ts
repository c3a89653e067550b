/**
 * How each layer of an image was made, so that it can be made again. In: an image and the store;
 * out: for each layer the blob that it was unpacked from and the whitelists that it was cut to.
 */
import { pairLayers, parseOciConfig, parseOciManifest } from "@rkt/spec";
import { readFileSync } from "node:fs";
import { Fault } from "@shared/base";
import type { BlobDigest, LayerId, StoredImage } from "../image.ts";
import type { Store } from "../store/store.ts";
import { whitelistedLayerId } from "../store/whitelist.ts";

/** What a layer is made of. */
export interface LayerRecipe {
  readonly blob: BlobDigest;
  readonly format: "aci" | "oci";
  /** The id that the unpacked archive proves. */
  readonly archive: LayerId;
  /** Applied one after the other. */
  readonly whitelists: readonly (readonly string[])[];
}

type RecipeStore = Pick<Store, "blobsOf" | "blobPath" | "list">;

/** Of the layers that it can tell of; a layer of an image that is gone is not among them. */
export function layerRecipes(store: RecipeStore, image: StoredImage): Map<LayerId, LayerRecipe> {
  return image.format === "oci" ? recipesOfOci(store, image) : recipesOfAci(store, image);
}

function recipesOfOci(store: RecipeStore, image: StoredImage): Map<LayerId, LayerRecipe> {
  const [manifestDigest, configDigest] = store.blobsOf(image.id);
  if (manifestDigest === undefined || configDigest === undefined) {
    throw new Fault("corrupt", "read the image's record: it names no manifest");
  }
  const manifest = parseOciManifest(readFileSync(store.blobPath(manifestDigest), "utf8"));
  const config = parseOciConfig(readFileSync(store.blobPath(configDigest), "utf8"));
  return new Map(
    pairLayers(manifest, config).map(({ descriptor, diffId }) => {
      const archive = diffId.replace(":", "-") as LayerId;
      return [archive, { blob: descriptor.digest, format: "oci", archive, whitelists: [] }];
    }),
  );
}

/** Whitelists of whitelists end here: no real image has more below each other. */
const NESTED_MAX = 4;

/** The layers of dependencies come from other archives of the store. */
function recipesOfAci(store: RecipeStore, image: StoredImage): Map<LayerId, LayerRecipe> {
  const archives = store.list().filter(({ format }) => format === "aci");
  const recipes = new Map<LayerId, LayerRecipe>();
  for (const { id } of archives) {
    const [blob] = store.blobsOf(id);
    if (blob !== undefined) recipes.set(id, { blob, format: "aci", archive: id, whitelists: [] });
  }
  const lists = archives.flatMap(({ manifest }) =>
    manifest.pathWhitelist === undefined ? [] : [manifest.pathWhitelist],
  );
  const isComplete = (): boolean => image.layers.every((layer) => recipes.has(layer));
  for (let depth = 0; depth < NESTED_MAX && !isComplete(); depth++) {
    for (const [layer, recipe] of [...recipes]) {
      for (const list of lists) {
        const whitelists = [...recipe.whitelists, list];
        const id = whitelistedLayerId(layer, list);
        if (!recipes.has(id)) recipes.set(id, { ...recipe, whitelists });
      }
    }
  }
  return recipes;
}
