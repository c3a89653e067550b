/**
 * An image on its way to a registry. In: a stored container image and a name; out: the digest of
 * its manifest there. What the registry has is not sent again. The manifest goes last: nobody sees
 * half an image.
 *
 * @see OCI Distribution Specification 1.1, "Push"
 */
import { type DockerReference, type OciDescriptor, type OciDigest } from "@rkt/spec";
import { Fault, quote, retry } from "@shared/base";
import { placesOf } from "../config/registries.ts";
import type { RegistryOptions } from "../fetch/registry-options.ts";
import {
  openSession,
  type RegistrySession,
  type SessionRequest,
} from "../fetch/registry-session.ts";
import type { ImageHost } from "../host.ts";
import { type HttpReply, retryAfterMs, statusFault, worthRetrying } from "../http.ts";
import type { Store } from "../store/store.ts";
import { manifestDescriptor, type StoredOci } from "./stored-oci.ts";

type PushHost = Omit<ImageHost, "store"> & { readonly store: Pick<Store, "blobPath"> };

const PARALLEL_MAX = 3;
const ATTEMPTS = { attemptsMax: 5, baseMs: 500, ceilingMs: 15_000 } as const;

/** @throws {Fault} "denied", "unavailable", "timeout", "invalid" */
export async function pushImage(
  host: PushHost,
  stored: StoredOci,
  reference: DockerReference,
  options: RegistryOptions,
): Promise<OciDigest> {
  // Mirrors follow the registry by themselves.
  const place = placesOf(host.site?.().rules ?? [], reference).at(-1);
  if (place === undefined) throw new Fault("not-found", "find a place to push to");
  const session = await openSession(host, place, { ...options, actions: "pull,push" });
  const blobs = [...stored.layers.map(({ descriptor }) => descriptor), stored.manifest.config];
  const waiting = [...new Map(blobs.map((each) => [each.digest, each])).values()];
  const worker = async (): Promise<void> => {
    for (let blob = waiting.shift(); blob !== undefined; blob = waiting.shift()) {
      const next = blob;
      await retried(host, async () => await pushBlob(host, session, next));
    }
  };
  await settled(Array.from({ length: PARALLEL_MAX }, worker));
  await retried(host, async () => await pushManifest(session, stored, reference));
  return manifestDescriptor(stored).digest;
}

/** All of them have ended when the first failure is thrown: none goes on unseen. */
async function settled(works: readonly Promise<void>[]): Promise<void> {
  const failed = (await Promise.allSettled(works)).find(({ status }) => status === "rejected");
  if (failed?.status === "rejected") throw failed.reason;
}

async function retried(host: PushHost, action: () => Promise<void>): Promise<void> {
  const signal = host.signal === undefined ? {} : { signal: host.signal };
  const worthwhile = { worthwhile: worthRetrying, delayMs: retryAfterMs };
  await retry(host, action, { ...ATTEMPTS, ...worthwhile, ...signal });
}

async function pushBlob(
  host: PushHost,
  session: RegistrySession,
  { digest, size }: OciDescriptor,
): Promise<void> {
  const url = `${session.url}/blobs/${digest}`;
  const found = await session.send(url, { method: "HEAD" });
  await found.body.return();
  if (found.status === 200) return;
  host.note(`image: pushing ${digest} (${size} bytes)`);
  const begun = await expect(session, `${session.url}/blobs/uploads/`, {
    status: 202,
    request: { method: "POST" },
  });
  const upload = uploadUrl(begun);
  upload.searchParams.set("digest", digest);
  const content = Bun.file(host.store.blobPath(digest));
  await expect(session, upload.href, {
    status: 201,
    request: {
      method: "PUT",
      headers: { "Content-Type": "application/octet-stream" },
      body: { content, sizeBytes: size },
    },
  });
}

function uploadUrl(begun: HttpReply): URL {
  const location = begun.headers.get("location") ?? "";
  const url = URL.parse(location, begun.url);
  const downgraded = url?.protocol === "http:" && begun.url.startsWith("https:");
  if (url !== null && location !== "" && !downgraded) return url;
  throw new Fault("denied", `push to ${quote(begun.url)}: refuse to go on at ${quote(location)}`);
}

async function pushManifest(
  session: RegistrySession,
  stored: StoredOci,
  { tag = "latest", digest }: DockerReference,
): Promise<void> {
  const bytes = stored.manifestBytes;
  const own = manifestDescriptor(stored).digest;
  if (digest !== undefined && digest !== own) {
    throw new Fault("invalid", `push the image as ${quote(digest)}: its digest is ${own}`);
  }
  await expect(session, `${session.url}/manifests/${digest ?? tag}`, {
    status: 201,
    request: {
      method: "PUT",
      headers: { "Content-Type": stored.manifestType },
      body: { content: bytes, sizeBytes: bytes.length },
    },
  });
}

async function expect(
  session: RegistrySession,
  url: string,
  { status, request }: { readonly status: number; readonly request: SessionRequest },
): Promise<HttpReply> {
  const reply = await session.send(url, request);
  await reply.body.return();
  if (reply.status === status) return reply;
  throw statusFault(reply);
}
