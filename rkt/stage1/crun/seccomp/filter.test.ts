/**
 * The compiled programs, run by an interpreter of classic BPF, against plain look-ups in the
 * tables.
 */
import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { ALLOW, compile, failWith, KILL, LOG } from "./bpf.ts";
import type { Action, Decision } from "./bpf.ts";
import { filterFor, needsNoNewPrivileges, policyFor } from "./filter.ts";
import type { FilterOptions } from "./filter.ts";
import { AUDIT_ARCH, syscallsOf, X32_BIT } from "./syscalls.ts";
import type { Abi, Machine } from "./syscalls.ts";

interface Call {
  readonly arch: number;
  readonly number: number;
  readonly args: readonly bigint[];
}

/**
 * What the kernel would do: struct seccomp_data in, action out; throws where the kernel would
 * refuse the program.
 */
function interpret(program: Uint8Array, { arch, number, args }: Call): Action {
  const data = new DataView(new ArrayBuffer(64));
  data.setUint32(0, number, true);
  data.setUint32(4, arch, true);
  args.forEach((value, at) => data.setBigUint64(16 + 8 * at, value, true));
  const code = new DataView(program.buffer, program.byteOffset, program.byteLength);
  let accumulator = 0;
  for (let at = 0; ; at++) {
    if (8 * at >= program.length) throw new Error(`ran past the end at ${at}`);
    const [jt, jf] = [code.getUint8(8 * at + 2), code.getUint8(8 * at + 3)];
    const k = code.getUint32(8 * at + 4, true);
    const operation = code.getUint16(8 * at, true);
    if (operation === 0x06) return k;
    if (operation === 0x20) accumulator = data.getUint32(k, true);
    else if (operation === 0x54) accumulator = (accumulator & k) >>> 0;
    else if (operation === 0x05) at += k;
    else if (operation === 0x15) at += accumulator === k ? jt : jf;
    else if (operation === 0x35) at += accumulator >= k ? jt : jf;
    else throw new Error(`unknown operation ${operation} at ${at}`);
  }
}

function decide(decision: Decision, args: readonly bigint[]): Action {
  if (typeof decision === "number") return decision;
  const holds = decision.cases.find(({ when }) =>
    when.every(({ argument, mask, value }) => ((args[argument] ?? 0n) & mask) === value),
  );
  return holds?.action ?? decision.otherwise;
}

const EPERM = failWith(1);
const ENOSYS = failWith(38);

const NO_ARGS = [0n, 0n, 0n, 0n, 0n, 0n];

/**
 * Arguments that tell apart what the profile looks at: namespaces, families, personalities, upper
 * halves.
 */
const FIRST_ARGS = [
  ...[0n, 8n, 40n, 0x2_0000n, 0x2_0008n, 0xffff_ffffn, 0x1000_0000n, 0x4000_0000n, 17n],
  ...[0x1_0000_0028n, 0x1_0000_0000n, 0xffff_ffff_ffff_ffffn],
];

const ABIS: Readonly<Record<Machine, readonly Abi[]>> = {
  x86_64: ["x86_64", "x32", "i386"],
  aarch64: ["aarch64", "arm"],
};

/** Every number near one that an interface uses, and the far ends. */
function numbersOf(abi: Abi): number[] {
  const base = abi === "x32" ? X32_BIT : 0;
  const near = Array.from({ length: 1200 }, (_, at) => base + at);
  const apart = [0xe_ffff, 0xf_0000, 0xf_0001, 0xf_0002, 0xf_0005, 0xf_0006, 0xf_0007];
  const ends = abi === "x32" ? [0x7fff_ffff, 0xffff_ffff] : [X32_BIT - 1];
  return [...near, ...apart.map((number) => base + number), ...ends];
}

