/**
 * In: what an app's seccomp isolator says, or that it has none, and the app's capabilities. Out:
 * the filter that the kernel runs, ready for crun's annotation. Pure.
 *
 * @see appc 0.8.11 ace.md, os/linux/seccomp-remove-set and os/linux/seccomp-retain-set
 */
import { constants } from "node:os";
import { Fault, quote } from "@shared/base";
import { ALLOW, compile, failWith } from "./bpf.ts";
import type { Action, Answers, Decision } from "./bpf.ts";
import { alwaysRetained, DEFAULT_SETS, membersOf } from "./named-sets.ts";
import { defaultDecisions, ENOSYS } from "./profile.ts";
import { AUDIT_ARCH, syscallsOf, X32_BIT } from "./syscalls.ts";
import type { Abi, Machine } from "./syscalls.ts";

export interface FilterOptions {
  readonly arch: Machine;
  /** "default": the default profile; "retain": only these calls; "remove": all but these. */
  readonly mode: "default" | "retain" | "remove";
  /** What a denied call fails with, such as "EACCES"; EPERM unless told, where rkt killed. */
  readonly errno?: string;
  /** Calls and sets; not used in mode "default". */
  readonly names?: readonly string[];
}

/** What is answered to every call, by name: the same on every interface. */
export interface Policy {
  readonly byName: ReadonlyMap<string, Decision>;
  /** Of a call that has no entry. */
  readonly otherwise: Action;
  /** Of a number that no call has that we know: a later kernel's. */
  readonly unassigned: Action;
}

/**
 * The filter as an array of struct sock_filter; undefined where all is allowed. @throws {Fault}
 * "invalid"
 */
export function filterFor(
  options: FilterOptions,
  capabilities: readonly string[],
): Uint8Array | undefined {
  const policy = policyFor(options, capabilities);
  return policy === undefined ? undefined : compilePolicy(policy, options.arch);
}

/** Undefined where all is allowed. @throws {Fault} "invalid" for an unknown errno, set or call */
export function policyFor(
  { mode, errno = "EPERM", names = [] }: FilterOptions,
  capabilities: readonly string[],
): Policy | undefined {
  const denied = failWith(errnoNumber(errno));
  const all = names.includes("@appc.io/all");
  const empty = names.includes("@appc.io/empty");
  if (mode === "default" || (mode === "remove" && empty)) {
    return retaining(defaultDecisions(capabilities, denied), denied);
  }
  if (mode === "retain" && all) return undefined;
  if (mode === "remove" && !all) return removing(names, denied);
  return retaining(retained(names, capabilities, denied), denied);
}

/**
 * True where the filter denies what crun itself does after it has loaded it. With `noNewPrivileges`
 * crun loads the filter just before it becomes the app; without, it has yet to take on the app's
 * user and capabilities, so such an app can only start with `noNewPrivileges`. Never so for the
 * default profile.
 */
export function needsNoNewPrivileges(
  options: FilterOptions,
  capabilities: readonly string[],
): boolean {
  if (options.mode === "default") return false;
  const policy = policyFor(options, capabilities);
  if (policy === undefined) return false;
  return CRUN_AFTER_FILTER.some((name) => (policy.byName.get(name) ?? policy.otherwise) !== ALLOW);
}

/** As traced in crun 1.8.1 with `create`, `start` and `run`. */
export const CRUN_AFTER_FILTER: readonly string[] = [
  "capset",
  "close",
  "prctl",
  "pselect6",
  "read",
  "rt_sigaction",
  "rt_sigprocmask",
  "setresgid",
  "setresuid",
  "write",
];

/** Sets hold names of every machine; one that we do not know is denied anyway. */
function retained(
  names: readonly string[],
  capabilities: readonly string[],
  denied: Action,
): Map<string, Decision> {
  const byDefault = names.some((name) => DEFAULT_SETS.includes(name));
  const decisions = byDefault
    ? defaultDecisions(capabilities, denied)
    : new Map<string, Decision>();
  const members = names.filter((name) => !DEFAULT_SETS.includes(name)).flatMap(expand);
  for (const name of [...alwaysRetained(), ...members]) decisions.set(name, ALLOW);
  return decisions;
}

/**
 * A call that does not exist answers as an old kernel would, so that libraries take their older
 * way.
 */
function retaining(decisions: Map<string, Decision>, denied: Action): Policy {
  if (decisions.has("clone") && !decisions.has("clone3")) {
    decisions.set("clone3", failWith(ENOSYS));
  }
  return { byName: decisions, otherwise: denied, unassigned: failWith(ENOSYS) };
}

function removing(names: readonly string[], denied: Action): Policy {
  const calls = names.flatMap((name) =>
    DEFAULT_SETS.includes(name) ? [...defaultDecisions([], denied).keys()] : expand(name),
  );
  const unknown = names.find((name) => !name.startsWith("@") && !isKnown(name));
  if (unknown !== undefined) {
    throw new Fault("invalid", `remove system call ${quote(unknown)}: no such call`);
  }
  return {
    byName: new Map(calls.map((name) => [name, denied])),
    otherwise: ALLOW,
    unassigned: ALLOW,
  };
}

function expand(name: string): readonly string[] {
  if (!name.startsWith("@")) return [name];
  if (name === "@appc.io/all" || name === "@appc.io/empty") return [];
  const members = membersOf(name);
  if (members === undefined) {
    throw new Fault("invalid", `find seccomp set ${quote(name)}: no such set`);
  }
  return members;
}

function isKnown(name: string): boolean {
  const abis: readonly Abi[] = ["x86_64", "i386", "aarch64", "arm"];
  return abis.some((abi) => syscallsOf(abi).has(name));
}

function errnoNumber(name: string): number {
  const numbers: Readonly<Record<string, number>> = constants.errno;
  const number = Object.hasOwn(numbers, name) ? numbers[name] : undefined;
  if (number === undefined) throw new Fault("invalid", `read errno ${quote(name)}: no such error`);
  return number;
}

function compilePolicy(policy: Policy, arch: Machine): Uint8Array {
  const answers = (abi: Abi): Answers => answersOf(policy, abi);
  if (arch === "aarch64") {
    return compile([
      { auditArch: AUDIT_ARCH.aarch64, answers: answers("aarch64") },
      { auditArch: AUDIT_ARCH.arm, answers: answers("arm") },
    ]);
  }
  const x32 = { from: X32_BIT, answers: answers("x32") };
  return compile([
    { auditArch: AUDIT_ARCH.x86_64, answers: answers("x86_64"), above: x32 },
    { auditArch: AUDIT_ARCH.i386, answers: answers("i386") },
  ]);
}

function answersOf(policy: Policy, abi: Abi): Answers {
  const byNumber = new Map<number, Decision>();
  for (const [name, number] of syscallsOf(abi)) {
    const decision = policy.byName.get(name);
    // Where a number has two names, the one that the policy speaks of counts.
    if (decision !== undefined || !byNumber.has(number)) {
      byNumber.set(number, decision ?? policy.otherwise);
    }
  }
  return { byNumber, otherwise: policy.unassigned };
}
