/**
 * An image in a registry as a source. In: its name; out: documents and blobs, unchecked. The site's
 * rules say where it is asked for: mirrors in their order, and a place that fails is followed by
 * the next one.
 *
 * @see OCI Distribution Specification 1.1
 */
import { type DockerReference, OCI_MANIFEST_TYPES, type OciDescriptor } from "@rkt/spec";
import { Fault, quote } from "@shared/base";
import { placesOf, type RegistryPlace } from "../config/registries.ts";
import type { ImageHost } from "../host.ts";
import { type HttpHost, type HttpReply, readAll } from "../http.ts";
import { checkBytes, DOCUMENT_BYTES_MAX, type OciSource } from "./oci-source.ts";
import { registryAttachments } from "./registry-attachments.ts";
import type { RegistryOptions } from "./registry-options.ts";
import { openSession } from "./registry-session.ts";
import { openWithRetry, resumed } from "./resume.ts";
import { severalPlaces } from "./several-places.ts";

type RegistryHost = HttpHost & Pick<ImageHost, "note">;

/** @throws {Fault} "unavailable", "denied", "timeout" from the source's methods too */
export async function openRegistry(
  host: RegistryHost,
  reference: DockerReference,
  options: RegistryOptions,
): Promise<OciSource> {
  const places = placesOf(host.site?.().rules ?? [], reference);
  const [only] = places;
  if (places.length === 1 && only !== undefined)
    return await openPlace(host, reference, { ...options, place: only });
  const named = places.map((place) => ({
    name: `${place.registry}/${place.repository}`,
    open: async () => await openPlace(host, reference, { ...options, place }),
  }));
  return severalPlaces(host, named);
}

async function openPlace(
  host: HttpHost,
  reference: DockerReference,
  options: RegistryOptions & { readonly place: RegistryPlace },
): Promise<OciSource> {
  const session = await openSession(host, options.place, { ...options, actions: "pull" });
  const { url: repository } = session;
  const get = (url: string, headers: Readonly<Record<string, string>>): Promise<HttpReply> =>
    session.send(url, { headers });
  const document = async (name: string, bytesMax: number): Promise<Uint8Array> => {
    const url = `${repository}/manifests/${name}`;
    const accept = { Accept: OCI_MANIFEST_TYPES.join(", ") };
    return await readAll(await openWithRetry(host, () => get(url, accept), 0), bytesMax);
  };
  return {
    document: async () => await namedDocument(reference, document),
    manifest: async ({ digest }) => await document(digest, DOCUMENT_BYTES_MAX),
    blob: async ({ digest }: OciDescriptor, from = 0) => {
      const open = (offset: number): Promise<HttpReply> =>
        get(`${repository}/blobs/${digest}`, offset > 0 ? { Range: `bytes=${offset}-` } : {});
      return resumed(host, await openWithRetry(host, open, from), open, from);
    },
    attachments: registryAttachments({
      url: repository,
      open: async (url, headers) => await openWithRetry(host, () => get(url, headers), 0),
    }),
  };
}

async function namedDocument(
  reference: DockerReference,
  document: (name: string, bytesMax: number) => Promise<Uint8Array>,
): Promise<Uint8Array> {
  const { digest, tag = "latest" } = reference;
  try {
    const bytes = await document(digest ?? tag, DOCUMENT_BYTES_MAX);
    if (digest !== undefined) checkDigest(bytes, digest);
    return bytes;
  } catch (error) {
    if (Fault.from(error).kind !== "not-found") throw error;
    const what = `find image ${quote(`docker://${reference.text}`)}`;
    throw new Fault("not-found", what, { cause: error });
  }
}

function checkDigest(bytes: Uint8Array, digest: string): void {
  checkBytes(bytes, { mediaType: "", digest, size: bytes.length } as OciDescriptor);
}
