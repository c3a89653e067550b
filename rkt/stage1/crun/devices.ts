/**
 * Devices of the host for an app: `HOST[:APP][:rwm]` flows in, what the runtime makes in the app's
 * /dev and what its device filter lets pass flow out. A directory stands for all devices in it.
 */
import { readdirSync, type Stats, statSync } from "node:fs";
import { join } from "node:path";
import {
  isCdiName,
  type RuntimeDevice,
  type RuntimeDeviceRule,
  type RuntimeMount,
} from "@rkt/spec";
import { Fault, quote } from "@shared/base";
import type { BoundVolume } from "./bound-volume.ts";
import type { CdiEdits } from "./cdi.ts";

export interface AppDevices {
  /** What the runtime makes. */
  readonly devices: readonly RuntimeDevice[];
  readonly rules: readonly RuntimeDeviceRule[];
  /** What the container device interface adds. */
  readonly edits: Omit<CdiEdits, "nodes">;
}

const NO_EDITS: CdiEdits = { nodes: [], mounts: [], environment: [], hooks: [], groups: [] };

/**
 * @param areBound the app cannot have nodes of its own: those of the host are bound
 * @throws {Fault} "not-found" and "invalid" where there is no such device
 */
export async function appDevices(
  texts: readonly string[],
  volumes: readonly BoundVolume[],
  areBound: boolean,
): Promise<AppDevices> {
  const names = texts.filter(isCdiName);
  const edits = names.length === 0 ? NO_EDITS : (await import("./cdi.ts")).cdiEdits(names);
  const paths = [...texts.filter((text) => !isCdiName(text)), ...edits.nodes];
  const found = paths.flatMap(devicesAt);
  return {
    devices: areBound ? [] : found.map(({ path, stat }) => deviceOf(path, stat)),
    rules: [...found.map(({ stat, access }) => ruleOf(stat, access)), ...rulesOfVolumes(volumes)],
    edits: areBound ? { ...edits, mounts: [...edits.mounts, ...found.map(bindOf)] } : edits,
  };
}

function bindOf({ source, path }: Found): RuntimeMount {
  return { destination: path, source, type: "bind", options: ["bind", "nosuid", "noexec"] };
}

/** Volumes whose source is a device may be used like it. */
function rulesOfVolumes(volumes: readonly BoundVolume[]): RuntimeDeviceRule[] {
  return volumes.flatMap(({ source, readOnly }) => {
    const stat = statSync(source, { throwIfNoEntry: false });
    if (stat === undefined || !isDevice(stat)) return [];
    return [ruleOf(stat, readOnly ? "r" : "rw")];
  });
}

interface Found {
  readonly source: string;
  readonly path: string;
  readonly stat: Stats;
  readonly access: string;
}

function devicesAt(text: string): Found[] {
  const [source = "", second = source, third] = text.split(":");
  const isAccess = /^[rwm]+$/.test(second);
  const target = isAccess ? source : second;
  const access = (isAccess ? second : third) ?? "rwm";
  const stat = statSync(source, { throwIfNoEntry: false });
  if (stat === undefined) {
    throw new Fault("not-found", `add device ${quote(source)}: no such file or directory`);
  }
  if (isDevice(stat)) return [{ source, path: target, stat, access }];
  if (!stat.isDirectory()) {
    throw new Fault("invalid", `add device ${quote(source)}: it is no device`);
  }
  return readdirSync(source, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() || entry.isBlockDevice() || entry.isCharacterDevice())
    .flatMap(({ name }) => devicesAt(`${join(source, name)}:${join(target, name)}:${access}`));
}

function isDevice(stat: Stats): boolean {
  return stat.isBlockDevice() || stat.isCharacterDevice();
}

function deviceOf(path: string, stat: Stats): RuntimeDevice {
  return {
    path,
    type: stat.isBlockDevice() ? "b" : "c",
    ...numberOf(stat),
    fileMode: stat.mode & 0o777,
    uid: stat.uid,
    gid: stat.gid,
  };
}

function ruleOf(stat: Stats, access: string): RuntimeDeviceRule {
  return { allow: true, type: stat.isBlockDevice() ? "b" : "c", ...numberOf(stat), access };
}

/** @see makedev(3) */
function numberOf({ rdev }: Stats): { major: number; minor: number } {
  const device = BigInt(rdev);
  const major = ((device >> 8n) & 0xfffn) | ((device >> 32n) & ~0xfffn);
  const minor = (device & 0xffn) | ((device >> 12n) & 0xffff_ff00n);
  return { major: Number(major), minor: Number(minor) };
}
