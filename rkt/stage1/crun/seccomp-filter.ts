/** The system-call filter of one app, as text for crun. */
import process from "node:process";
import { allowedCapabilities, type IsolatorSet } from "@rkt/spec";
import { filterFor } from "./seccomp/filter.ts";

/**
 * @returns the compiled filter in base64; undefined where the app's isolators turn filtering off
 */
export function seccompFilter(isolators: IsolatorSet): string | undefined {
  const arch = process.arch === "arm64" ? "aarch64" : "x86_64";
  const options = { arch, ...(isolators.seccomp ?? { mode: "default" }) } as const;
  const program = filterFor(options, allowedCapabilities(isolators));
  return program === undefined ? undefined : Buffer.from(program).toString("base64");
}
