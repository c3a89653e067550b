/** The system-call filter of one app, as text for crun. */
import { release } from "node:os";
import process from "node:process";
import {
  allowedCapabilities,
  allowsCall,
  chooseRules,
  DEFAULT_CAPABILITIES,
  type IsolatorSet,
  type RuntimeSeccomp,
} from "@rkt/spec";
import { defaultFilters } from "./seccomp/default-filter.ts" with { type: "macro" };

/** What the bundle says about system calls. */
export interface SeccompSettings {
  /** The compiled filter in base64; undefined where nothing is filtered. */
  readonly filter: string | undefined;
  /** crun could not finish its own work under this filter without it. */
  readonly needsNoNewPrivileges: boolean;
  /** A profile that somebody wrote, for crun to compile; then there is no filter. */
  readonly profile?: RuntimeSeccomp;
}

/** No filter at all, for `--insecure-options=seccomp`. */
export const UNFILTERED: SeccompSettings = { filter: undefined, needsNoNewPrivileges: false };

const DEFAULT_FILTERS: Readonly<Record<"x86_64" | "aarch64", string>> = defaultFilters();

/** @throws {Fault} "invalid" for an unknown call, set or errno */
export async function seccompSettings(isolators: IsolatorSet): Promise<SeccompSettings> {
  const arch = process.arch === "arm64" ? "aarch64" : "x86_64";
  const capabilities = allowedCapabilities(isolators);
  if (isolators.seccompProfile !== undefined) {
    return await profileSettings(isolators.seccompProfile, capabilities);
  }
  if (isolators.seccomp === undefined && areDefault(capabilities)) {
    return { filter: DEFAULT_FILTERS[arch], needsNoNewPrivileges: false };
  }
  const { filterFor, needsNoNewPrivileges } = await import("./seccomp/filter.ts");
  const options = { arch, ...(isolators.seccomp ?? { mode: "default" }) } as const;
  const program = filterFor(options, capabilities);
  if (program === undefined) return UNFILTERED;
  return {
    filter: Buffer.from(program).toString("base64"),
    needsNoNewPrivileges: needsNoNewPrivileges(options, capabilities),
  };
}

async function profileSettings(
  given: NonNullable<IsolatorSet["seccompProfile"]>,
  capabilities: readonly string[],
): Promise<SeccompSettings> {
  const { CRUN_AFTER_FILTER } = await import("./seccomp/filter.ts");
  const arch = process.arch === "arm64" ? "arm64" : "amd64";
  const profile = chooseRules(given, { capabilities, arch, release: release() });
  const needsNoNewPrivileges = CRUN_AFTER_FILTER.some((call) => !allowsCall(profile, call));
  return { filter: undefined, needsNoNewPrivileges, profile };
}

function areDefault(capabilities: readonly string[]): boolean {
  return (
    capabilities.length === DEFAULT_CAPABILITIES.length &&
    capabilities.every((each) => DEFAULT_CAPABILITIES.includes(each))
  );
}
