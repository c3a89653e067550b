/**
 * `docker2aci`: container images become files in appc's form. In: `docker://…`, or an archive of
 * `docker save` or of an OCI layout; out: .aci files in the current directory.
 *
 * @see docker2aci README.md
 */
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import process from "node:process";
import {
  type ImageHost,
  openStore,
  pull,
  type PullOptions,
  type Store,
  type StoredImage,
} from "@rkt/image";
import { convertImage } from "@rkt/image/export";
import { loadArchive, type LoadOptions } from "@rkt/image/push";
import { fullDockerReference, parseDockerReference, parseImageReference } from "@rkt/spec";
import { Fault, quote } from "@shared/base";
import { kernel } from "@shared/linux";
import { imageHostOf, insecureOf } from "../commands/image-host.ts";
import { ownPlatform, platform } from "../flags/platform.ts";
import type { Call, Command } from "../grammar/command.ts";
import { choiceFlag, switchFlag, textFlag } from "../grammar/flag.ts";
import { type Host, openHost } from "../host.ts";
import { runCommand, type Start } from "../main.ts";

const noSquash = switchFlag({ name: "nosquash", usage: "write each layer as an ACI of its own" });
const image = textFlag({ name: "image", usage: "the image of an archive that holds several" });
const compression = choiceFlag(
  { name: "compression", usage: 'how the ACIs are compressed: "gzip" or "none"', shown: "gzip" },
  ["gzip", "none"],
  "gzip",
  (text) => `unknown compression ${quote(text)}`,
);
const skipVerify = switchFlag({
  name: "insecure-skip-verify",
  usage: "do not check certificates of registries",
});
const allowHttp = switchFlag({ name: "insecure-allow-http", usage: "allow plain HTTP registries" });

const docker2aci: Command = {
  usage: "[--nosquash] [--image=NAME] docker://[REGISTRY/]REPOSITORY[:TAG] | FILE",
  description: [
    "Converts a container image to ACIs in the current directory: one file, with all layers",
    "squashed, or with --nosquash one for each layer, of which the last depends on the others.",
    "",
    "FILE is what docker save or podman save wrote, or an archive of an OCI layout.",
    "",
    "Nothing is said of the image's origin: the ACIs are as trustworthy as the image was, and have",
    "no signature.",
  ],
  flags: [noSquash, image, compression, skipVerify, allowHttp, platform],
  grammar: "anywhere",
  needsRoot: true,
  run: convert,
};

const PROGRAM = { name: "docker2aci", failureStatus: 1 };

/** Runs `docker2aci` as this process was asked to and returns its exit status. */
export function docker2aciMain(start: Start): Promise<number> {
  const entry = {
    path: ["docker2aci"],
    summary: "convert container images to ACIs",
    load: async () => docker2aci,
  };
  return runCommand(openHost(start), PROGRAM, entry, start.argv);
}

async function convert(host: Host, call: Call): Promise<number | "usage"> {
  const [text, more] = call.args;
  if (text === undefined || more !== undefined) return "usage";
  using place = temporaryStore(host);
  const stored = await fetchImage(imageHostOf(host, call, place.store), call, text);
  const files = await convertImage({ kernel, store: place.store }, stored, {
    directory: process.cwd(),
    squash: !call.flags.get(noSquash),
    compression: call.flags.get(compression),
  });
  host.print(["", "Generated ACI(s):", ...files, ""].join("\n"));
  return 0;
}

async function fetchImage(host: ImageHost, call: Call, text: string): Promise<StoredImage> {
  const options = pullOptions(call);
  if (/^(?:docker|oci|docker-archive|oci-archive):/.test(text)) {
    return await pull(host, parseImageReference(text, { exists: () => false }), options);
  }
  if (statSync(text, { throwIfNoEntry: false })?.isFile() !== true) {
    throw new Fault("not-found", `open ${text}: no such file or directory`, {
      hint: "an image in a registry is written docker://NAME",
    });
  }
  const images = await loadArchive(host, resolve(text), options);
  const name = call.flags.get(image);
  if (name !== "") return named(host.store, name, text);
  const [first, second] = images;
  if (first !== undefined && second === undefined) return first;
  throw new Fault("ambiguous", `convert ${quote(text)}: it holds ${images.length} images`, {
    hint: `choose one with --image: ${images.map((each) => quote(each.name)).join(", ")}`,
  });
}

/** The image that the archive has under a name as people write it. */
function named(store: Store, name: string, file: string): StoredImage {
  const full = fullDockerReference(parseDockerReference(name));
  const found = store.findByReference(`docker://${full}`);
  if (found !== undefined) return found;
  const held = store.list().map((each) => quote(each.name));
  throw new Fault("not-found", `find image ${quote(name)} in ${quote(file)}`, {
    hint: `it holds ${held.join(", ")}`,
  });
}

/** It converts; whether to trust is asked where the ACIs are fetched. */
function pullOptions(call: Call): PullOptions & LoadOptions {
  const { http, tls, pubkey } = insecureOf(call);
  const insecure = {
    image: true,
    http: http || call.flags.get(allowHttp),
    tls: tls || call.flags.get(skipVerify),
    pubkey,
  };
  const asked = call.flags.get(platform);
  const platforms = { platform: asked ?? ownPlatform(), platformAsked: asked !== undefined };
  return { policy: "update", ...platforms, insecure };
}

/** A store of its own for what is converted: nothing of it stays. */
function temporaryStore(host: Host): Disposable & { readonly store: Store } {
  const directory = mkdtempSync(join(host.environment["TMPDIR"] ?? tmpdir(), "docker2aci-"));
  const store = openStore({ kernel, clock: host.clock }, directory);
  return {
    store,
    [Symbol.dispose]: () => {
      store[Symbol.dispose]();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