function expectPolicy(options: FilterOptions, capabilities: readonly string[]): void {
  const program = filterFor(options, capabilities);
  const policy = policyFor(options, capabilities);
  if (program === undefined || policy === undefined) throw new Error("no filter");
  for (const abi of ABIS[options.arch]) {
    const names = Map.groupBy(syscallsOf(abi), ([, number]) => number);
    for (const number of numbersOf(abi)) {
      const known = names.get(number)?.map(([name]) => policy.byName.get(name));
      const decision =
        known === undefined ? policy.unassigned : known.find((each) => each !== undefined);
      for (const first of FIRST_ARGS) {
        const args = [first, ...NO_ARGS.slice(1)];
        const actual = interpret(program, { arch: AUDIT_ARCH[abi], number, args });
        const expected = decide(decision ?? policy.otherwise, args);
        if (actual !== expected)
          expect({ abi, number, first, actual }).toEqual({ abi, number, first, actual: expected });
      }
    }
  }
  expect(interpret(program, { arch: 0x8000_0016, number: 0, args: NO_ARGS })).toBe(KILL);
}

const POLICIES: readonly (readonly [
  why: string,
  Omit<FilterOptions, "arch">,
  readonly string[],
])[] = [
  ["the default profile", { mode: "default" }, ["CAP_SYS_CHROOT"]],
  [
    "all capabilities",
    { mode: "default" },
    ["CAP_SYS_ADMIN", "CAP_SYS_TIME", "CAP_SYS_PTRACE", "CAP_BPF"],
  ],
  ["a default set with more", { mode: "retain", names: ["@rkt/default-whitelist", "umount2"] }, []],
  ["few calls", { mode: "retain", errno: "EACCES", names: ["read", "write", "clone"] }, []],
  ["nothing but what is always allowed", { mode: "retain", names: ["@appc.io/empty"] }, []],
  ["a black list", { mode: "remove", names: ["@docker/default-blacklist", "socket"] }, []],
  ["sets", { mode: "remove", errno: "ENOSYS", names: ["@systemd/mount", "@systemd/clock"] }, []],
];

describe("a compiled policy answers as a plain look-up does, on every number of", () => {
  for (const arch of ["x86_64", "aarch64"] as const) {
    test.each(POLICIES)(`${arch}: %s`, (_, options, capabilities) => {
      expectPolicy({ ...options, arch }, capabilities);
    });
  }
});

const decision: fc.Arbitrary<Decision> = fc.oneof(
  fc.constantFrom(ALLOW, LOG, KILL, failWith(1), failWith(4095)),
  fc.record({
    cases: fc.array(
      fc.record({
        when: fc.array(
          fc.record({
            argument: fc.nat(5),
            mask: fc.constantFrom(0n, 0xffn, 0xffff_ffffn, 0xff_0000_0000n, 0xffff_ffff_ffff_ffffn),
            value: fc.constantFrom(0n, 1n, 0x7fn, 0x12_0000_0000n, 0x12_0000_0001n),
          }),
          { maxLength: 3 },
        ),
        action: fc.constantFrom(ALLOW, failWith(13)),
      }),
      { maxLength: 4 },
    ),
    otherwise: fc.constantFrom(KILL, failWith(2)),
  }),
);

test("any answers compile to a program that gives them", () => {
  const argument = fc.constantFrom(0n, 1n, 0x7fn, 0x12_0000_0000n, 0x12_0000_0001n, 2n ** 64n - 1n);
  const numbers = fc.dictionary(fc.nat(700).map(String), decision, { maxKeys: 40, size: "max" });
  const args = fc.array(argument, { minLength: 6, maxLength: 6 });
  const holds = (
    chosen: Readonly<Record<string, Decision>>,
    otherwise: Decision,
    values: bigint[],
  ): void => {
    const byNumber = new Map(
      Object.entries(chosen).map(([number, each]) => [Number(number), each]),
    );
    const program = compile([{ auditArch: 7, answers: { byNumber, otherwise } }]);
    for (let number = 0; number <= 701; number++) {
      const actual = interpret(program, { arch: 7, number, args: values });
      expect(actual).toBe(decide(byNumber.get(number) ?? otherwise, values));
    }
  };
  fc.assert(fc.property(numbers, decision, args, holds), { numRuns: 60, endOnFailure: true });
});

