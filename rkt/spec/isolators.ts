/**
 * Isolators: the list of a manifest flows in, one `IsolatorSet` of plain numbers flows out, in
 * which the last isolator of a name wins. Unknown names and wrong values are Faults with the words
 * of the appc library. Applies nothing.
 *
 * @see appc 0.8.11, ace.md "Isolators"
 */
import { Fault, quote } from "@shared/base";
import { parseAcIdentifier } from "./ac-name.ts";
import type { Isolator } from "./appc.ts";
import {
  type JsonObject,
  readBoolean,
  readInteger,
  readList,
  readObject,
  readText,
  readTextMap,
  readTexts,
} from "./document.ts";
import { FURTHER_READERS, type FurtherIsolators } from "./further-isolators.ts";
import { parseQuantity, thousandths, wholeUnits } from "./quantity.ts";

/**
 * A filter of system calls, as an isolator states it: wildcards such as `@docker/default-blacklist`
 * unexpanded.
 */
export interface SeccompIsolator {
  /** Whether the names are all that is allowed, or all that is refused. */
  readonly mode: "retain" | "remove";
  /** What a refused call returns, e.g. "EPERM"; without it the process is killed by SIGSYS. */
  readonly errno?: string;
  readonly names: readonly string[];
}

/** Parts of an SELinux context; all of them are there. */
export interface SelinuxContext {
  readonly user: string;
  readonly role: string;
  readonly type: string;
  readonly level: string;
}

/** What the isolators of one app ask for; an absent field means that none of them speaks of it. */
export interface IsolatorSet extends FurtherIsolators {
  readonly memoryLimitBytes?: number;
  readonly memoryRequestBytes?: number;
  /** Thousandths of a processor. */
  readonly cpuLimitMilli?: number;
  readonly cpuRequestMilli?: number;
  /** From 2 to 262144; 1024 is the weight of a process without limits. */
  readonly cpuShares?: number;
  /** From -1000 to 1000. */
  readonly oomScoreAdj?: number;
  /** As written, e.g. "CAP_KILL"; an empty text stands for none. */
  readonly capabilitiesRetain?: readonly string[];
  readonly capabilitiesRemove?: readonly string[];
  readonly seccomp?: SeccompIsolator;
  readonly noNewPrivileges?: boolean;
  readonly selinuxContext?: SelinuxContext;
  readonly appArmorProfile?: string;
  readonly sysctls?: Readonly<Record<string, string>>;
  /** Per second, of each disk: of all that is read, and of all that is written. */
  readonly blockBandwidthBytes?: number;
  readonly blockOperations?: number;
  /** Per second. */
  readonly networkBandwidthBits?: number;
}

/** What an app may do when no isolator speaks of capabilities: rkt's 14. */
export const DEFAULT_CAPABILITIES: readonly string[] = [
  "CAP_AUDIT_WRITE",
  "CAP_CHOWN",
  "CAP_DAC_OVERRIDE",
  "CAP_FSETID",
  "CAP_FOWNER",
  "CAP_KILL",
  "CAP_MKNOD",
  "CAP_NET_RAW",
  "CAP_NET_BIND_SERVICE",
  "CAP_SETUID",
  "CAP_SETGID",
  "CAP_SETPCAP",
  "CAP_SETFCAP",
  "CAP_SYS_CHROOT",
];

const RETAIN_SET = "os/linux/capabilities-retain-set";
const REMOVE_SET = "os/linux/capabilities-remove-set";
const SECCOMP: readonly string[] = [
  "os/linux/seccomp-retain-set",
  "os/linux/seccomp-remove-set",
  "os/linux/seccomp-profile",
];
const RIVALS: readonly (readonly string[])[] = [[RETAIN_SET, REMOVE_SET], SECCOMP];

type Reader = (value: unknown, name: string) => IsolatorSet;

