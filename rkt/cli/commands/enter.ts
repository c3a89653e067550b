/** `rkt enter`: runs a command in the namespaces of a running app, in place of this process. */
import { enterPod } from "@rkt/stage0";
import type { Call, Command } from "../grammar/command.ts";
import { textFlag } from "../grammar/flag.ts";
import type { Host } from "../host.ts";
import { openPodOf } from "./open-pod.ts";
import { stage0HostOf } from "./stage0-host.ts";

const app = textFlag({ name: "app", usage: "name of the app to enter within the specified pod" });

export const enter: Command = {
  usage: "enter [--app=APPNAME] UUID [CMD [ARGS ...]]",
  description: [
    "Runs CMD in the app of the running pod with this UUID, or /bin/bash where no CMD is given.",
  ],
  flags: [app],
  grammar: "first",
  needsRoot: true,
  run: enterApp,
};

async function enterApp(host: Host, call: Call): Promise<number | "usage"> {
  const [uuid, ...command] = call.args;
  if (uuid === undefined) return "usage";
  using pod = openPodOf(call, uuid);
  return await enterPod(stage0HostOf(host, call), pod, { app: call.flags.get(app), command });
}
