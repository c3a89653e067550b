import { describe, expect, test } from "bun:test";
import {
  allowsCall,
  chooseRules,
  parseSeccompProfile,
  readSeccompProfile,
} from "./seccomp-profile.ts";

const PROFILE = {
  defaultAction: "SCMP_ACT_ERRNO",
  defaultErrnoRet: 1,
  archMap: [{ architecture: "SCMP_ARCH_X86_64", subArchitectures: ["SCMP_ARCH_X86"] }],
  syscalls: [
    { names: ["read"], action: "SCMP_ACT_ALLOW" },
    { names: ["mount"], action: "SCMP_ACT_ALLOW", includes: { caps: ["CAP_SYS_ADMIN"] } },
    { names: ["ptrace"], action: "SCMP_ACT_ALLOW", includes: { minKernel: "4.8" } },
    { names: ["arm"], action: "SCMP_ACT_ALLOW", includes: { arches: ["arm64"] } },
    { names: ["clone"], action: "SCMP_ACT_ERRNO", excludes: { caps: ["CAP_SYS_ADMIN"] } },
    {
      name: "personality",
      action: "SCMP_ACT_ALLOW",
      args: [{ index: 0, value: 8, op: "SCMP_CMP_EQ" }],
    },
  ],
};
const names = (capabilities: string[], arch: string, release: string): string[] =>
  (
    chooseRules(readSeccompProfile(PROFILE), { capabilities, arch, release }).syscalls ?? []
  ).flatMap((rule) => rule.names);

describe("chooseRules()", () => {
  test.each([
    [[], "amd64", "6.1.0", ["read", "ptrace", "clone", "personality"]],
    [["CAP_SYS_ADMIN"], "amd64", "6.1.0", ["read", "mount", "ptrace", "personality"]],
    [[], "amd64", "4.7.10", ["read", "clone", "personality"]],
    [[], "amd64", "4.8.0-rc1", ["read", "ptrace", "clone", "personality"]],
    [[], "arm64", "6.1.0", ["read", "ptrace", "arm", "clone", "personality"]],
  ])("of an app with %j on %s, Linux %s", (capabilities, arch, release, expected) => {
    expect(names(capabilities, arch, release)).toEqual(expected);
  });

  test("architectures are those of the profile that this machine has, or its own", () => {
    const profile = readSeccompProfile(PROFILE);
    const on = (arch: string) => chooseRules(profile, { capabilities: [], arch, release: "6.1" });
    expect(on("amd64").architectures).toEqual(["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"]);
    expect(on("arm64").architectures).toEqual(["SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"]);
  });

  test("allowsCall() counts only rules without arguments", () => {
    const chosen = chooseRules(readSeccompProfile(PROFILE), {
      ...{ capabilities: [], arch: "amd64", release: "6.1" },
    });
    expect(["read", "personality", "write"].map((call) => allowsCall(chosen, call))).toEqual([
      true,
      false,
      false,
    ]);
  });
});

test.each([
  ["{", "parse seccomp profile"],
  ["[]", "want an object"],
  ["{}", 'read "defaultAction": unknown action ""'],
  ['{"defaultAction":"SCMP_ACT_NOTIFY"}', "SCMP_ACT_NOTIFY"],
  ['{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"action":"SCMP_ACT_ALLOW"}]}', "no call"],
  [
    '{"defaultAction":"SCMP_ACT_LOG","syscalls":' +
      '[{"name":"a","action":"SCMP_ACT_LOG","args":[{}]}]}',
    "unknown operator",
  ],
])("refuses %s", (text, words) => {
  expect(() => parseSeccompProfile(text)).toThrow(words);
});
