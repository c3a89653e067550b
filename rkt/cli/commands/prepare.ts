/**
 * `rkt prepare`: images of the command line flow in, and a pod that `run-prepared` can start flows
 * out, whole on disk. Its UUID is all that is printed.
 */
import type { Call, Command } from "../grammar/command.ts";
import { switchFlag } from "../grammar/flag.ts";
import type { Host } from "../host.ts";
import { checkPodCall, IMAGES_HELP, prepareAsAsked, PREPARE_FLAGS } from "./prepare-pod.ts";

const quiet = switchFlag({
  name: "quiet",
  usage: "suppress superfluous output, print only the UUID on success",
});

export const prepare: Command = {
  usage:
    "prepare [--volume=name,kind=host,...] [--mount volume=VOL,target=PATH] [--quiet] " +
    "IMAGE [-- image-args...[---]]...",
  description: [
    'Makes a pod of the apps of these images and prints its UUID, for "rkt run-prepared".',
    "",
    ...IMAGES_HELP,
  ],
  flags: [...PREPARE_FLAGS, quiet],
  grammar: "images",
  appArguments: true,
  needsRoot: true,
  run: prepareImages,
};

async function prepareImages(host: Host, call: Call): Promise<number> {
  checkPodCall(call);
  const speaker = call.flags.get(quiet) ? withoutProgress(host) : host;
  const { uuid } = await prepareAsAsked(speaker, call, { next: "prepared" });
  host.print(`${uuid}\n`);
  return 0;
}

/** Progress is left out, what a person must know is not. */
function withoutProgress(host: Host): Host {
  const note = (line: string): void => {
    if (!line.startsWith("image: using ")) host.note(line);
  };
  return { ...host, note, columns: () => undefined };
}
