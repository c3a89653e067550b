/** `rkt fetch`: brings images into the local store and prints the ID of each. */
import { Fault } from "@shared/base";
import { signature } from "../flags/app.ts";
import { platform } from "../flags/platform.ts";
import { OLD_PULL_FLAGS, pullPolicyFlag, pullPolicyOf } from "../flags/pull-policy.ts";
import type { Call, Command } from "../grammar/command.ts";
import { switchFlag } from "../grammar/flag.ts";
import type { Host } from "../host.ts";
import { openStoreOf } from "./open-store.ts";
import { pullImages } from "./pull-images.ts";

const SHORT_ID_LENGTH = "sha512-".length + 32;

const full = switchFlag({ name: "full", usage: "print the full image hash after fetching" });
const pullPolicy = pullPolicyFlag("update");

export const fetch: Command = {
  usage: "fetch IMAGE_URL...",
  description: [
    "Fetches images with their signatures, verifies them and stores them.",
    "",
    "An image that is in the store and has not changed is not fetched again.",
  ],
  flags: [full, platform, pullPolicy, signature, ...OLD_PULL_FLAGS],
  grammar: "images",
  run: fetchImages,
};

async function fetchImages(host: Host, call: Call): Promise<number> {
  const { apps, flags } = call;
  if (apps.every((app) => app.image === "")) {
    throw new Fault("invalid", "must provide at least one image");
  }
  using store = openStoreOf(host, call);
  const policy = pullPolicyOf(flags, pullPolicy, host.note);
  for await (const { id } of pullImages(host, call, { store, policy })) {
    host.print(`${flags.get(full) ? id : id.slice(0, SHORT_ID_LENGTH)}\n`);
  }
  return 0;
}
