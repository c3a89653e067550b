/** What the commands about one app of a pod have in common: `UUID --app=NAME`. */
import type { Pod } from "@rkt/stage0";
import { parseAcName } from "@rkt/spec";
import { Fault } from "@shared/base";
import type { Call } from "../grammar/command.ts";
import { type Flag, textFlag } from "../grammar/flag.ts";
import { openPodOf } from "./open-pod.ts";

interface AppOfPod extends Disposable {
  readonly pod: Pod;
  readonly app: string;
}

export function appFlag(usage: string): Flag<string> {
  return textFlag({ name: "app", usage });
}

/** @throws {Fault} in rkt's words; `purpose` is what shall be done, such as "start" */
function openAppOf(call: Call, flag: Flag<string>, purpose: string): AppOfPod {
  const [uuid] = call.args;
  if (uuid === undefined) throw new Fault("invalid", "must provide the pod UUID");
  const app = call.flags.get(flag);
  if (app === "") throw new Fault("invalid", `must provide the app to ${purpose}`);
  const pod = openPodOf(call, uuid);
  try {
    parseAcName(app);
  } catch (cause) {
    pod[Symbol.dispose]();
    throw new Fault("invalid", "invalid app name", { cause });
  }
  return { pod, app, [Symbol.dispose]: () => pod[Symbol.dispose]() };
}

/** Runs `work` on the app; what fails is said in rkt's words. */
export function withAppOf(
  call: Call,
  flag: Flag<string>,
  words: { readonly purpose: string; readonly failure: string },
  work: (pod: Pod, app: string) => void,
): number {
  using opened = openAppOf(call, flag, words.purpose);
  try {
    work(opened.pod, opened.app);
  } catch (cause) {
    throw new Fault(Fault.from(cause).kind, words.failure, { cause });
  }
  return 0;
}
