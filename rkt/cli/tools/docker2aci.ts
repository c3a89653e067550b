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
import { openStore, pull, type PullOptions, type Store } from "@rkt/image";
import { convertImage } from "@rkt/image/export";
import { type ImageReference, parseImageReference } from "@rkt/spec";
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
  const reference = referenceOf(text, call.flags.get(image));
  using place = temporaryStore(host);
  const imageHost = imageHostOf(host, call, place.store);
  const stored = await pull(imageHost, reference, pullOptions(call));
  const files = await convertImage({ kernel, store: place.store }, stored, {
    directory: process.cwd(),
    squash: !call.flags.get(noSquash),
    compression: call.flags.get(compression),
  });
  host.print(["", "Generated ACI(s):", ...files, ""].join("\n"));
  return 0;
}

/** It converts; whether to trust is asked where the ACIs are fetched. */
function pullOptions(call: Call): PullOptions {
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

/** A file is what it holds: its beginning tells docker save from an OCI layout. */
function referenceOf(text: string, name: string): ImageReference {
  if (/^(?:docker|oci|docker-archive|oci-archive):/.test(text)) {
    return parseImageReference(text, { exists: () => false });
  }
  if (statSync(text, { throwIfNoEntry: false })?.isFile() !== true) {
    throw new Fault("not-found", `open ${text}: no such file or directory`, {
      hint: "an image in a registry is written docker://NAME",
    });
  }
  const archive = `docker-archive:${resolve(text)}${name === "" ? "" : `:${name}`}`;
  return parseImageReference(archive, { exists: () => false });
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
