/**
 * A profile of system calls in docker's JSON form, or in that of the runtime specification: text
 * flows in, a proven `SeccompProfile` flows out; and from it, for the capabilities of one app on
 * one machine, what a runtime is told. Pure.
 *
 * @see OCI runtime-spec, config-linux.md "Seccomp"; docker's profiles/seccomp/default.json
 */
import { Fault, quote } from "@shared/base";
import {
  given,
  type JsonObject,
  parseDocument,
  readInteger,
  readList,
  readObject,
  readText,
  readTexts,
} from "./document.ts";
import type {
  RuntimeSeccomp,
  RuntimeSeccompAction,
  RuntimeSyscallArgument,
  RuntimeSyscallRule,
} from "./oci-runtime.ts";

const ACTIONS: readonly RuntimeSeccompAction[] = [
  "SCMP_ACT_KILL",
  "SCMP_ACT_KILL_PROCESS",
  "SCMP_ACT_KILL_THREAD",
  "SCMP_ACT_TRAP",
  "SCMP_ACT_ERRNO",
  "SCMP_ACT_ALLOW",
  "SCMP_ACT_LOG",
];

const OPERATORS: readonly RuntimeSyscallArgument["op"][] = [
  "SCMP_CMP_NE",
  "SCMP_CMP_LT",
  "SCMP_CMP_LE",
  "SCMP_CMP_EQ",
  "SCMP_CMP_GE",
  "SCMP_CMP_GT",
  "SCMP_CMP_MASKED_EQ",
];

/** When a rule counts; what is absent always holds. */
interface Circumstances {
  readonly caps?: readonly string[];
  /** Go's words, such as "amd64". */
  readonly arches?: readonly string[];
  /** "4.8". */
  readonly minKernel?: string;
}

interface ProfileRule extends RuntimeSyscallRule {
  readonly includes?: Circumstances;
  readonly excludes?: Circumstances;
}

/** A profile, its rules not yet chosen. */
export interface SeccompProfile {
  readonly defaultAction: RuntimeSeccompAction;
  readonly defaultErrnoRet?: number;
  readonly architectures: readonly string[];
  readonly flags?: readonly string[];
  readonly syscalls: readonly ProfileRule[];
}

/** The machine and the app for which rules are chosen. */
export interface ProfileSurroundings {
  readonly capabilities: readonly string[];
  /** Go's word, such as "amd64". */
  readonly arch: string;
  /** Of the kernel, "6.1.0-18-amd64". */
  readonly release: string;
}

/** The object of a text that is a profile. Faults: invalid, with the place. */
export function parseSeccompProfile(text: string): object {
  const document = parseDocument(text, { what: "seccomp profile" });
  readSeccompProfile(document);
  return document;
}

/** The profile of a JSON document. Faults: invalid. */
export function readSeccompProfile(value: unknown): SeccompProfile {
  const profile = readObject(value, "seccomp profile");
  const known = readTexts(profile["architectures"], "architectures") ?? [];
  return given<SeccompProfile>({
    defaultAction: readAction(profile["defaultAction"], "defaultAction"),
    defaultErrnoRet: readErrno(profile["defaultErrnoRet"], "defaultErrnoRet"),
    architectures: [...known, ...mappedArchitectures(profile)],
    flags: readTexts(profile["flags"], "flags"),
    syscalls: readList(profile["syscalls"], "syscalls", readRule) ?? [],
  });
}

/** docker's `archMap`: an architecture, and those that its machines also run. */
function mappedArchitectures(profile: JsonObject): string[] {
  const maps = readList(profile["archMap"], "archMap", (value, place) => {
    const map = readObject(value, place);
    const own = readText(map["architecture"], `${place}.architecture`) ?? "";
    return [own, ...(readTexts(map["subArchitectures"], `${place}.subArchitectures`) ?? [])];
  });
  return (maps ?? []).flat();
}

function readRule(value: unknown, place: string): ProfileRule {
  const rule = readObject(value, place);
  const at = (field: string): [unknown, string] => [rule[field], `${place}.${field}`];
  const name = readText(...at("name"));
  const names = [...(name === undefined ? [] : [name]), ...(readTexts(...at("names")) ?? [])];
  if (names.length === 0) throw new Fault("invalid", `read ${quote(place)}: it names no call`);
  return given<ProfileRule>({
    names,
    action: readAction(...at("action")),
    errnoRet: readErrno(...at("errnoRet")),
    args: readList(...at("args"), readArgument),
    includes: readCircumstances(...at("includes")),
    excludes: readCircumstances(...at("excludes")),
  });
}

