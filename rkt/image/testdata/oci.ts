/** OCI images for tests, and a real registry to push them to. */
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type NewTarFile, writeTar } from "../layers/tar-writer.ts";

export interface TestBlob {
  readonly mediaType: string;
  readonly digest: string;
  readonly bytes: Uint8Array;
}

export interface TestImage {
  readonly manifest: TestBlob;
  readonly config: TestBlob;
  readonly layers: readonly TestBlob[];
}

export const OCI = "application/vnd.oci.image";

function sha256(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

export function blobOf(mediaType: string, content: string | Uint8Array): TestBlob {
  const bytes = typeof content === "string" ? Buffer.from(content) : content;
  return { mediaType, digest: sha256(bytes), bytes };
}

export function descriptor({ mediaType, digest, bytes }: TestBlob): object {
  return { mediaType, digest, size: bytes.length };
}

/** An image of gzip layers, bottom first. */
export function testImage(layers: readonly (readonly NewTarFile[])[]): TestImage {
  const archives = layers.map((entries) => writeTar(entries));
  const packed = archives.map((archive) =>
    blobOf(`${OCI}.layer.v1.tar+gzip`, Bun.gzipSync(Buffer.from(archive))),
  );
  const config = blobOf(
    `${OCI}.config.v1+json`,
    JSON.stringify({
      architecture: "amd64",
      os: "linux",
      config: { Entrypoint: ["/bin/hello"], Cmd: ["you"], Env: ["A=b"] },
      rootfs: { type: "layers", diff_ids: archives.map(sha256) },
    }),
  );
  return { config, layers: packed, manifest: manifestOf(config, packed) };
}

export function manifestOf(config: TestBlob, layers: readonly TestBlob[]): TestBlob {
  const mediaType = `${OCI}.manifest.v1+json`;
  const body = { config: descriptor(config), layers: layers.map(descriptor) };
  return blobOf(mediaType, JSON.stringify({ schemaVersion: 2, mediaType, ...body }));
}

/** Writes an image layout with one entry. */
export function writeLayout(directory: string, image: TestImage): void {
  mkdirSync(join(directory, "blobs/sha256"), { recursive: true });
  for (const blob of [image.manifest, image.config, ...image.layers]) {
    writeFileSync(join(directory, "blobs", blob.digest.replace(":", "/")), blob.bytes);
  }
  writeFileSync(join(directory, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
  const index = { schemaVersion: 2, manifests: [descriptor(image.manifest)] };
  writeFileSync(join(directory, "index.json"), JSON.stringify(index));
}

export interface Registry extends AsyncDisposable {
  /** Host and port. */
  readonly address: string;
  push(repository: string, tag: string, image: TestImage): Promise<void>;
}

/** Debian's docker-registry on a free port of loopback. */
export async function startRegistry(
  directory: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<Registry> {
  const address = `127.0.0.1:${freePort()}`;
  mkdirSync(directory, { recursive: true });
  const config = join(directory, "config.yml");
  writeFileSync(
    config,
    `version: 0.1
log: {level: error}
storage: {filesystem: {rootdirectory: ${directory}/storage}}
http: {addr: "${address}"${settings["tls"] === undefined ? "" : `, tls: ${settings["tls"]}`}}
${settings["auth"] === undefined ? "" : `auth: ${settings["auth"]}`}
`,
  );
  const child = Bun.spawn(["docker-registry", "serve", config], { stdio: ["ignore", "ignore", "ignore"] });
  const scheme = settings["tls"] === undefined ? "http" : "https";
  const headers: Record<string, string> = settings["user"] === undefined ? {} : {
    Authorization: `Basic ${Buffer.from(settings["user"]).toString("base64")}`,
  };
  const send = (path: string, init: RequestInit = {}): Promise<Response> =>
    fetch(path.startsWith("http") ? path : `${scheme}://${address}${path}`, {
      ...init,
      headers: { ...headers, ...(init.headers as Record<string, string> | undefined) },
      tls: { rejectUnauthorized: false },
    } as BunFetchRequestInit);
  for (let attempt = 0; ; attempt++) {
    const up = await send("/v2/").then(() => true, () => false);
    if (up) break;
    if (attempt > 200) throw new Error("docker-registry does not answer");
    await Bun.sleep(50);
  }
  return {
    address,
    push: async (repository, tag, image) => {
      for (const blob of [image.config, ...image.layers]) {
        const begun = await send(`/v2/${repository}/blobs/uploads/`, { method: "POST" });
        const url = new URL(begun.headers.get("location") ?? "");
        url.searchParams.set("digest", blob.digest);
        await expectStatus(send(url.href, { method: "PUT", body: Buffer.from(blob.bytes) }));
      }
      const { mediaType, bytes } = image.manifest;
      await expectStatus(
        send(`/v2/${repository}/manifests/${tag}`, {
          method: "PUT",
          body: Buffer.from(bytes),
          headers: { "Content-Type": mediaType },
        }),
      );
    },
    [Symbol.asyncDispose]: async () => {
      child.kill();
      await child.exited;
    },
  };
}

async function expectStatus(sent: Promise<Response>): Promise<void> {
  const response = await sent;
  if (response.status === 201) return;
  throw new Error(`push: ${response.status} ${await response.text()}`);
}

function freePort(): number {
  using listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: () => undefined } });
  return listener.port;
}
