/** The pods that `top` and `stats` look at: those that are named, or all that run. */
import { listPods, openPod, type Pod } from "@rkt/stage0";
import { Fault } from "@shared/base";
import { dir } from "../flags/global.ts";
import type { Call } from "../grammar/command.ts";
import type { Host } from "../host.ts";
import { openPodOf } from "./open-pod.ts";
import { stage0HostOf } from "./stage0-host.ts";

/** UUIDs; a pod that is named may have any state. @throws {Fault} "problem retrieving pod: …" */
export function podsToShow(host: Host, call: Call): readonly string[] {
  if (call.args.length > 0) {
    return call.args.map((name) => {
      using pod = openPodOf(call, name);
      return pod.uuid;
    });
  }
  return listPods(stage0HostOf(host, call), call.flags.get(dir))
    .filter(({ state }) => state === "running")
    .map(({ uuid }) => uuid);
}

/** What `look` sees of a pod; undefined for one that was removed meanwhile. */
export function lookAt<T>(call: Call, uuid: string, look: (pod: Pod) => T): T | undefined {
  try {
    using pod = openPod(call.flags.get(dir), uuid);
    return look(pod);
  } catch (error) {
    if (error instanceof Fault && error.kind === "not-found") return undefined;
    throw error;
  }
}
