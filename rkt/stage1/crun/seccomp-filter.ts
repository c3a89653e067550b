/** The system-call filter of one app, as text for crun. */
import process from "node:process";
import { allowedCapabilities, type IsolatorSet } from "@rkt/spec";
import { filterFor, needsNoNewPrivileges } from "./seccomp/filter.ts";

/** What the bundle says about system calls. */
export interface SeccompSettings {
  /** The compiled filter in base64; undefined where nothing is filtered. */
  readonly filter: string | undefined;
  /** crun could not finish its own work under this filter without it. */
  readonly needsNoNewPrivileges: boolean;
}

/** No filter at all, for `--insecure-options=seccomp`. */
export const UNFILTERED: SeccompSettings = { filter: undefined, needsNoNewPrivileges: false };

/** @throws {Fault} "invalid" for an unknown call, set or errno */
export function seccompSettings(isolators: IsolatorSet): SeccompSettings {
  const arch = process.arch === "arm64" ? "aarch64" : "x86_64";
  const options = { arch, ...(isolators.seccomp ?? { mode: "default" }) } as const;
  const capabilities = allowedCapabilities(isolators);
  const program = filterFor(options, capabilities);
  if (program === undefined) return UNFILTERED;
  return {
    filter: Buffer.from(program).toString("base64"),
    needsNoNewPrivileges: needsNoNewPrivileges(options, capabilities),
  };
}
