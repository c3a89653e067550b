/** `rkt image push`: sends a stored container image to a registry. */
import { type DockerReference, parseImageReference } from "@rkt/spec";
import { pushImage, readStoredOci } from "@rkt/image/push";
import { Fault, quote } from "@shared/base";
import type { Call, Command } from "../grammar/command.ts";
import type { Host } from "../host.ts";
import { findImage } from "./find-image.ts";
import { imageHostOf, insecureOf } from "./image-host.ts";
import { openStoreOf } from "./open-store.ts";

export const imagePush: Command = {
  usage: "image push IMAGE docker://REGISTRY/REPOSITORY[:TAG]",
  description: [
    "IMAGE is the ID of a stored container image, or its name. What the registry has already is",
    "not sent again. The digest of the image is printed.",
    "",
    'Passwords come from auth.d ("dockerAuth") and from docker\'s config.json.',
  ],
  flags: [],
  grammar: "anywhere",
  run: pushOne,
};

async function pushOne(host: Host, call: Call): Promise<number | "usage"> {
  const [text, target, more] = call.args;
  if (text === undefined || target === undefined || more !== undefined) return "usage";
  const reference = targetOf(target);
  using store = openStoreOf(host, call);
  const stored = readStoredOci(store, findImage(store, text));
  const insecure = insecureOf(call);
  const digest = await pushImage(imageHostOf(host, call, store), stored, reference, { insecure });
  host.print(`${digest}\n`);
  return 0;
}

/** @throws {Fault} "invalid" for what is no name in a registry */
export function targetOf(text: string): DockerReference {
  const reference = parseImageReference(text, { exists: () => false });
  if (reference.kind === "docker") return reference;
  throw new Fault("invalid", `${quote(text)} is not docker://REGISTRY/REPOSITORY[:TAG]`);
}
