/** `rkt metadata-service`: answers what apps of registered pods ask about themselves. */
import { METADATA_PORT, METADATA_SOCKET } from "@rkt/stage1/metadata";
import { Fault, quote } from "@shared/base";
import type { Call, Command } from "../grammar/command.ts";
import type { Flag } from "../grammar/flag.ts";
import type { Host } from "../host.ts";
import { serveMetadata } from "../metadata-service/serve.ts";

const listenPort: Flag<number> = {
  name: "listen-port",
  usage: "listen port",
  shown: String(METADATA_PORT),
  initial: METADATA_PORT,
  read: readPort,
};

export const metadataService: Command = {
  usage: "metadata-service [--listen-port=PORT]",
  description: [
    "Tells the apps of pods what they are: manifests, annotations, the pod's UUID; and signs in",
    'the name of a pod. Runs until it is asked to end. Pods are registered by "rkt run',
    '--mds-register"; their apps find the service at AC_METADATA_URL.',
    "",
    "What it knows is in memory only: pods that were registered before it was started again are",
    "unknown to it.",
  ],
  flags: [listenPort],
  grammar: "anywhere",
  run: serve,
};

async function serve(host: Host, { name, flags }: Call): Promise<number> {
  await serveMetadata({
    socket: METADATA_SOCKET,
    port: flags.get(listenPort),
    say: (line) => host.note(`${name}: ${line}`),
  });
  return 0;
}

function readPort(text: string): number {
  const number = Number(text);
  if (/^[0-9]+$/.test(text) && number <= 65_535) return number;
  const isNumber = /^[+-]?[0-9]+$/.test(text);
  const problem = isNumber ? "value out of range" : "invalid syntax";
  throw new Fault("invalid", `strconv.ParseInt: parsing ${quote(text)}: ${problem}`);
}