test("jumps reach over any distance", () => {
  const byNumber = new Map(Array.from({ length: 1000 }, (_, at) => [at, failWith(at)] as const));
  const answers = { byNumber, otherwise: ALLOW };
  const program = compile([
    {
      auditArch: 1,
      answers,
      above: { from: 2000, answers: { byNumber: new Map(), otherwise: LOG } },
    },
    { auditArch: 2, answers: { byNumber: new Map(), otherwise: KILL } },
  ]);
  expect(program.length / 8).toBeGreaterThan(1500);
  for (let number = 0; number < 1000; number++) {
    expect(interpret(program, { arch: 1, number, args: NO_ARGS })).toBe(failWith(number));
  }
  expect(interpret(program, { arch: 1, number: 1000, args: NO_ARGS })).toBe(ALLOW);
  expect(interpret(program, { arch: 1, number: 2000, args: NO_ARGS })).toBe(LOG);
  expect(interpret(program, { arch: 2, number: 0, args: NO_ARGS })).toBe(KILL);
});

test("a program that the kernel would refuse for its length is our mistake", () => {
  const byNumber = new Map(Array.from({ length: 3000 }, (_, at) => [at, failWith(at)] as const));
  const answers = { byNumber, otherwise: ALLOW };
  expect(() => compile([{ auditArch: 1, answers }])).toThrow("too many instructions");
});

/** Numbers as the manuals give them, so that no table of ours is believed. */
const FACTS: readonly (readonly [
  abi: Abi,
  number: number,
  first: bigint,
  expected: Action,
  what: string,
])[] = [
  ["x86_64", 0, 0n, ALLOW, "read"],
  ["x86_64", 272, 0x2_0000n, EPERM, "unshare"],
  ["x86_64", 165, 0n, EPERM, "mount"],
  ["x86_64", 250, 0n, EPERM, "keyctl"],
  ["x86_64", 425, 0n, EPERM, "io_uring_setup"],
  ["x86_64", 435, 0n, ENOSYS, "clone3"],
  ["x86_64", 56, 0x3d_0f00n, ALLOW, "clone of a thread"],
  ["x86_64", 56, 0x1000_0011n, EPERM, "clone with a user namespace"],
  ["x86_64", 41, 2n, ALLOW, "socket of internet"],
  ["x86_64", 41, 40n, EPERM, "socket to the hypervisor"],
  ["x86_64", 41, 0x1_0000_0028n, EPERM, "the same, hidden by an upper half that the kernel drops"],
  ["x86_64", 135, 0xffff_ffffn, ALLOW, "personality, asked for"],
  ["x86_64", 135, 0x4_0000n, EPERM, "personality without address randomisation"],
  ["x86_64", 161, 0n, ALLOW, "chroot, with its capability"],
  ["x86_64", 164, 0n, EPERM, "settimeofday"],
  ["x86_64", 452, 0n, ALLOW, "fchmodat2"],
  ["x86_64", 5000, 0n, ENOSYS, "a call that is not there yet"],
  ["x86_64", 520, 0n, ENOSYS, "execve of x32 without its bit"],
  ["x32", X32_BIT + 520, 0n, ALLOW, "execve of x32"],
  ["x32", X32_BIT + 59, 0n, ENOSYS, "execve of x86_64 with the bit of x32"],
  ["x32", X32_BIT + 272, 0n, EPERM, "unshare of x32"],
  ["i386", 3, 0n, ALLOW, "read"],
  ["i386", 310, 0n, EPERM, "unshare"],
  ["i386", 21, 0n, EPERM, "mount"],
  ["i386", 120, 0x1000_0011n, EPERM, "clone with a user namespace"],
  ["i386", 403, 0n, ALLOW, "clock_gettime64"],
  ["i386", 25, 0n, EPERM, "stime"],
  ["aarch64", 63, 0n, ALLOW, "read"],
  ["aarch64", 97, 0n, EPERM, "unshare"],
  ["aarch64", 40, 0n, EPERM, "mount"],
  ["aarch64", 220, 0x2_0011n, EPERM, "clone with a mount namespace"],
  ["aarch64", 435, 0n, ENOSYS, "clone3"],
  ["arm", 3, 0n, ALLOW, "read"],
  ["arm", 337, 0n, EPERM, "unshare"],
  ["arm", 0xf_0002, 0n, ALLOW, "cacheflush"],
  ["arm", 0xf_0003, 0n, EPERM, "usr26"],
];

