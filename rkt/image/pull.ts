/**
 * The spine of this package: an image reference flows in, a stored image flows out.
 *
 *     reference ─▶ store (policy) ─▶ sources ─▶ download ─▶ verified ─▶ stored image
 *
 * The two ways to a new image are loaded when they are needed: most pods run an image that is
 * there.
 */
import {
  describePlatform,
  fullDockerReference,
  type ImageReference,
  type NameValue,
} from "@rkt/spec";
import { Fault, quote } from "@shared/base";
import type { ImageHost } from "./host.ts";
import type { StoredImage } from "./image.ts";
import type { PullOptions } from "./pull-options.ts";
import { isProvenFor } from "./verify/stored-proof.ts";

/**
 * Makes sure that an image is in the store, and with an ACI all images that it depends on.
 *
 * @throws {Fault} "not-found", "denied" (no proof of origin), "corrupt", "invalid", "unavailable",
 * "timeout", "exhausted", "unsupported", "canceled"
 * @see rkt Documentation/image-fetching-behavior.md
 */
export async function pull(
  host: ImageHost,
  reference: ImageReference,
  options: PullOptions,
): Promise<StoredImage> {
  const image =
    findStored(host, reference, options) ?? (await fetchImage(host, reference, options));
  if (host.unprivileged === true || host.store.isUnpacked(image)) return image;
  const { unpackStored } = await import("./unpack-stored.ts");
  return await unpackStored(host, image, { ...options, pull });
}

async function fetchImage(
  host: ImageHost,
  reference: ImageReference,
  options: PullOptions,
): Promise<StoredImage> {
  if (isFarAway(reference) && options.policy === "never") throw notInStore(reference);
  switch (reference.kind) {
    case "hash":
      return host.store.findById(reference.prefix);
    case "docker":
    case "oci":
    case "oci-archive":
    case "docker-archive": {
      const { pullContainerImage } = await import("./pull-container-image.ts");
      const names = { typed: typedText(reference), stored: storedText(reference, options) };
      return await pullContainerImage(host, reference, { ...options, names });
    }
    default: {
      const { pullArchive } = await import("./pull-archive.ts");
      const text = referenceText(reference);
      return await pullArchive(host, reference, { ...options, pull, text });
    }
  }
}

/** The image as the store has it, where the policy lets that count. */
function findStored(
  host: ImageHost,
  reference: ImageReference,
  options: PullOptions,
): StoredImage | undefined {
  const { policy } = options;
  if (reference.kind === "hash") return host.store.findById(reference.prefix);
  if (policy === "update" || !isFarAway(reference)) return undefined;
  const found =
    host.store.findByReference(storedText(reference, options)) ??
    (reference.kind === "name"
      ? host.store.findByName(reference.name, reference.labels)
      : undefined);
  if (found !== undefined && reference.kind === "docker") {
    if (!isProvenFor(host, reference, found)) return undefined;
  }
  const place = reference.kind === "name" ? "image name" : "url";
  if (found !== undefined) {
    host.note(`image: using image from local store for ${place} ${typedText(reference)}`);
  }
  return found;
}

function isFarAway(reference: ImageReference): boolean {
  return reference.kind === "docker" || reference.kind === "url" || reference.kind === "name";
}

/** Equal for references that mean the same image. */
function referenceText(reference: ImageReference): string {
  return reference.kind === "docker"
    ? `docker://${fullDockerReference(reference)}`
    : typedText(reference);
}

/** One reference with a platform that a person named means another image than without it. */
function storedText(reference: ImageReference, options: PullOptions): string {
  const text = referenceText(reference);
  const asked = options.platformAsked === true && reference.kind === "docker";
  return asked ? `${text} ${describePlatform(options.platform)}` : text;
}

/** As a person would type it. */
function typedText(reference: ImageReference): string {
  if (reference.kind === "docker") return `docker://${reference.text}`;
  if (reference.kind === "url") return reference.url;
  if (reference.kind === "file") return reference.path;
  if (reference.kind === "hash") return reference.prefix;
  if (reference.kind === "name") return nameText(reference.name, reference.labels);
  const place = reference.kind === "oci" ? reference.directory : reference.path;
  return [reference.kind, place, reference.reference].filter(Boolean).join(":");
}

function nameText(name: string, labels: readonly NameValue[]): string {
  const version = labels.find((label) => label.name === "version");
  const rest = labels.filter((label) => label !== version).map((l) => `,${l.name}=${l.value}`);
  return [name, version === undefined ? "" : `:${version.value}`, ...rest].join("");
}

const NOWHERE =
  "either image was not found in the store or store was disabled and fetching from remote " +
  "yielded nothing or it was disabled";

function notInStore(reference: ImageReference): Fault {
  const kind = reference.kind === "name" ? "image name" : "URL";
  const what = `${kind} ${quote(typedText(reference))}`;
  return new Fault("not-found", `unable to fetch image from ${what}: ${NOWHERE}`);
}