const READERS: Readonly<Record<string, Reader>> = {
  "resource/memory": (value, name) => {
    const { limit, request } = readResource(value, name);
    return {
      ...(limit === undefined ? {} : { memoryLimitBytes: wholeUnits(limit) }),
      ...(request === undefined ? {} : { memoryRequestBytes: wholeUnits(request) }),
    };
  },
  "resource/cpu": (value, name) => {
    const { limit, request } = readResource(value, name);
    return {
      ...(limit === undefined ? {} : { cpuLimitMilli: thousandths(limit) }),
      ...(request === undefined ? {} : { cpuRequestMilli: thousandths(request) }),
    };
  },
  "resource/block-bandwidth": (value, name) => ({
    blockBandwidthBytes: readDefault(value, name),
  }),
  "resource/block-iops": (value, name) => ({ blockOperations: readDefault(value, name) }),
  "resource/network-bandwidth": (value, name) => ({
    networkBandwidthBits: readDefault(value, name),
  }),
  [RETAIN_SET]: (value, name) => ({
    capabilitiesRetain: readSet(readObject(value, name), name),
  }),
  [REMOVE_SET]: (value, name) => ({
    capabilitiesRemove: readSet(readObject(value, name), name),
  }),
  "os/linux/seccomp-retain-set": (value, name) => ({ seccomp: readSeccomp(value, name, "retain") }),
  "os/linux/seccomp-remove-set": (value, name) => ({ seccomp: readSeccomp(value, name, "remove") }),
  "os/linux/no-new-privileges": (value, name) => ({
    noNewPrivileges: readBoolean(value, name) ?? false,
  }),
  "os/linux/cpu-shares": (value, name) => ({ cpuShares: readNumber(value, name, [2, 262144]) }),
  "os/linux/oom-score-adj": (value, name) => ({
    oomScoreAdj: readNumber(value, name, [-1000, 1000]),
  }),
  "os/linux/selinux-context": (value, name) => ({ selinuxContext: readSelinux(value, name) }),
  "os/linux/apparmor-profile": (value, name) => ({ appArmorProfile: readAppArmor(value, name) }),
  "os/unix/sysctl": (value, name) => ({ sysctls: readTextMap(value, name) ?? {} }),
  ...FURTHER_READERS,
};

/** Names of which one list may hold several; the last one wins. */
const REPEATABLE: ReadonlySet<string> = new Set([
  "resource/memory",
  "resource/cpu",
  "resource/block-bandwidth",
  "resource/block-iops",
  "resource/network-bandwidth",
  RETAIN_SET,
  REMOVE_SET,
  "os/linux/no-new-privileges",
]);

/**
 * The isolators of a list as one set: a later one replaces an earlier one of the same name. Faults:
 * invalid, for a name that is not known, a value of the wrong shape, two filters of system calls.
 */
export function parseIsolators(isolators: readonly Isolator[]): IsolatorSet {
  checkSet(isolators);
  let set: IsolatorSet = {};
  for (const { name, value } of isolators) set = joined(set, readerOf(name)(value, name));
  return set;
}

/**
 * A list with one more isolator, in place of those of its name and of those that cannot stand
 * beside it.
 */
export function withIsolator(list: readonly Isolator[], isolator: Isolator): Isolator[] {
  const rivals = RIVALS.find((pair) => pair.includes(isolator.name)) ?? [isolator.name];
  return [...list.filter(({ name }) => !rivals.includes(name)), isolator];
}

/**
 * Isolators of a JSON document, proven as `parseIsolators` proves them; undefined where there are
 * none.
 */
export function readIsolators(value: unknown, place: string): Isolator[] | undefined {
  const isolators = readList(value, place, readIsolator);
  if (isolators !== undefined) parseIsolators(isolators);
  return isolators;
}

/** One isolator of a JSON document; its name is well formed, its value not yet looked at. */
export function readIsolator(value: unknown, place: string): Isolator {
  const isolator = readObject(value, place);
  const name = parseAcIdentifier(readText(isolator["name"], `${place}.name`) ?? "");
  return { name, value: isolator["value"] ?? null };
}

/**
 * The capabilities that an app is left with: those retained, or the default ones without those
 * removed. Faults: invalid, where the set says both.
 */
export function allowedCapabilities(set: IsolatorSet): readonly string[] {
  const { capabilitiesRetain: retain, capabilitiesRemove: remove } = set;
  if (retain !== undefined && remove !== undefined) {
    throw new Fault("invalid", `cannot have both ${RETAIN_SET} and ${REMOVE_SET}`);
  }
  if (retain !== undefined) return retain.filter((name) => name !== "");
  return DEFAULT_CAPABILITIES.filter((name) => remove?.includes(name) !== true);
}

/** Sets of capabilities of one kind are united, and nothing takes no-new-privileges back. */
function joined(set: IsolatorSet, next: IsolatorSet): IsolatorSet {
  const { capabilitiesRetain: retain, capabilitiesRemove: remove } = next;
  return {
    ...set,
    ...next,
    ...(retain && { capabilitiesRetain: [...(set.capabilitiesRetain ?? []), ...retain] }),
    ...(remove && { capabilitiesRemove: [...(set.capabilitiesRemove ?? []), ...remove] }),
    ...(set.noNewPrivileges === true && { noNewPrivileges: true }),
  };
}

