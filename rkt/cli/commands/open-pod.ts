/** The pods that a command line names, with faults that say in rkt's words what went wrong. */
import { openPod, type Pod } from "@rkt/stage0";
import { Fault } from "@shared/base";
import { dir } from "../flags/global.ts";
import type { Call } from "../grammar/command.ts";

/** The one pod of a command that reads it. @throws {Fault} "problem retrieving pod: …" */
export function openPodOf(call: Call, uuid: string): Pod {
  return openAs("problem retrieving pod", call, uuid);
}

/** One of the pods of a command that changes several. @throws {Fault} "cannot get pod: …" */
export function openPodToChange(call: Call, uuid: string): Pod {
  return openAs("cannot get pod", call, uuid);
}

function openAs(failure: string, call: Call, uuid: string): Pod {
  try {
    return openPod(call.flags.get(dir), uuid);
  } catch (cause) {
    throw new Fault(Fault.from(cause).kind, failure, { cause });
  }
}
