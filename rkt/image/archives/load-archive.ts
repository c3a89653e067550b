/**
 * All images of an archive into the store, under the names that the archive gives them. In: what
 * `docker save`, `podman save`, `skopeo copy` or `rkt image save` wrote; out: stored images. As
 * with every other way in, an image needs proof of its origin, or the word of the person who asks.
 */
import {
  type DockerReference,
  fullDockerReference,
  type OciDescriptor,
  type OciOrigin,
  type Platform,
  parseDockerReference,
} from "@rkt/spec";
import { Fault, quote } from "@shared/base";
import { withoutAttachments } from "../fetch/layout-attachments.ts";
import { type LayoutOrigin, layoutSource, readLayoutIndex } from "../fetch/layout.ts";
import type { OciSource } from "../fetch/oci-source.ts";
import type { ImageHost, Insecure } from "../host.ts";
import type { StoredImage } from "../image.ts";
import { pullOci } from "../oci/pull-oci.ts";
import { resolveImage } from "../oci/resolve-oci.ts";
import { tagImage } from "../push/tag-image.ts";
import { demandFor } from "../verify/demand.ts";
import { verifyOci } from "../verify/verify.ts";
import { dockerArchiveSource, savedImages } from "./docker-archive.ts";
import { openTarIndex, type TarIndex } from "./tar-index.ts";

/** How an archive is to be loaded. */
export interface LoadOptions {
  readonly insecure: Insecure;
  /** For an image that the archive has for several. */
  readonly platform: Platform;
}

/** One image of the archive. */
interface Loadable {
  readonly source: OciSource;
  readonly origin: OciOrigin;
  /** Further names. */
  readonly tags: readonly DockerReference[];
}

/** @throws {Fault} "not-found", "invalid", "corrupt", "denied", "unsupported" */
export async function loadArchive(
  host: ImageHost,
  path: string,
  options: LoadOptions,
): Promise<StoredImage[]> {
  using index = await openTarIndex(host.store, path);
  const loadable = imagesIn(index);
  if (loadable.length === 0) {
    throw new Fault("invalid", `load ${quote(path)}: there is no container image in it`, {
      hint: "an ACI is fetched: rkt fetch FILE.aci",
    });
  }
  const loaded: StoredImage[] = [];
  for (const each of loadable) loaded.push(await loadOne(host, each, options));
  return loaded;
}

async function loadOne(
  host: ImageHost,
  { source, origin, tags }: Loadable,
  { insecure, platform }: LoadOptions,
): Promise<StoredImage> {
  const demand = demandFor(host, origin, insecure);
  const image = await resolveImage(origin, source, platform);
  const verified = await verifyOci(host, image, { demand, source });
  const referenceText =
    origin.kind === "docker"
      ? `docker://${fullDockerReference(origin)}`
      : ["oci", origin.directory, origin.reference].filter(Boolean).join(":");
  let stored = await pullOci(host, verified, { source, referenceText });
  for (const tag of tags) stored = tagImage(host.store, stored, tag);
  return stored;
}

/** Docker writes both tables; the one of OCI names the documents as they were. */
function imagesIn(index: TarIndex): readonly Loadable[] {
  if (index.has("index.json") && index.has("oci-layout")) return layoutImages(index);
  return index.has("manifest.json") ? dockerImages(index) : [];
}

function dockerImages(index: TarIndex): readonly Loadable[] {
  return savedImages(index).map((image) => {
    const [first, ...tags] = image.tags.flatMap((tag) => nameIn(tag) ?? []);
    const origin: OciOrigin = first ?? { kind: "oci", directory: index.place };
    return { source: dockerArchiveSource(index, image), origin, tags };
  });
}

function layoutImages(index: TarIndex): readonly Loadable[] {
  const { manifests } = withoutAttachments(readLayoutIndex(index));
  const unnamed = manifests.filter((entry) => wordOf(entry) === undefined);
  const whole: Loadable[] =
    unnamed.length === 0
      ? []
      : [{ source: layoutSource(index, undefined), origin: originOf(index, undefined), tags: [] }];
  if (unnamed.length > 0 && manifests.length > unnamed.length) {
    throw new Fault("ambiguous", `load ${quote(index.place)}: some of its images have no name`);
  }
  const named = manifests.filter((entry) => wordOf(entry) !== undefined);
  return [...whole, ...named.map((entry) => namedImage(index, entry))];
}

function namedImage(index: TarIndex, entry: OciDescriptor): Loadable {
  const plain = layoutSource(index, undefined);
  const source = { ...plain, document: async () => await plain.manifest(entry) };
  const word = wordOf(entry);
  return { source, origin: nameIn(word ?? "") ?? originOf(index, word), tags: [] };
}

/** The name of an entry, the whole one first. */
function wordOf({ annotations = {} }: OciDescriptor): string | undefined {
  return (
    annotations["io.containerd.image.name"] ?? annotations["org.opencontainers.image.ref.name"]
  );
}

function originOf(index: TarIndex, reference: string | undefined): LayoutOrigin {
  const named = reference === undefined ? {} : { reference };
  return { kind: "oci", directory: index.place, ...named };
}

/** A name as registries have it; a lone tag is none. */
function nameIn(text: string): DockerReference | undefined {
  if (!/[/:]/.test(text)) return undefined;
  try {
    return parseDockerReference(text);
  } catch {
    return undefined; // some other kind of name: the image keeps that of the archive
  }
}
