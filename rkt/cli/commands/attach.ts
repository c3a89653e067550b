/** `rkt attach`: connects this terminal, or these streams, with those of a running app. */
import { attachToPod } from "@rkt/stage0";
import { type AttachArguments, ENDPOINTS, type Endpoint } from "@rkt/stage1/contract";
import { Fault, quote } from "@shared/base";
import type { Call, Command } from "../grammar/command.ts";
import { textFlag } from "../grammar/flag.ts";
import type { Host } from "../host.ts";
import { openPodOf } from "./open-pod.ts";
import { stage0HostOf } from "./stage0-host.ts";

const app = textFlag({ name: "app", usage: "name of the app to enter within the specified pod" });

const detachKeys = textFlag({
  name: "detach-keys",
  usage: "keys that leave the app's terminal and let the app go on (example: 'ctrl-a,d')",
});

const mode = textFlag(
  {
    name: "mode",
    usage:
      "attach mode: list, auto, tty, or names of endpoints with commas between them: tty-in, " +
      "tty-out, or stdin, stdout, stderr",
  },
  "auto",
);

export const attach: Command = {
  usage: "attach [--app=APPNAME] [--mode=MODE] UUID",
  description: [
    "UUID should be the UUID of a running pod.",
    "",
    "Connects the standard streams of this command with those of an app: with its terminal, if it",
    "was given one, or else with what --stdin, --stdout and --stderr of run and prepare left open.",
    "Ends with the status of the app, or with 0 after the keys ctrl-p ctrl-q, which let it go on.",
  ],
  flags: [app, detachKeys, mode],
  grammar: "anywhere",
  needsRoot: true,
  run: attachApp,
};

function attachApp(host: Host, call: Call): number | "usage" {
  const [uuid] = call.args;
  if (uuid === undefined) return "usage";
  using pod = openPodOf(call, uuid);
  return attachToPod(stage0HostOf(host, call), pod, {
    app: call.flags.get(app),
    endpoints: endpointsIn(call.flags.get(mode)),
    detachKeys: call.flags.get(detachKeys),
  });
}

function endpointsIn(text: string): AttachArguments["endpoints"] {
  if (text === "list") return "list";
  if (text === "auto" || text === "") return "auto";
  const chosen = text.split(",").flatMap(endpointsNamed);
  const onTerminal = chosen.filter((each) => each.startsWith("tty"));
  if (onTerminal.length === 0 || onTerminal.length === chosen.length) return chosen;
  throw modeFault(
    `incompatible endpoints ${quote(text)}, cannot simultaneously attach TTY and streams`,
  );
}

function endpointsNamed(word: string): readonly Endpoint[] {
  if (word === "tty") return ["tty-in", "tty-out"];
  const endpoint = ENDPOINTS.find((each) => each === word);
  if (endpoint === undefined) throw modeFault(`unknown endpoint ${quote(word)}`);
  return [endpoint];
}

function modeFault(message: string): Fault {
  return new Fault("invalid", "invalid attach mode", { cause: new Fault("invalid", message) });
}
