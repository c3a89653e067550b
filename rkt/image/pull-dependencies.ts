/**
 * The images that an ACI stands on. In: its manifest; out: the layers that lie below its own, each
 * cut to the paths that the manifest lets through. `pull` itself brings the images in, so that
 * dependencies may have dependencies.
 *
 * @see appc 0.8.11 aci.md, "Dependency Matching" and pathWhitelist
 */
import type { Dependency, ImageManifest, ImageReference } from "@rkt/spec";
import { Fault, quote } from "@shared/base";
import type { ImageHost } from "./host.ts";
import type { LayerId, StoredImage } from "./image.ts";
import type { Pull, PullOptions } from "./pull-options.ts";

export type DependencyOptions = PullOptions & { readonly pull: Pull };

/**
 * Layers of all dependencies, depth first in listed order, bottom first. appc applies an image that
 * is reached twice twice (D, B, D, C, A); the earlier time is hidden by the later one, so it is
 * left out.
 */
export async function pullDependencies(
  host: ImageHost,
  manifest: ImageManifest,
  options: DependencyOptions,
): Promise<LayerId[]> {
  const { dependencies = [], pathWhitelist = [] } = manifest;
  const within = [...(options.within ?? []), manifest.name];
  const layers: LayerId[] = [];
  for (const dependency of dependencies) {
    const image = await pullDependency(host, dependency, { ...options, within });
    if (host.unprivileged === true) continue; // root looks for their layers again
    for (const layer of image.layers) {
      layers.push(await host.store.addWhitelistedLayer(layer, pathWhitelist));
    }
  }
  return layers.filter((layer, index) => layers.lastIndexOf(layer) === index);
}

/**
 * An image of the store will do, as long as its labels match: only what is asked for is updated.
 */
async function pullDependency(
  host: ImageHost,
  { imageName, imageID, labels = [] }: Dependency,
  options: DependencyOptions & { readonly within: readonly string[] },
): Promise<StoredImage> {
  const { within, signaturePath: _own, pull, ...rest } = options;
  if (within.includes(imageName)) {
    const circle = [...within, imageName].join(" needs ");
    throw new Fault("invalid", `fetch dependencies: they go round in a circle: ${circle}`);
  }
  const reference: ImageReference = { kind: "name", name: imageName, labels };
  const policy = options.policy === "update" ? "new" : options.policy;
  const image = await pull(host, reference, { ...rest, policy, within });
  if (imageID === undefined || imageID.startsWith(image.id)) return image;
  const found = `its id is ${image.id}, not ${imageID}`;
  throw new Fault("denied", `dependency ${quote(imageName)}: ${found}`);
}
