/**
 * `rkt net check`: whether the networks of pods are as they were made, whether plugins are ready,
 * and what pods that are gone left behind. Changes nothing.
 */
import { listPods, openPod, podStatus } from "@rkt/stage0";
import {
  checkPod,
  findLeftovers,
  hasAttachments,
  type Leftover,
  loadNetworks,
  statusOfNetwork,
} from "@rkt/stage1/network";
import { Fault } from "@shared/base";
import { namespacePath } from "@shared/linux";
import { formatFlag, noLegend, TABLE_FORMAT_USAGE } from "../flags/format.ts";
import { dir, localConfig } from "../flags/global.ts";
import type { Call, Command } from "../grammar/command.ts";
import type { Host } from "../host.ts";
import { formatColumns } from "../output/columns.ts";
import { formatJson } from "../output/json.ts";
import { openPodOf } from "./open-pod.ts";
import { stage0HostOf } from "./stage0-host.ts";

const format = formatFlag(TABLE_FORMAT_USAGE);

export const netCheck: Command = {
  usage: "net check [UUID ...]",
  description: [
    "Checks the networks of these pods, or of all that run: links, addresses, routes, leases and",
    "rules; plugins are asked with CHECK. Without UUIDs also says which plugins are not ready, and",
    "which leases, links and rules belong to no pod any more.",
    "",
    "Ends with status 254 where something is not as it should be, and says what to do.",
  ],
  flags: [format, noLegend],
  grammar: "anywhere",
  needsRoot: true,
  run: checkNetworks,
};

/** One line of the report. */
interface Finding {
  /** Empty for what is of no pod. */
  readonly pod: string;
  readonly network: string;
  readonly type: string;
  readonly interface: string;
  /** Undefined where all is well. */
  readonly problem: string | undefined;
  readonly hint: string | undefined;
}

async function checkNetworks(host: Host, call: Call): Promise<number> {
  const findings = await (call.args.length > 0 ? checkNamed(host, call) : checkAll(host, call));
  const { flags } = call;
  const form = flags.get(format);
  if (form !== "") host.print(formatJson(findings, form));
  else {
    const legend = flags.get(noLegend) ? [] : [LEGEND];
    host.print(formatColumns([...legend, ...findings.map(rowOf)]));
    const hints = findings.flatMap(({ hint }) => hint ?? []);
    for (const hint of new Set(hints)) host.note(`hint: ${hint}`);
  }
  return findings.some(({ problem }) => problem !== undefined) ? 254 : 0;
}

const LEGEND = ["POD", "NETWORK", "TYPE", "INTERFACE", "STATE"];

function rowOf({ pod, network, type, interface: name, problem }: Finding): string[] {
  const cells = [pod.slice(0, 8), network, type, name].map((cell) => cell || "-");
  return [...cells, problem ?? "ok"];
}

async function checkNamed(host: Host, call: Call): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const name of call.args) {
    using pod = openPodOf(call, name);
    const { uuid, state } = podStatus(stage0HostOf(host, call), pod);
    if (state !== "running") {
      throw new Fault("precondition", `check the networks of pod "${uuid}": it is ${state}`);
    }
    findings.push(...(await checkOne(host, call, uuid)));
  }
  return findings;
}

async function checkAll(host: Host, call: Call): Promise<Finding[]> {
  const pods = listPods(stage0HostOf(host, call), call.flags.get(dir));
  const findings: Finding[] = [];
  for (const { uuid } of pods) findings.push(...(await checkOne(host, call, uuid)));
  const config = call.flags.get(localConfig);
  const networks = loadNetworks(config, () => {});
  for (const network of networks) {
    const problems = await statusOfNetwork(network, config);
    const { name, type } = network.conf;
    const each = { pod: "", network: name, type, interface: "", hint: undefined };
    findings.push(...problems.map((problem) => ({ ...each, problem })));
  }
  const known = new Set(pods.map(({ uuid }) => uuid));
  return [...findings, ...(await findLeftovers(networks, known)).map(ofLeftover)];
}

async function checkOne(host: Host, call: Call, uuid: string): Promise<Finding[]> {
  try {
    using pod = openPod(call.flags.get(dir), uuid);
    const { pid, state } = podStatus(stage0HostOf(host, call), pod);
    if (state !== "running" || pid === undefined) {
      return hasAttachments(pod.files) ? [notGivenBack(uuid, state)] : [];
    }
    const namespace = namespacePath(pid, "net");
    const where = { uuid, namespace, localConfig: call.flags.get(localConfig) };
    const checked = await checkPod({ pod: pod.files, ...where });
    return checked.flatMap(({ network, type, interfaceName, problems }): Finding[] => {
      const each = { pod: uuid, network, type, interface: interfaceName };
      const hint = "a pod that is started again gets its network anew: rkt stop, rkt run";
      if (problems.length === 0) return [{ ...each, problem: undefined, hint: undefined }];
      return problems.map((problem) => ({ ...each, problem, hint }));
    });
  } catch (error) {
    if (error instanceof Fault && error.kind === "not-found") return []; // it has gone meanwhile
    throw error;
  }
}

const notGivenBack = (uuid: string, state: string): Finding => ({
  pod: uuid,
  network: "",
  type: "",
  interface: "",
  problem: `the pod is ${state} and its networks were not given back`,
  hint: "rkt gc gives back the networks of pods that were killed",
});

function ofLeftover({ kind, name, uuid }: Leftover): Finding {
  const problem = `a ${kind} of a pod that is not there: ${name || `id "${uuid}"`}`;
  const hint = "rkt net gc takes away what no pod has";
  return { pod: uuid, network: "", type: kind, interface: "", problem, hint };
}
