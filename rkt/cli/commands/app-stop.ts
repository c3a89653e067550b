/** `rkt app stop`: asks an app of a mutable pod to end, and returns once it has ended. */
import { stopAppOf } from "@rkt/stage0";
import type { Command } from "../grammar/command.ts";
import { appFlag, withAppOf } from "./app-of-pod.ts";
import { stage0HostOf } from "./stage0-host.ts";
import { stopTimeout } from "./stop.ts";

const app = appFlag("app to stop");

export const appStop: Command = {
  usage: "app stop UUID --app=NAME",
  description: ["This stops an application running inside a mutable pod."],
  flags: [app, stopTimeout],
  grammar: "anywhere",
  needsRoot: true,
  run: (host, call) =>
    withAppOf(call, app, { purpose: "stop", failure: "error stopping app" }, (pod, name) => {
      const graceMs = call.flags.get(stopTimeout);
      stopAppOf(stage0HostOf(host, call), pod, name, graceMs === undefined ? {} : { graceMs });
    }),
};
