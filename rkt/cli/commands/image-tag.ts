/** `rkt image tag`: gives a stored container image another name. */
import { tagImage } from "@rkt/image/push";
import type { Call, Command } from "../grammar/command.ts";
import type { Host } from "../host.ts";
import { findImage } from "./find-image.ts";
import { targetOf } from "./image-push.ts";
import { openStoreOf } from "./open-store.ts";

export const imageTag: Command = {
  usage: "image tag IMAGE docker://[REGISTRY/]REPOSITORY[:TAG]",
  description: [
    "IMAGE is the ID of a stored container image, or its name. It goes on to be found under the",
    "names that it has; image list shows the new one.",
  ],
  flags: [],
  grammar: "anywhere",
  run: tagOne,
};

function tagOne(host: Host, call: Call): number | "usage" {
  const [text, target, more] = call.args;
  if (text === undefined || target === undefined || more !== undefined) return "usage";
  const reference = targetOf(target);
  using store = openStoreOf(host, call);
  tagImage(store, findImage(store, text), reference);
  return 0;
}
