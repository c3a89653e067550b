/**
 * The way of a container image: a registry or a layout flows in, a stored image flows out. Without
 * proof of its origin it is refused before anything is asked for.
 */
import type { ImageReference } from "@rkt/spec";
import { quote } from "@shared/base";
import { openLayout } from "./fetch/layout.ts";
import { openRegistry } from "./fetch/registry.ts";
import { type ImageHost, SECURE } from "./host.ts";
import type { StoredImage } from "./image.ts";
import { pullOci } from "./oci/pull-oci.ts";
import { resolveImage } from "./oci/resolve-oci.ts";
import type { PullOptions } from "./pull-options.ts";
import { demandFor } from "./verify/demand.ts";
import { verifyOci } from "./verify/verify.ts";

/** The reference as a person typed it, and as the store keeps it. */
export interface ReferenceNames {
  readonly typed: string;
  readonly stored: string;
}

export async function pullContainerImage(
  host: ImageHost,
  reference: ImageReference & { kind: "docker" | "oci" },
  options: PullOptions & { readonly names: ReferenceNames },
): Promise<StoredImage> {
  const { insecure = SECURE, credentials, names, platform } = options;
  const demand = demandFor(host, reference, insecure);
  if (reference.kind === "docker") {
    host.note(`image: remote fetching from URL ${quote(names.typed)}`);
  }
  const source =
    reference.kind === "docker"
      ? await openRegistry(host, reference, { insecure, credentials })
      : openLayout(reference);
  const image = await resolveImage(reference, source, platform);
  const verified = await verifyOci(host, image, { demand, source });
  return await pullOci(host, verified, { source, referenceText: names.stored });
}
