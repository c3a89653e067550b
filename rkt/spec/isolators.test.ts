/** Isolators of manifests and of the command line: what they mean together, and what is refused. */
import { describe, expect, test } from "bun:test";
import type { Isolator } from "./appc.ts";
import {
  capabilitiesIsolator,
  cpuIsolator,
  cpuSharesIsolator,
  memoryIsolator,
  oomScoreIsolator,
  seccompIsolator,
} from "./isolator-flags.ts";
import {
  allowedCapabilities,
  DEFAULT_CAPABILITIES,
  parseIsolators,
  readIsolators,
  withIsolator,
} from "./isolators.ts";

const memory = (limit: unknown): Isolator => ({ name: "resource/memory", value: { limit } });
const RETAIN = "os/linux/capabilities-retain-set";
const REMOVE = "os/linux/capabilities-remove-set";

test("rkt's own default capabilities are the mask a80425fb", () => {
  const bits: Readonly<Record<string, number>> = {
    CAP_CHOWN: 0,
    CAP_DAC_OVERRIDE: 1,
    CAP_FOWNER: 3,
    CAP_FSETID: 4,
    CAP_KILL: 5,
    CAP_SETGID: 6,
    CAP_SETUID: 7,
    CAP_SETPCAP: 8,
    CAP_NET_BIND_SERVICE: 10,
    CAP_NET_RAW: 13,
    CAP_SYS_CHROOT: 18,
    CAP_MKNOD: 27,
    CAP_AUDIT_WRITE: 29,
    CAP_SETFCAP: 31,
  };
  const mask = DEFAULT_CAPABILITIES.reduce((sum, name) => sum + 2 ** (bits[name] ?? 40), 0);
  expect(mask.toString(16)).toBe("a80425fb");
});

describe("parseIsolators", () => {
  test("reads every isolator that means something", () => {
    const set = parseIsolators([
      { name: "resource/memory", value: { limit: "64M", request: "32M" } },
      { name: "resource/cpu", value: { limit: "500m", request: 1 } },
      { name: "os/linux/cpu-shares", value: 512 },
      { name: "os/linux/oom-score-adj", value: -1000 },
      { name: RETAIN, value: { set: ["CAP_KILL"] } },
      { name: "os/linux/seccomp-remove-set", value: { set: ["reboot"], errno: "EPERM" } },
      { name: "os/linux/no-new-privileges", value: true },
      {
        name: "os/linux/selinux-context",
        value: { user: "u", role: "r", type: "t", level: "s0:c1,c2" },
      },
      { name: "os/linux/apparmor-profile", value: { profile: "p" } },
      { name: "os/unix/sysctl", value: { "net.core.somaxconn": "1" } },
      { name: "resource/block-iops", value: { default: true, limit: "1k" } },
    ]);
    expect(set).toEqual({
      memoryLimitBytes: 64_000_000,
      memoryRequestBytes: 32_000_000,
      cpuLimitMilli: 500,
      cpuRequestMilli: 1000,
      cpuShares: 512,
      oomScoreAdj: -1000,
      capabilitiesRetain: ["CAP_KILL"],
      seccomp: { mode: "remove", errno: "EPERM", names: ["reboot"] },
      noNewPrivileges: true,
      selinuxContext: { user: "u", role: "r", type: "t", level: "s0:c1,c2" },
      appArmorProfile: "p",
      sysctls: { "net.core.somaxconn": "1" },
      blockOperations: 1000,
    });
  });
  test("the last limit wins", () => {
    expect(parseIsolators([memory("64M"), memory("1Gi")]).memoryLimitBytes).toBe(2 ** 30);
  });
  test("a later isolator without a limit leaves the earlier one", () => {
    const request = { name: "resource/memory", value: { request: "1M" } };
    expect(parseIsolators([memory("64M"), request]).memoryLimitBytes).toBe(64_000_000);
  });
  test("sets of capabilities are united, and no-new-privileges stays on", () => {
    const set = parseIsolators([
      { name: REMOVE, value: { set: ["CAP_KILL"] } },
      { name: "os/linux/no-new-privileges", value: true },
      { name: REMOVE, value: { set: ["CAP_CHOWN"] } },
      { name: "os/linux/no-new-privileges", value: false },
    ]);
    expect(set).toEqual({ capabilitiesRemove: ["CAP_KILL", "CAP_CHOWN"], noNewPrivileges: true });
  });
  const retainFilter = { name: "os/linux/seccomp-retain-set", value: { set: ["read"] } };
  const removeFilter = { name: "os/linux/seccomp-remove-set", value: { set: ["read"] } };
  const shares = { name: "os/linux/cpu-shares", value: 2 };
  const errno = (text: string): Isolator => ({
    name: "os/linux/seccomp-remove-set",
    value: { set: ["read"], errno: text },
  });
  test.each<[string, Isolator[]]>([
    ["invalid isolator", [{ name: "os/linux/nonsense", value: { x: 1 } }]],
    ["invalid isolator", [{ name: "constructor", value: {} }]],
    ["isolators set contains incompatible types", [retainFilter, removeFilter]],
    ["isolators set contains too many instances of type os/linux/cpu-shares", [shares, shares]],
    [
      "isolators set contains too many instances of type os/linux/seccomp-retain-set",
      [retainFilter, retainFilter],
    ],
    ["os/linux/cpu-shares must be between 2 and 262144, got 1", [{ ...shares, value: 1 }]],
    [
      "os/linux/oom-score-adj must be between -1000 and 1000, got 1001",
      [{ name: "os/linux/oom-score-adj", value: 1001 }],
    ],
    ["set must be non-empty", [{ name: RETAIN, value: { set: [] } }]],
    ["set must be non-empty", [{ name: RETAIN, value: {} }]],
    ["default must be false", [{ name: "resource/cpu", value: { default: true } }]],
    ["default must be true", [{ name: "resource/block-iops", value: {} }]],
    ["errno must start with an 'E' character, got X", [errno("X")]],
    ["errno can only contain upper case or numeric characters, got Eperm", [errno("Eperm")]],
    ['invalid profile value ""', [{ name: "os/linux/apparmor-profile", value: {} }]],
    ['read "resource/memory": want an object, found null', [{ ...memory(1), value: null }]],
  ])("says %p", (message, isolators) => {
    expect(() => parseIsolators(isolators)).toThrow(new Error(message));
  });
  test("a list in a document is proven, an absent one is absent", () => {
    expect(readIsolators(null, "x")).toBeUndefined();
    expect(readIsolators([memory("1M")], "x")).toEqual([memory("1M")]);
    expect(() => readIsolators([{ name: "os/linux/nonsense" }], "x")).toThrow("invalid isolator");
  });
});

