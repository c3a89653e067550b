/** `rkt cat-manifest`: the manifest of a pod as JSON. */
import { printPodManifest } from "@rkt/spec";
import { readPodManifest } from "@rkt/stage0";
import { prettyPrint } from "../flags/pretty-print.ts";
import { uuidFile, uuidOf } from "../flags/uuid-file.ts";
import type { Call, Command } from "../grammar/command.ts";
import type { Host } from "../host.ts";
import { openPodOf } from "./open-pod.ts";

export const catManifest: Command = {
  usage: "cat-manifest --uuid-file=FILE | UUID ...",
  description: ["Prints the manifest of the pod with this UUID."],
  flags: [prettyPrint, uuidFile],
  grammar: "anywhere",
  run: printManifest,
};

function printManifest(host: Host, call: Call): number | "usage" {
  const uuid = uuidOf(call);
  if (uuid === undefined) return "usage";
  using pod = openPodOf(call, uuid);
  const pretty = call.flags.get(prettyPrint);
  host.print(`${printPodManifest(readPodManifest(pod), { pretty })}\n`);
  return 0;
}
