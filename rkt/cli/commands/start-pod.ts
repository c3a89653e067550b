/**
 * From a prepared pod to a running one, for `run` and `run-prepared`: the flags of a start flow in,
 * and this process becomes the pod's stage1; or, detached, another process does.
 */
import { writeFileSync } from "node:fs";
import process from "node:process";
import { type PreparedPod, runPod, startDetached } from "@rkt/stage0";
import { parseNetFlag } from "@rkt/spec";
import { podPaths, type RunArguments } from "@rkt/stage1/contract";
import { Fault } from "@shared/base";
import { DNS_FLAGS, hostsText, type NamePlan, planNames } from "../flags/dns.ts";
import { debug, insecureOptions, localConfig } from "../flags/global.ts";
import * as pod from "../flags/pod.ts";
import { tty } from "../flags/stdio.ts";
import type { Call } from "../grammar/command.ts";
import type { Flag, FlagValues } from "../grammar/flag.ts";
import type { Host } from "../host.ts";
import { stage0HostOf } from "./stage0-host.ts";

/** The flags of both commands. */
export const START_FLAGS: readonly Flag<unknown>[] = [...pod.START_FLAGS, ...DNS_FLAGS];

/** What the flags say of the start. @throws {Fault} "invalid", so ask before the pod is made */
export interface StartPlan {
  readonly names: NamePlan;
  readonly hostname: string;
  readonly run: Omit<RunArguments, "uuid">;
}

export function planStart({ flags }: Call, mutable: boolean = false): StartPlan {
  if (flags.get(tty) && flags.get(pod.interactive) && !flags.get(pod.detach)) needTerminal();
  if (flags.get(pod.mdsRegister) && parseNetFlag(flags.get(pod.net)).mode === "none") {
    const other = "Please use 'host', 'default' or an equivalent network";
    throw new Fault("invalid", `--mds-register flag does not work with --net=none. ${other}`);
  }
  const names = planNames(flags);
  return {
    names,
    hostname: flags.get(pod.hostname),
    run: { ...runArguments(flags, names), mutable },
  };
}

/** Somebody who types at a terminal that is none would be surprised much later. */
function needTerminal(): void {
  if (process.stdin.isTTY) return;
  throw new Fault("precondition", "--interactive --tty: standard input is not a terminal", {
    hint: "leave out one of them",
  });
}

/** Becomes the stage1 of the pod, or returns once another process has started all its apps. */
export async function startPod(
  host: Host,
  call: Call,
  prepared: PreparedPod,
  plan: StartPlan,
): Promise<number> {
  writeNames(prepared, plan);
  if (!call.flags.get(pod.mdsRegister)) return await start(host, call, prepared, plan.run);
  const { registeredPod } = await import("../metadata-service/register.ts");
  return await registeredPod(stage0HostOf(host, call), prepared, (mdsToken) =>
    start(host, call, prepared, { ...plan.run, mdsToken }),
  );
}

async function start(
  host: Host,
  call: Call,
  prepared: PreparedPod,
  run: StartPlan["run"],
): Promise<number> {
  const stage0 = stage0HostOf(host, call);
  if (!call.flags.get(pod.detach)) return runPod(stage0, prepared, run);
  const command = [...host.self, "rkt", `--dir=${prepared.dataDir}`, "run-locked", "--"];
  const failure = await startDetached(stage0, prepared, { command, run });
  if (failure === undefined) {
    host.print(`${prepared.uuid}\n`);
    return 0;
  }
  host.write("stderr", Buffer.from(failure.output));
  return failure.status;
}

/**
 * What stage1 binds over resolv.conf and hosts of the apps when the mode says that stage0 wrote
 * them.
 */
function writeNames({ path, uuid }: PreparedPod, { names, hostname }: StartPlan): void {
  const { resolvConf, hostsEntries } = names;
  if (resolvConf !== undefined) writeFileSync(podPaths.resolvConf(path), resolvConf);
  if (hostsEntries === undefined) return;
  const name = hostname === "" ? `rkt-${uuid}` : hostname;
  writeFileSync(podPaths.hosts(path), hostsText(name, hostsEntries));
}

function runArguments(flags: FlagValues, names: NamePlan): Omit<RunArguments, "uuid"> {
  const insecure = flags.get(insecureOptions);
  const ipc = flags.get(pod.ipc);
  return {
    debug: flags.get(debug),
    net: flags.get(pod.net),
    interactive: flags.get(pod.interactive) && !flags.get(pod.detach),
    hostname: flags.get(pod.hostname),
    localConfig: flags.get(localConfig),
    mutable: false,
    ipc: ipc === "" ? "auto" : ipc,
    disableCapabilitiesRestriction: insecure.has("capabilities"),
    disablePaths: insecure.has("paths"),
    disableSeccomp: insecure.has("seccomp"),
    dnsConfMode: names.mode,
  };
}
