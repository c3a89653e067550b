/** `rkt app rm`: takes an app out of a mutable pod, with all its files. */
import { removeAppOf } from "@rkt/stage0";
import type { Command } from "../grammar/command.ts";
import { appFlag, withAppOf } from "./app-of-pod.ts";
import { stage0HostOf } from "./stage0-host.ts";

const app = appFlag("app to remove");

export const appRm: Command = {
  usage: "app rm UUID --app=NAME",
  description: [
    "This removes an application from a mutable pod, stopping it beforehand if still running.",
  ],
  flags: [app],
  grammar: "anywhere",
  needsRoot: true,
  run: (host, call) =>
    withAppOf(call, app, { purpose: "remove", failure: "error removing app" }, (pod, name) =>
      removeAppOf(stage0HostOf(host, call), pod, name),
    ),
};
