/** `rkt image cat-manifest`: the manifest of a stored image as JSON. */
import { printImageManifest } from "@rkt/spec";
import { prettyPrint } from "../flags/pretty-print.ts";
import type { Call, Command } from "../grammar/command.ts";
import type { Host } from "../host.ts";
import { longVerification } from "../output/verification-text.ts";
import { findImage } from "./find-image.ts";
import { openStoreOf } from "./open-store.ts";

export const imageCatManifest: Command = {
  usage: "image cat-manifest IMAGE",
  description: [
    "IMAGE is the ID of a stored image, or its name.",
    "",
    "How far its origin was proven is told on standard error.",
  ],
  flags: [prettyPrint],
  grammar: "anywhere",
  run: printManifest,
};

function printManifest(host: Host, call: Call): number | "usage" {
  const [text, more] = call.args;
  if (text === undefined || more !== undefined) return "usage";
  using store = openStoreOf(host, call);
  const { manifest, verification } = findImage(store, text);
  const pretty = call.flags.get(prettyPrint);
  host.note(`image: verification: ${longVerification(verification)}`);
  host.print(`${printImageManifest(manifest, { pretty })}\n`);
  return 0;
}
