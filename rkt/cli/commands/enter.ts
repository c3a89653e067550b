/** `rkt enter`: runs a command in the namespaces of a running app, in place of this process. */
import { enterPod } from "@rkt/stage0";
import { Fault, quote } from "@shared/base";
import type { Call, Command } from "../grammar/command.ts";
import { listFlag, switchFlag, textFlag } from "../grammar/flag.ts";
import type { Host } from "../host.ts";
import { openPodOf } from "./open-pod.ts";
import { stage0HostOf } from "./stage0-host.ts";

const app = textFlag({ name: "app", usage: "name of the app to enter within the specified pod" });

const user = textFlag({
  name: "user",
  usage: "user to be, NAME or UID, with :GROUP or without; the app's own unless told",
});
const workdir = textFlag({
  name: "workdir",
  usage: "working directory inside the app; the app's own unless told",
});
const env = listFlag(
  { name: "env", usage: "environment variable beside the app's own (example: '--env=foo=bar')" },
  (text) => {
    if (text.indexOf("=") > 0) return text;
    throw new Fault("invalid", `set variable ${quote(text)}: it is not NAME=VALUE`);
  },
);
const unconfined = switchFlag({
  name: "unconfined",
  usage: "keep all capabilities, and stay outside of the app's system call filter and limits",
});

export const enter: Command = {
  usage: "enter [--app=APPNAME] UUID [CMD [ARGS ...]]",
  description: [
    "Runs CMD in the app of the running pod with this UUID, or /bin/bash where no CMD is given.",
    "It has the app's environment, user, directory and limits, and may do no more than the app.",
  ],
  flags: [app, env, unconfined, user, workdir],
  grammar: "first",
  needsRoot: true,
  run: enterApp,
};

async function enterApp(host: Host, call: Call): Promise<number | "usage"> {
  const [uuid, ...command] = call.args;
  if (uuid === undefined) return "usage";
  using pod = openPodOf(call, uuid);
  const { flags } = call;
  return await enterPod(stage0HostOf(host, call), pod, {
    app: flags.get(app),
    command,
    options: {
      user: flags.get(user),
      workingDirectory: flags.get(workdir),
      environment: flags.get(env),
      unconfined: flags.get(unconfined),
    },
  });
}