function readerOf(name: string): Reader {
  const reader = Object.hasOwn(READERS, name) ? READERS[name] : undefined;
  if (reader !== undefined) return reader;
  throw new Fault("invalid", "invalid isolator", {
    hint: `the isolator ${quote(name)} is not known`,
  });
}

function checkSet(isolators: readonly Isolator[]): void {
  const seen = new Set<string>();
  for (const { name } of isolators) {
    readerOf(name);
    if (seen.has(name) && !REPEATABLE.has(name)) {
      throw new Fault("invalid", `isolators set contains too many instances of type ${name}`);
    }
    seen.add(name);
  }
  if (SECCOMP.filter((name) => seen.has(name)).length > 1) {
    throw new Fault("invalid", "isolators set contains incompatible types");
  }
}

function readResource(
  value: unknown,
  name: string,
): { limit?: ReturnType<typeof parseQuantity>; request?: ReturnType<typeof parseQuantity> } {
  const resource = readObject(value, name);
  if (readBoolean(resource["default"], `${name}.default`) === true) {
    throw new Fault("invalid", "default must be false");
  }
  const limit = readQuantity(resource["limit"], `${name}.limit`);
  const request = readQuantity(resource["request"], `${name}.request`);
  return {
    ...(limit === undefined ? {} : { limit }),
    ...(request === undefined ? {} : { request }),
  };
}

/** A quantity is a text or, as Go allows, a bare number. */
function readQuantity(value: unknown, place: string): ReturnType<typeof parseQuantity> | undefined {
  const text = typeof value === "number" ? String(value) : readText(value, place);
  return text === undefined ? undefined : parseQuantity(text);
}

/** A limit that holds for every disk or network: appc knows no way to name one. */
function readDefault(value: unknown, name: string): number {
  const resource = readObject(value, name);
  if (readBoolean(resource["default"], `${name}.default`) !== true) {
    throw new Fault("invalid", "default must be true");
  }
  if (readQuantity(resource["request"], `${name}.request`) !== undefined) {
    throw new Fault("invalid", "request not supported by this resource, must be empty");
  }
  const limit = readQuantity(resource["limit"], `${name}.limit`);
  return limit === undefined ? 0 : wholeUnits(limit);
}

function readSet(value: JsonObject, name: string): string[] {
  const set = readTexts(value["set"], `${name}.set`) ?? [];
  if (set.length === 0) throw new Fault("invalid", "set must be non-empty");
  return set;
}

function readSeccomp(value: unknown, name: string, mode: "retain" | "remove"): SeccompIsolator {
  const filter = readObject(value, name);
  const names = readSet(filter, name);
  const errno = readText(filter["errno"], `${name}.errno`) ?? "";
  if (errno === "") return { mode, names };
  if (!errno.startsWith("E")) {
    throw new Fault("invalid", `errno must start with an 'E' character, got ${errno}`);
  }
  if (!/^[A-Z0-9]+$/.test(errno)) {
    const allowed = "upper case or numeric characters";
    throw new Fault("invalid", `errno can only contain ${allowed}, got ${errno}`);
  }
  return { mode, errno, names };
}

function readNumber(value: unknown, name: string, range: readonly [number, number]): number {
  const whole = { min: Number.MIN_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER };
  const number = readInteger(value, name, whole) ?? 0;
  if (number < range[0] || number > range[1]) {
    throw new Fault(
      "invalid",
      `${name} must be between ${range[0]} and ${range[1]}, got ${number}`,
    );
  }
  return number;
}

function readSelinux(value: unknown, name: string): SelinuxContext {
  const context = readObject(value, name);
  const part = (field: "user" | "role" | "type" | "level"): string => {
    const text = readText(context[field], `${name}.${field}`) ?? "";
    if (text !== "" && (field === "level" || !text.includes(":"))) return text;
    throw new Fault("invalid", `invalid ${field} value ${quote(text)}`);
  };
  return { user: part("user"), role: part("role"), type: part("type"), level: part("level") };
}

function readAppArmor(value: unknown, name: string): string {
  const profile = readText(readObject(value, name)["profile"], `${name}.profile`) ?? "";
  if (profile === "") throw new Fault("invalid", 'invalid profile value ""');
  return profile;
}
