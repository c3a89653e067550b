/**
 * The `gc` entrypoint: gives back what a supervisor that was killed could not: networks and
 * cgroups. The working directory is the pod's; nothing of the pod runs any more. Doing it twice is
 * the same as doing it once.
 */
import process from "node:process";
import { crashPoint, describeFault, systemClock } from "@shared/base";
import { kernel } from "@shared/linux";
import { detachNetworks } from "../network/attach.ts";
import { unregisterPod } from "../metadata.ts";
import { removePodCgroups } from "./cgroups.ts";

export async function gc(argv: readonly string[]): Promise<number> {
  const pod = process.cwd();
  const uuid = argv.findLast((word) => !word.startsWith("--")) ?? "";
  const localConfig =
    argv.find((word) => word.startsWith("--local-config="))?.slice("--local-config=".length) ??
    "/etc/rkt";
  await removePodCgroups({ clock: systemClock }, pod, uuid);
  crashPoint("gc-cgroups");
  await unregisterPod(pod, uuid);
  const failures = await detachNetworks({ kernel }, { pod, uuid, localConfig }, undefined);
  crashPoint("gc-networks");
  for (const failure of failures) {
    process.stderr.write(`networking: give back a network: ${describeFault(failure)}\n`);
  }
  return failures.length === 0 ? 0 : 254;
}
