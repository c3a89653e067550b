/** `rkt app start`: starts an app that was added to a mutable pod, and returns once it runs. */
import { startAppOf } from "@rkt/stage0";
import type { Command } from "../grammar/command.ts";
import { appFlag, withAppOf } from "./app-of-pod.ts";
import { stage0HostOf } from "./stage0-host.ts";

const app = appFlag("app to start");

export const appStart: Command = {
  usage: "app start UUID --app=NAME",
  description: [
    "This starts an existing application inside a mutable pod.",
    "In order to be started, the application must have been previously added to the",
    'pod, e.g. via "rkt app add".',
  ],
  flags: [app],
  grammar: "anywhere",
  needsRoot: true,
  run: (host, call) =>
    withAppOf(call, app, { purpose: "start", failure: "error starting app" }, (pod, name) =>
      startAppOf(stage0HostOf(host, call), pod, name),
    ),
};
