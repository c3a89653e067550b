/**
 * Large images for the figures about fetching: real files of this machine in eight layers, in a
 * registry on loopback. In: a directory; out: the names of the images, and for each engine the
 * words that fetch one into a store. Disposing stops the registry.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { busyboxOci, must, pushImage, run, startRegistry, temporaryDirectory } from "@e2e/rkt";

const RKT = join(import.meta.dir, "../dist/rkt");
const LAYERS = 7; // the one with busybox is the eighth
const TOTAL_BYTES = 200_000_000;
const OWN_BYTES = 5_000_000;

/** The name of an image that differs from the first in its top layer only. */
export const sister = (n: number): string => `sister-${n}`;

export interface Images extends AsyncDisposable {
  /** For files of the figure. */
  readonly directory: string;
  /** The words that fetch an image into our store `store`. */
  rkt(image: string, store?: string): string[];
  podman(image: string): string[];
  /** skopeo copies it to a layout, umoci unpacks that. */
  umoci(image: string): string[];
  /** Empties all stores. */
  forget(): Promise<void>;
}

interface Member {
  readonly path: string;
  readonly kind: "file";
  readonly bytes: Uint8Array;
}

/** An image of 200 MB in eight layers, and as many sisters as wanted, which share seven of them. */
export async function startImages(sisters: number): Promise<Images> {
  await using stack = new AsyncDisposableStack();
  const { path: directory } = stack.use(temporaryDirectory("bench-images"));
  const registry = stack.use(await startRegistry({ directory }));
  const layers = layersOf(await filesOfMachine());
  const push = (name: string, content: readonly (readonly Member[])[]): Promise<void> =>
    pushImage(registry.address, name, "latest", busyboxOci({ layers: content }));
  await push("all", layers);
  for (let n = 0; n < sisters; n++) {
    await push(sister(n), [...layers.slice(0, -1), topLayer(layers.at(-1) ?? [], n)]);
  }
  const podman = [
    ...["podman", "--root", join(directory, "podman"), "--runroot", join(directory, "podman-run")],
    ...["--storage-driver=overlay", "--tmpdir", join(directory, "podman-tmp")],
  ];
  const source = (image: string): string => `docker://${registry.address}/${image}:latest`;
  const done = stack.move();
  return {
    directory,
    rkt: (image, store = "rkt") => [
      ...[RKT, `--dir=${join(directory, store)}`, `--local-config=${directory}/none`],
      ...["fetch", "--insecure-options=image,http", source(image)],
    ],
    podman: (image) => [
      ...[...podman, "pull", "--quiet", "--tls-verify=false"],
      `${registry.address}/${image}:latest`,
    ],
    umoci: (image) => [
      ...["sh", "-ec"],
      `skopeo copy --quiet --src-tls-verify=false ${source(image)} oci:${directory}/layout:${image}
       umoci unpack --image ${directory}/layout:${image} ${directory}/bundle-${image}`,
    ],
    forget: async () => {
      await run([...podman, "rmi", "--all", "--force"]);
      for (const name of readdirSync(directory)) {
        if (/^(rkt|layout|bundle)/.test(name)) rmSync(join(directory, name), { recursive: true });
      }
    },
    [Symbol.asyncDispose]: async () => {
      await run([...podman, "rmi", "--all", "--force"]);
      await done.disposeAsync();
    },
  };
}

/** What programs are made of, as far as 200 MB go, the same in each run. */
async function filesOfMachine(): Promise<Uint8Array[]> {
  const found: Uint8Array[] = [];
  const list = await must([
    "find",
    "/usr/lib",
    "-xdev",
    "-type",
    "f",
    "-size",
    "+0",
    "-size",
    "-8M",
  ]);
  let bytes = 0;
  for (const path of list.trim().split("\n").sort()) {
    const content = readFileSync(path);
    if (bytes + content.length > TOTAL_BYTES) break;
    found.push(content);
    bytes += content.length;
  }
  return found;
}

/** Layers of about the same size. */
function layersOf(files: readonly Uint8Array[]): Member[][] {
  const layers: Member[][] = Array.from({ length: LAYERS }, () => []);
  let bytes = 0;
  files.forEach((content, index) => {
    const layer = layers[Math.min(LAYERS - 1, Math.floor((bytes * LAYERS) / TOTAL_BYTES))];
    layer?.push({ path: `files/${index}`, kind: "file", bytes: content });
    bytes += content.length;
  });
  return layers;
}

/** Some files of a layer under other names: a layer that nobody else has. */
function topLayer(layer: readonly Member[], n: number): Member[] {
  let bytes = 0;
  const taken = layer.filter((member) => (bytes += member.bytes.length) < OWN_BYTES);
  return taken.map((member) => ({ ...member, path: `${member.path}-of-${n}` }));
}

/** MB that a directory takes on disk, each file counted once. */
export async function diskMB(directory: string): Promise<number> {
  mkdirSync(directory, { recursive: true });
  const text = await must(["du", "--summarize", "--block-size=1", directory]);
  return Number(text.split("\t")[0]) / 1e6;
}