describe("allowedCapabilities", () => {
  test("are the default ones unless an isolator speaks of them", () => {
    expect(allowedCapabilities({})).toEqual(DEFAULT_CAPABILITIES);
  });
  test("are those retained, and the empty text is none", () => {
    expect(allowedCapabilities({ capabilitiesRetain: ["CAP_SYS_ADMIN", ""] })).toEqual([
      "CAP_SYS_ADMIN",
    ]);
  });
  test("are without those removed; a name that is not known removes nothing", () => {
    const left = allowedCapabilities({ capabilitiesRemove: ["CAP_KILL", "nonsense"] });
    expect(left).toEqual(DEFAULT_CAPABILITIES.filter((name) => name !== "CAP_KILL"));
  });
  test("cannot be said in both ways", () => {
    expect(() => allowedCapabilities({ capabilitiesRetain: [], capabilitiesRemove: [] })).toThrow(
      new Error(`cannot have both ${RETAIN} and ${REMOVE}`),
    );
  });
});

test("an isolator of the command line takes the place of the image's", () => {
  const image = [memory("1M"), { name: REMOVE, value: { set: ["CAP_KILL"] } }];
  expect(withIsolator(image, capabilitiesIsolator("retain", "CAP_CHOWN"))).toEqual([
    memory("1M"),
    { name: RETAIN, value: { set: ["CAP_CHOWN"] } },
  ]);
  expect(withIsolator([memory("1M"), memory("2M")], memoryIsolator("3M"))).toHaveLength(1);
});

describe("flags", () => {
  test("become isolators as rkt writes them", () => {
    expect(memoryIsolator("1024Mi")).toEqual({
      name: "resource/memory",
      value: { default: false, request: "1Gi", limit: "1Gi" },
    });
    expect(cpuIsolator("0.5").value).toEqual({ default: false, request: "500m", limit: "500m" });
    expect(cpuSharesIsolator("100")).toEqual({ name: "os/linux/cpu-shares", value: 100 });
    expect(oomScoreIsolator("-5")).toEqual({ name: "os/linux/oom-score-adj", value: -5 });
    expect(capabilitiesIsolator("remove", "A,B").value).toEqual({ set: ["A", "B"] });
    expect(seccompIsolator("mode=retain,errno=EPERM,chown,chmod")).toEqual({
      name: "os/linux/seccomp-retain-set",
      value: { set: ["chown", "chmod"], errno: "EPERM" },
    });
  });
  test("--cpu takes what rkt takes, also less than nothing", () => {
    expect(parseIsolators([cpuIsolator("-1")]).cpuLimitMilli).toBe(-1000);
  });
  const quantities =
    "error parsing request: quantities must match the regular expression " +
    "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
  test.each<[string, () => unknown]>([
    [quantities, () => memoryIsolator("nonsense")],
    [quantities, () => memoryIsolator("")],
    [quantities, () => cpuIsolator("nonsense")],
    [
      "memory limit of 1 bytes too low. Try a reasonable value, such as --memory=16M",
      () => memoryIsolator("16m"),
    ],
    ['strconv.Atoi: parsing "x": invalid syntax', () => cpuSharesIsolator("x")],
    ['strconv.Atoi: parsing "x": invalid syntax', () => oomScoreIsolator("x")],
    [
      "os/linux/oom-score-adj must be between -1000 and 1000, got 2000",
      () => oomScoreIsolator("2000"),
    ],
    ["invalid seccomp mode command-line override", () => seccompIsolator("mode=nonsense,reboot")],
    ["invalid seccomp mode command-line override", () => seccompIsolator("reboot")],
    ["invalid seccomp command-line override", () => seccompIsolator("mode=retain,x=y,reboot")],
    ["set must be non-empty", () => seccompIsolator("mode=retain")],
  ])("say %p", (message, act) => {
    expect(act).toThrow(new Error(message));
  });
});
