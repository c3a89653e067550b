/**
 * Isolators that appc does not know, for what users of other engines have: processes, resource
 * limits of a process, devices, processors, shared memory, profiles of system calls. JSON values
 * flow in, parts of an `IsolatorSet` flow out.
 */
import { Fault, quote } from "@shared/base";
import { readInteger, readObject, readText, readTexts } from "./document.ts";
import { parseQuantity, wholeUnits } from "./quantity.ts";
import { readSeccompProfile, type SeccompProfile } from "./seccomp-profile.ts";

/** A limit that the kernel counts for each process or user; undefined is no limit. */
export interface ResourceLimit {
  /** Lower case without a prefix: "nofile". */
  readonly name: string;
  readonly soft: number | undefined;
  readonly hard: number | undefined;
}

export interface FurtherIsolators {
  readonly pidsLimit?: number;
  readonly resourceLimits?: readonly ResourceLimit[];
  /** `HOST[:APP[:rwm]]`, or a name of the container device interface, `vendor/class=name`. */
  readonly devices?: readonly string[];
  /** Processors as the kernel lists them, "0-2,5". */
  readonly cpuset?: string;
  readonly sharedMemoryBytes?: number;
  readonly seccompProfile?: SeccompProfile;
}

/** @see getrlimit(2) */
const RESOURCES = new Set([
  "as",
  "core",
  "cpu",
  "data",
  "fsize",
  "locks",
  "memlock",
  "msgqueue",
  "nice",
  "nofile",
  "nproc",
  "rss",
  "rtprio",
  "rttime",
  "sigpending",
  "stack",
]);

export const FURTHER_READERS: Readonly<
  Record<string, (value: unknown, name: string) => FurtherIsolators>
> = {
  "os/linux/pids-limit": (value, name) => ({
    pidsLimit: readInteger(value, name, { min: 1, max: 2 ** 22 }) ?? 0,
  }),
  "os/unix/resource-limits": (value, name) => ({
    resourceLimits: Object.entries(readObject(value, name)).map(([resource, limit]) =>
      parseResourceLimit(resource, readText(limit, `${name}.${resource}`) ?? ""),
    ),
  }),
  "os/linux/devices": (value, name) => ({
    devices: (readTexts(readObject(value, name)["set"], `${name}.set`) ?? []).map(checkedDevice),
  }),
  "os/linux/cpuset": (value, name) => ({ cpuset: checkedCpuset(readText(value, name) ?? "") }),
  "os/linux/shared-memory": (value, name) => ({
    sharedMemoryBytes: wholeUnits(
      parseQuantity(readText(readObject(value, name)["limit"], `${name}.limit`) ?? ""),
    ),
  }),
  "os/linux/seccomp-profile": (value) => ({ seccompProfile: readSeccompProfile(value) }),
};

/** `nofile` and `1024:4096`; one number is both, `unlimited` and `-1` are no limit. */
function parseResourceLimit(resource: string, text: string): ResourceLimit {
  const name = resource.toLowerCase().replace(/^rlimit_/, "");
  if (!RESOURCES.has(name)) {
    throw new Fault("invalid", `limit resource ${quote(resource)}: there is none of that name`, {
      hint: `There are: ${[...RESOURCES].join(", ")}`,
    });
  }
  const [soft = "", hard = soft, more] = text.split(":");
  const limit = { name, soft: parseCount(text, soft), hard: parseCount(text, hard) };
  const isBelow = limit.hard === undefined || (limit.soft ?? Number.NaN) <= limit.hard;
  if (more === undefined && isBelow) return limit;
  throw new Fault("invalid", `limit ${name} to ${quote(text)}: it is not SOFT[:HARD]`);
}

function parseCount(whole: string, text: string): number | undefined {
  if (text === "unlimited" || text === "-1") return undefined;
  const count = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(count)) return count;
  throw new Fault("invalid", `limit a resource to ${quote(whole)}: it is not SOFT[:HARD]`);
}

/** `vendor.example/class=name`. @see the container device interface specification, "CDI names" */
const CDI_NAME = /^[A-Za-z][\w.-]*\/[A-Za-z][\w.-]*=[\w.:-]+$/;
const DEVICE = /^\/[^:]*(:\/[^:]*)?(:[rwm]{1,3})?$/;

/** True for a name that is looked up in the specifications of the machine. */
export function isCdiName(device: string): boolean {
  return CDI_NAME.test(device);
}

function checkedDevice(text: string): string {
  if (DEVICE.test(text) || isCdiName(text)) return text;
  const what = "it is neither HOST[:APP][:rwm] nor vendor/class=name";
  throw new Fault("invalid", `add device ${quote(text)}: ${what}`);
}

function checkedCpuset(text: string): string {
  if (/^\d+(-\d+)?(,\d+(-\d+)?)*$/.test(text)) return text;
  throw new Fault("invalid", `bind to processors ${quote(text)}: it is not a list such as 0-2,5`);
}
