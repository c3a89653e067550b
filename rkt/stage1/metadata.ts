/**
 * How pods meet the metadata service: where it listens, the address that apps get, and the end of a
 * registration. The service itself is a command of the program's; it need not run.
 *
 * @see appc 0.8.11 ace.md, "App Container Metadata Service"
 */
import { existsSync, rmSync } from "node:fs";
import { podPaths } from "./contract.ts";

/** Where the service takes registrations. */
export const METADATA_SOCKET = "/run/rkt/metadata-svc.sock";

/** Where apps find it, on the host's side of their network. */
export const METADATA_PORT = 18112;

/** The value of AC_METADATA_URL. @param token what the pod was registered with */
export function metadataUrl(hostAddress: string, token: string): string {
  return `http://${hostAddress}:${METADATA_PORT}/${token}`;
}

/**
 * The service forgets the pod, if it was registered. One that does not run has forgotten it
 * already.
 *
 * @param pod its directory
 */
export async function unregisterPod(pod: string, uuid: string): Promise<void> {
  const mark = podPaths.metadataRegistered(pod);
  if (!existsSync(mark)) return;
  await forgetPod(uuid);
  rmSync(mark, { force: true });
}

/** The same for a pod that has no directory any more. */
export async function forgetPod(uuid: string): Promise<void> {
  try {
    await fetch(`http://metadata/pods/${uuid}`, { method: "DELETE", unix: METADATA_SOCKET });
  } catch {
    // the service has ended, and with it all that it knew
  }
}
