/**
 * Taking a pod out of "prepared" to run it: an open pod flows in, a locked one in phase "run" flows
 * out.
 */
import { crashPoint, Fault, quote } from "@shared/base";
import type { Stage0Host } from "./host.ts";
import { readPodManifest } from "./list.ts";
import { movePod, phaseOf, phasePath, type Pod, tryLock } from "./pod-dir.ts";
import type { PreparedPod } from "./prepare.ts";
import { readStage1Manifest } from "./stage1-image.ts";

const TRIES = 20;
const PAUSE_MS = 5;

/**
 * Locks a prepared pod and moves it to "run". On success the result owns the descriptor of `pod`,
 * which must then not be disposed.
 *
 * @throws {Fault} "precondition" when it is not prepared, or somebody else takes it
 */
export async function claimPrepared(
  host: Pick<Stage0Host, "kernel" | "clock">,
  pod: Pod,
): Promise<PreparedPod> {
  const { uuid, dataDir, fd } = pod;
  const notPrepared = (): Fault => new Fault("precondition", `pod ${quote(uuid)} is not prepared`);
  for (let attempt = 0; !tryLock(host, pod); attempt++) {
    // An observer holds the lock for an instant only; a runner keeps it.
    if (attempt === TRIES || phaseOf(pod) !== "prepared") throw notPrepared();
    await host.clock.sleep(PAUSE_MS);
  }
  if (phaseOf(pod) !== "prepared" || !movePod(pod, "prepared", "run")) throw notPrepared();
  crashPoint("run-claimed");
  const path = phasePath(dataDir, "run", uuid);
  const [manifest, stage1] = [readPodManifest(pod), readStage1Manifest(path)];
  return { uuid, dataDir, path, manifest, stage1, lockFd: fd };
}