function readAction(value: unknown, place: string): RuntimeSeccompAction {
  const text = readText(value, place);
  const action = ACTIONS.find((each) => each === text);
  if (action !== undefined) return action;
  throw new Fault("invalid", `read ${quote(place)}: unknown action ${quote(text ?? "")}`);
}

function readErrno(value: unknown, place: string): number | undefined {
  return readInteger(value, place, { min: 0, max: 4095 });
}

function readArgument(value: unknown, place: string): RuntimeSyscallArgument {
  const argument = readObject(value, place);
  const whole = { min: 0, max: Number.MAX_SAFE_INTEGER };
  const text = readText(argument["op"], `${place}.op`);
  const op = OPERATORS.find((each) => each === text);
  if (op === undefined) {
    throw new Fault("invalid", `read ${quote(place)}: unknown operator ${quote(text ?? "")}`);
  }
  return {
    index: readInteger(argument["index"], `${place}.index`, { min: 0, max: 5 }) ?? 0,
    value: readInteger(argument["value"], `${place}.value`, whole) ?? 0,
    valueTwo: readInteger(argument["valueTwo"], `${place}.valueTwo`, whole) ?? 0,
    op,
  };
}

function readCircumstances(value: unknown, place: string): Circumstances | undefined {
  if (value === undefined || value === null) return undefined;
  const circumstances = readObject(value, place);
  return given<Circumstances>({
    caps: readTexts(circumstances["caps"], `${place}.caps`),
    arches: readTexts(circumstances["arches"], `${place}.arches`),
    minKernel: readText(circumstances["minKernel"], `${place}.minKernel`),
  });
}

/** The rules that count here, as a runtime reads them. */
export function chooseRules(
  profile: SeccompProfile,
  surroundings: ProfileSurroundings,
): RuntimeSeccomp {
  const { defaultAction, defaultErrnoRet, flags, architectures } = profile;
  const chosen = profile.syscalls.filter(
    ({ includes, excludes }) =>
      (includes === undefined || allHold(includes, surroundings)) &&
      (excludes === undefined || !anyHolds(excludes, surroundings)),
  );
  const own = architecturesOf(surroundings.arch);
  const known = architectures.filter((each) => own.includes(each));
  return given<RuntimeSeccomp>({
    defaultAction,
    defaultErrnoRet,
    architectures: known.length > 0 ? known : own,
    flags,
    syscalls: chosen.map(({ includes: _includes, excludes: _excludes, ...rule }) => rule),
  });
}

function architecturesOf(arch: string): readonly string[] {
  return arch === "arm64"
    ? ["SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"]
    : ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"];
}

function allHold(
  each: Circumstances,
  { capabilities, arch, release }: ProfileSurroundings,
): boolean {
  return (
    (each.caps ?? []).every((name) => capabilities.includes(name)) &&
    (each.arches === undefined || each.arches.length === 0 || each.arches.includes(arch)) &&
    (each.minKernel === undefined || isAtLeast(release, each.minKernel))
  );
}

function anyHolds(
  each: Circumstances,
  { capabilities, arch, release }: ProfileSurroundings,
): boolean {
  return (
    (each.caps ?? []).some((name) => capabilities.includes(name)) ||
    (each.arches ?? []).includes(arch) ||
    (each.minKernel !== undefined && isAtLeast(release, each.minKernel))
  );
}

function isAtLeast(release: string, least: string): boolean {
  const [major = 0, minor = 0] = release.split(/[.-]/).map(Number);
  const [wantedMajor = 0, wantedMinor = 0] = least.split(".").map(Number);
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
}

/** True where the filter lets a call pass whatever its arguments are. */
export function allowsCall(seccomp: RuntimeSeccomp, name: string): boolean {
  const rule = seccomp.syscalls?.find(({ names, args }) => names.includes(name) && !args?.length);
  const action = rule?.action ?? seccomp.defaultAction;
  return action === "SCMP_ACT_ALLOW" || action === "SCMP_ACT_LOG";
}
