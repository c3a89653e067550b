/**
 * What lies below the open layer of a build. In: a draft and the build's own store; out: the ids of
 * layers, bottom first. What is not in the store is left out, or fetched where that is asked for.
 */
import { createHash } from "node:crypto";
import type { ImageHost, LayerId, PullOptions, Store } from "@rkt/image";
import { pull } from "@rkt/image";
import { writeTar } from "@rkt/image/trees";
import type { Draft } from "./build-directory.ts";

/** Those that are there already. */
export function knownLowerLayers(store: Store, draft: Draft): LayerId[] {
  if (draft.mode === "oci") return draft.oci.layers.map(({ diffId }) => idOf(diffId));
  return (draft.manifest.dependencies ?? []).flatMap(({ imageName, labels = [] }) => [
    ...(store.findByName(imageName, labels)?.layers ?? []),
  ]);
}

/** All of them: dependencies are fetched. */
export async function allLowerLayers(
  host: ImageHost,
  draft: Draft,
  options: PullOptions,
): Promise<LayerId[]> {
  if (draft.mode === "oci") return knownLowerLayers(host.store, draft);
  const layers: LayerId[] = [];
  for (const { imageName, labels = [] } of draft.manifest.dependencies ?? []) {
    const reference = { kind: "name", name: imageName, labels } as const;
    const image = await pull(host, reference, { ...options, policy: "new" });
    layers.push(...image.layers);
  }
  return layers;
}

/** A layer without anything in it: an overlay must have one below. */
export async function emptyLayer(store: Store): Promise<LayerId> {
  const id: LayerId = `sha256-${createHash("sha256").update(writeTar([])).digest("hex")}`;
  await store.addLayer(id, async () => {});
  return id;
}

export function idOf(digest: string): LayerId {
  return digest.replace(":", "-") as LayerId;
}
