/**
 * The way of a container image: a registry or a layout flows in, a stored image flows out. Without
 * proof of its origin it is refused before anything is asked for.
 */
import type { OciOrigin } from "@rkt/spec";
import { quote } from "@shared/base";
import {
  type ArchiveReference,
  type OpenArchive,
  openArchive,
  originOfArchive,
} from "./archives/open-archive.ts";
import { openLayout } from "./fetch/layout.ts";
import type { OciSource } from "./fetch/oci-source.ts";
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

type ContainerReference = OciOrigin | ArchiveReference;

export async function pullContainerImage(
  host: ImageHost,
  reference: ContainerReference,
  options: PullOptions & { readonly names: ReferenceNames },
): Promise<StoredImage> {
  const { insecure = SECURE, names, platform } = options;
  const origin = originOf(reference);
  const demand = demandFor(host, origin, insecure);
  using opened = await openSource(host, reference, options);
  const { source } = opened;
  const image = await resolveImage(origin, source, platform);
  const verified = await verifyOci(host, image, { demand, source });
  const asked = options.platformAsked === true ? { platform } : {};
  return await pullOci(host, verified, { source, referenceText: names.stored, ...asked });
}

function originOf(reference: ContainerReference): OciOrigin {
  if (reference.kind === "docker" || reference.kind === "oci") return reference;
  return originOfArchive(reference);
}

async function openSource(
  host: ImageHost,
  reference: ContainerReference,
  { insecure = SECURE, credentials, names }: PullOptions & { readonly names: ReferenceNames },
): Promise<OpenArchive> {
  switch (reference.kind) {
    case "docker":
      host.note(`image: remote fetching from URL ${quote(names.typed)}`);
      return kept(await openRegistry(host, reference, { insecure, credentials }));
    case "oci":
      return kept(openLayout(reference));
    default:
      return await openArchive(host.store, reference);
  }
}

/** A source that leaves nothing behind. */
function kept(source: OciSource): OpenArchive {
  return { source, [Symbol.dispose]: () => undefined };
}
