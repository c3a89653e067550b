/** `rkt net gc`: takes away what networks hold for pods that are not there any more. */
import { listPods } from "@rkt/stage0";
import {
  collectNetwork,
  findLeftovers,
  loadNetworks,
  removeLeftover,
  type ValidAttachment,
} from "@rkt/stage1/network";
import { Fault } from "@shared/base";
import { kernel } from "@shared/linux";
import { debug, dir, localConfig } from "../flags/global.ts";
import { type Call, type Command } from "../grammar/command.ts";
import type { Host } from "../host.ts";
import { printFault } from "../output/fault-lines.ts";
import { stage0HostOf } from "./stage0-host.ts";

export const netGc: Command = {
  usage: "net gc",
  description: [
    "Takes away leases, links and rules of pods that are not there: neither in the data",
    "directory, in whatever state, nor running from another one. Plugins of networks of CNI 1.1",
    "are told which attachments are in use, so that they forget all others.",
    "",
    "The networks of pods that have ended are given back by rkt gc.",
  ],
  flags: [],
  grammar: "anywhere",
  needsRoot: true,
  run: collect,
};

async function collect(host: Host, call: Call): Promise<number | "usage"> {
  if (call.args.length > 0) return "usage";
  const config = call.flags.get(localConfig);
  const networks = loadNetworks(config, () => {});
  const pods = listPods(stage0HostOf(host, call), call.flags.get(dir));
  const known = new Set(pods.map(({ uuid }) => uuid));
  let failed = false;
  const fail = (error: unknown): void => {
    printFault(host, error, { name: call.name, debug: call.flags.get(debug) });
    failed = true;
  };
  for (const leftover of await findLeftovers(networks, known)) {
    const { kind, name, uuid } = leftover;
    try {
      await removeLeftover({ kernel }, leftover);
      host.print(`removed ${kind} ${name === "" ? "" : `${name} `}of pod ${uuid}\n`);
    } catch (error) {
      fail(error);
    }
  }
  for (const network of networks) {
    const name = network.conf.name;
    const inUse = pods.flatMap((pod) => attachmentsTo(name, pod));
    for (const problem of await collectNetwork(network, inUse, config)) {
      fail(new Fault("unavailable", `collect network "${name}": ${problem}`));
    }
  }
  return failed ? 254 : 0;
}

function attachmentsTo(
  network: string,
  { uuid, networks }: ReturnType<typeof listPods>[number],
): ValidAttachment[] {
  return networks
    .filter(({ netName }) => netName === network)
    .map(({ ifName }) => ({ containerID: uuid, ifname: ifName }));
}