test.each(FACTS)("%s %i(%i) → %i: %s", (abi, number, first, expected) => {
  const arch = ABIS.x86_64.includes(abi) ? "x86_64" : "aarch64";
  const program = filterFor({ arch, mode: "default" }, ["CAP_SYS_CHROOT"]);
  if (program === undefined) throw new Error("no filter");
  const args = [first, ...NO_ARGS.slice(1)];
  expect(interpret(program, { arch: AUDIT_ARCH[abi], number, args })).toBe(expected);
});

const X86: { readonly arch: Machine } = { arch: "x86_64" };

describe("sets of rkt", () => {
  test("retaining all turns the filter off", () => {
    expect(filterFor({ ...X86, mode: "retain", names: ["@appc.io/all"] }, [])).toBeUndefined();
  });
  test("removing nothing is the default profile", () => {
    const removed = filterFor({ ...X86, mode: "remove", names: ["@appc.io/empty"] }, []);
    expect(removed).toEqual(filterFor({ ...X86, mode: "default" }, []));
  });
  test("removing all leaves what retaining nothing leaves", () => {
    const removed = filterFor({ ...X86, mode: "remove", names: ["@appc.io/all"] }, []);
    expect(removed).toEqual(filterFor({ ...X86, mode: "retain", names: ["@appc.io/empty"] }, []));
  });
  test.each([
    ["@rkt/default-whitelist", "mount", EPERM],
    ["@docker/default-whitelist", "read", ALLOW],
    ["@systemd/network-io", "sendto", ALLOW],
    ["@systemd/mount", "move_mount", ALLOW],
    ["@systemd/default-whitelist", "openat", EPERM],
  ])("retaining %s answers to %s with %i", (set, name, expected) => {
    const policy = policyFor({ ...X86, mode: "retain", names: [set] }, []);
    expect(decide(policy?.byName.get(name) ?? policy?.otherwise ?? KILL, NO_ARGS)).toBe(expected);
  });
  test.each([
    ["@rkt/default-blacklist", "keyctl"],
    ["@docker/default-blacklist", "umount2"],
    ["@systemd/clock", "settimeofday"],
    ["@systemd/obsolete", "ustat"],
    ["@systemd/privileged", "chown"],
    ["@systemd/process", "kill"],
    ["@systemd/raw-io", "iopl"],
  ])("removing %s denies %s and leaves read", (set, name) => {
    const policy = policyFor({ ...X86, mode: "remove", errno: "EACCES", names: [set] }, []);
    expect(policy?.byName.get(name)).toBe(failWith(13));
    expect(policy?.byName.get("read") ?? policy?.otherwise).toBe(ALLOW);
  });
});

test.each([
  [
    "an unknown set",
    { mode: "retain", names: ["@rkt/nothing"] },
    'find seccomp set "@rkt/nothing"',
  ],
  ["an inherited name", { mode: "retain", names: ["@toString"] }, 'find seccomp set "@toString"'],
  ["an unknown errno", { mode: "retain", errno: "EPREM", names: ["read"] }, 'read errno "EPREM"'],
  ["a misspelt call that would stay open", { mode: "remove", names: ["moutn"] }, '"moutn"'],
] as const)("%s is refused", (_, options, message) => {
  expect(() => filterFor({ ...X86, ...options }, [])).toThrow(message);
});

test.each([
  ["the default profile", { mode: "default" }, false],
  ["a default set", { mode: "retain", names: ["@rkt/default-whitelist"] }, false],
  ["no filter", { mode: "retain", names: ["@appc.io/all"] }, false],
  ["a black list", { mode: "remove", names: ["@rkt/default-blacklist"] }, false],
  ["few calls", { mode: "retain", names: ["read", "write"] }, true],
  ["no capset", { mode: "remove", names: ["@systemd/privileged"] }, true],
] as const)("%s: needs noNewPrivileges", (_, options, expected) => {
  expect(needsNoNewPrivileges({ ...X86, ...options }, [])).toBe(expected);
});
