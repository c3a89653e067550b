/** `rkt image load`: brings all images of archives into the local store. */
import { resolve } from "node:path";
import { loadArchive } from "@rkt/image/push";
import { Fault } from "@shared/base";
import { ownPlatform, platform } from "../flags/platform.ts";
import type { Call, Command } from "../grammar/command.ts";
import { switchFlag } from "../grammar/flag.ts";
import type { Host } from "../host.ts";
import { imageHostOf, insecureOf } from "./image-host.ts";
import { openStoreOf } from "./open-store.ts";

const SHORT_ID_LENGTH = "sha512-".length + 32;

const full = switchFlag({ name: "full", usage: "print the full image hashes" });

export const imageLoad: Command = {
  usage: "image load FILE...",
  description: [
    "FILE is what docker save, podman save, skopeo or rkt image save wrote; it may be compressed.",
    "The images are stored under the names that they have there, and their IDs are printed.",
    "",
    "As with rkt fetch, an image needs proof of its origin, or --insecure-options=image.",
  ],
  flags: [full, platform],
  grammar: "anywhere",
  run: load,
};

async function load(host: Host, call: Call): Promise<number> {
  const { args, flags } = call;
  if (args.length === 0) throw new Fault("invalid", "must provide at least one file");
  using store = openStoreOf(host, call);
  const imageHost = imageHostOf(host, call, store);
  const options = { insecure: insecureOf(call), platform: flags.get(platform) ?? ownPlatform() };
  for (const path of args) {
    for (const { id } of await loadArchive(imageHost, resolve(path), options)) {
      host.print(`${flags.get(full) ? id : id.slice(0, SHORT_ID_LENGTH)}\n`);
    }
  }
  return 0;
}
