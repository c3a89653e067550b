/** `rkt volume ls|create|inspect|rm`: volumes that outlive pods, in the data directory. */
import { ensureVolume, findVolume, listVolumes, type NamedVolume, removeVolume } from "@rkt/stage0";
import { parseVolume } from "@rkt/spec";
import { formatFlag, noLegend, TABLE_FORMAT_USAGE } from "../flags/format.ts";
import { dir } from "../flags/global.ts";
import type { Call, Command } from "../grammar/command.ts";
import { textFlag } from "../grammar/flag.ts";
import type { Host } from "../host.ts";
import { formatColumns } from "../output/columns.ts";
import { formatJson } from "../output/json.ts";
import { stage0HostOf } from "./stage0-host.ts";

const format = formatFlag(TABLE_FORMAT_USAGE);
const mode = textFlag({ name: "mode", usage: "permissions of the new volume" }, "0755");
const uid = textFlag({ name: "uid", usage: "user who owns the new volume" }, "0");
const gid = textFlag({ name: "gid", usage: "group that owns the new volume" }, "0");

export const volumeLs: Command = {
  usage: "volume ls",
  description: [
    "Prints a table of the volumes that outlive pods. One is made by its first pod, with",
    "--volume=NAME,kind=named, or by volume create. PODS counts pods that have not ended.",
  ],
  flags: [format, noLegend],
  grammar: "anywhere",
  needsRoot: true,
  run: printVolumes,
};

export const volumeCreate: Command = {
  usage: "volume create NAME",
  description: ["Makes a volume, unless there is one of that name."],
  flags: [mode, uid, gid],
  grammar: "anywhere",
  needsRoot: true,
  run: createVolume,
};

export const volumeInspect: Command = {
  usage: "volume inspect NAME ...",
  description: ["Prints where volumes lie and which pods use them, as JSON."],
  flags: [],
  grammar: "anywhere",
  needsRoot: true,
  run: inspectVolumes,
};

export const volumeRm: Command = {
  usage: "volume rm NAME ...",
  description: ["Removes volumes and their files. A volume of a pod that has not ended stays."],
  flags: [],
  grammar: "anywhere",
  needsRoot: true,
  run: removeVolumes,
};

function printVolumes(host: Host, call: Call): number {
  const { flags } = call;
  const volumes = listVolumes(stage0HostOf(host, call), flags.get(dir));
  const form = flags.get(format);
  if (form !== "") host.print(formatJson(volumes.map(documentOf), form));
  else {
    const rows = volumes.map(({ name, pods, path }) => [name, String(pods.length), path]);
    const legend = flags.get(noLegend) ? [] : [["NAME", "PODS", "PATH"]];
    host.print(formatColumns([...legend, ...rows]));
  }
  return 0;
}

function createVolume(host: Host, call: Call): number | "usage" {
  const [name, more] = call.args;
  if (name === undefined || more !== undefined) return "usage";
  const { flags } = call;
  const wish = parseVolume(
    `${name},kind=named,mode=${flags.get(mode)},uid=${flags.get(uid)},gid=${flags.get(gid)}`,
  );
  ensureVolume(stage0HostOf(host, call), flags.get(dir), name, wish);
  host.print(`${name}\n`);
  return 0;
}

function inspectVolumes(host: Host, call: Call): number | "usage" {
  if (call.args.length === 0) return "usage";
  const stage0 = stage0HostOf(host, call);
  const found = call.args.map((name) => findVolume(stage0, call.flags.get(dir), name));
  host.print(formatJson(found.map(documentOf), "json-pretty"));
  return 0;
}

function removeVolumes(host: Host, call: Call): number | "usage" {
  if (call.args.length === 0) return "usage";
  for (const name of call.args) {
    removeVolume(stage0HostOf(host, call), call.flags.get(dir), name);
    host.print(`${name}\n`);
  }
  return 0;
}

function documentOf({ name, path, createdMs, pods }: NamedVolume): object {
  return { name, path, created: new Date(createdMs).toISOString(), pods };
}
