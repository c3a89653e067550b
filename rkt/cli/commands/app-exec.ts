/** `rkt app exec`: `rkt enter` under the name that it has among the commands on apps. */
import type { Command } from "../grammar/command.ts";
import { enter } from "./enter.ts";

export const appExec: Command = {
  ...enter,
  usage: "app exec [--app=APP_NAME] UUID [CMD [ARGS ...]]",
  description: [
    "This executes the commands in the given app's namespace. The UUID is the UUID of a running",
    "pod. The app name is specified by --app. If CMD and ARGS are empty, then it will execute",
    "'/bin/bash' by default.",
  ],
};
