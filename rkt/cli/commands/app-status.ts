/** `rkt app status`: one app of a pod in detail. */
import { type AppStatus, podStatus } from "@rkt/stage0";
import { Fault, formatTime, quote } from "@shared/base";
import { formatFlag } from "../flags/format.ts";
import type { Call, Command } from "../grammar/command.ts";
import type { Host } from "../host.ts";
import { formatJson } from "../output/json.ts";
import { appDocument } from "../output/pod-document.ts";
import { appFlag } from "./app-of-pod.ts";
import { openPodOf } from "./open-pod.ts";
import { stage0HostOf } from "./stage0-host.ts";

const app = appFlag("choose app within the pod, this flag must be set");
const format = formatFlag(
  "choose the output format, 'json' or 'json-pretty'. " +
    "If empty, the result is printed as key value pairs",
);

export const appStatus: Command = {
  usage: "app status UUID --app=APP_NAME [--format=json]",
  description: ["This will print detailed status of an app"],
  flags: [app, format],
  grammar: "anywhere",
  failureStatus: 1,
  run: printApp,
};

function printApp(host: Host, call: Call): number | "usage" {
  const [uuid, more] = call.args;
  const name = call.flags.get(app);
  if (uuid === undefined || more !== undefined || name === "") return "usage";
  const found = findApp(host, call, uuid, name);
  const form = call.flags.get(format);
  host.print(form === "" ? formatPairs(found) : formatJson(appDocument(found), form));
  return 0;
}

function findApp(host: Host, call: Call, uuid: string, name: string): AppStatus {
  try {
    using pod = openPodOf(call, uuid);
    const found = podStatus(stage0HostOf(host, call), pod).apps.find((each) => each.name === name);
    if (found !== undefined) return found;
  } catch (cause) {
    throw new Fault(Fault.from(cause).kind, "error getting app status", { cause });
  }
  throw new Fault("not-found", `cannot find app ${quote(name)} in the pod`);
}

function formatPairs(found: AppStatus): string {
  const time = (key: string, ms: number | undefined): string[] =>
    ms === undefined ? [] : [`${key}=${formatTime(ms)}`];
  const lines = [
    `name=${found.name}`,
    `state=${found.state}`,
    `image_id=${found.imageId}`,
    ...time("created_at", found.createdMs),
    ...time("started_at", found.startedMs),
    ...time("finished_at", found.finishedMs),
    ...(found.exitCode === undefined ? [] : [`exit_code=${found.exitCode}`]),
    ...list("mounts", found.mounts.map(mountText)),
    ...list("user_annotations", pairs(found.userAnnotations)),
    ...list("user_labels", pairs(found.userLabels)),
  ];
  return `${lines.join("\n")}\n`;
}

function mountText({ hostPath, containerPath, readOnly }: AppStatus["mounts"][number]): string {
  return `${hostPath}:${containerPath}:(read_only:${readOnly})`;
}

function pairs(record: Readonly<Record<string, string>>): string[] {
  return Object.entries(record).map(([key, value]) => `${key}:${value}`);
}

function list(key: string, values: readonly string[]): string[] {
  return values.length === 0 ? [] : [`${key}=${values.join(",")}`];
}
