/**
 * Running an entrypoint of a pod's stage1 as a child and waiting for it. Its output is the
 * command's output.
 */
import { isAbsolute } from "node:path";
import type { ImageManifest } from "@rkt/spec";
import type { Entrypoint } from "@rkt/stage1/contract";
import { assert, Fault } from "@shared/base";
import type { Stage0Host } from "./host.ts";
import { defined } from "./run.ts";
import { entrypointPath } from "./stage1-image.ts";

export interface EntrypointCall {
  /** Absolute path of the pod directory. */
  readonly pod: string;
  readonly stage1: ImageManifest;
  readonly entrypoint: Entrypoint;
  /** The arguments after the program's name. */
  readonly argv: readonly string[];
  /** Its complaint becomes the fault's message, not a line of output. */
  readonly complains?: boolean;
}

/**
 * Runs the entrypoint in the pod's directory.
 *
 * @throws {Fault} "unsupported" when this stage1 has none; "precondition" when it fails
 */
export function callEntrypoint(host: Pick<Stage0Host, "environment">, call: EntrypointCall): void {
  const { pod, stage1, entrypoint, argv, complains = false } = call;
  assert(isAbsolute(pod), "an entrypoint is named by an absolute path");
  const program = entrypointPath(stage1, pod, entrypoint);
  if (program === undefined) {
    throw new Fault("unsupported", `${entrypoint} not implemented for pod's stage1`);
  }
  const env = defined(host.environment);
  const child = spawn([program, ...argv], { cwd: pod, env, complains });
  if (child.success) return;
  const [complaint = "", hint = ""] = child.stderr?.toString().trimEnd().split("\nhint: ") ?? [];
  if (complaint !== "") {
    const message = complaint.replace(/^stage1: /, "");
    throw new Fault("precondition", message, hint === "" ? {} : { hint });
  }
  const how = child.signalCode ? `signal ${child.signalCode}` : `exit status ${child.exitCode}`;
  throw new Fault("precondition", `run stage1's ${entrypoint} entrypoint: ${how}`);
}

function spawn(
  command: string[],
  options: { cwd: string; env: Record<string, string>; complains: boolean },
): Bun.SyncSubprocess<"inherit", "inherit" | "pipe"> {
  const { cwd, env, complains } = options;
  try {
    return Bun.spawnSync(command, {
      cwd,
      env,
      stdio: ["ignore", "inherit", complains ? "pipe" : "inherit"],
    });
  } catch (cause) {
    throw new Fault("missing-program", "start stage1's entrypoint", { cause });
  }
}
