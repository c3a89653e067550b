/**
 * The lock between those who make pods and those who remove images: shared while a pod is prepared,
 * exclusive while an image goes away. Who holds it exclusively sees the layers of every pod in
 * `layersInUse`.
 */
import { closeSync, mkdirSync, openSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import type { LayerId } from "@rkt/image";
import { Fault } from "@shared/base";
import type { Stage0Host } from "./host.ts";
import { readLayers } from "./layers.ts";
import { PHASES } from "./phase.ts";
import { phasePath, uuidsIn } from "./pod-dir.ts";

/** Waits for the lock; disposing gives it back. */
export function lockPrepare(
  host: Pick<Stage0Host, "kernel">,
  dataDir: string,
  kind: "shared" | "exclusive",
): Disposable {
  return lockFile(host, join(dataDir, "locks", "prepareLock"), kind);
}

/** Waits for the lock of a file, which is made where there is none; disposing gives it back. */
export function lockFile(
  host: Pick<Stage0Host, "kernel">,
  path: string,
  kind: "shared" | "exclusive",
): Disposable {
  const fd = openLock(path);
  host.kernel.flock(fd, kind, { wait: true });
  return { [Symbol.dispose]: () => closeSync(fd) };
}

function openLock(path: string): number {
  try {
    return openSync(path, "a", 0o640);
  } catch (error) {
    if (Fault.from(error).kind !== "not-found") throw error;
    mkdirSync(dirname(path), { recursive: true, mode: 0o750 });
    return openSync(path, "a", 0o640);
  }
}

/** The layers on which any pod stands, in whatever phase it is. */
export function layersInUse(dataDir: string): Set<LayerId> {
  const used = new Set<LayerId>();
  for (const phase of PHASES) {
    for (const uuid of uuidsIn(dataDir, phase)) {
      for (const id of layersOfPod(phasePath(dataDir, phase, uuid))) used.add(id);
    }
  }
  return used;
}

function layersOfPod(pod: string): LayerId[] {
  return appsOf(pod).flatMap((app) => {
    try {
      return readLayers(pod, app);
    } catch (error) {
      // A list that a crash cut short, or never let begin, is of a pod that will not run.
      if (!["not-found", "corrupt"].includes(Fault.from(error).kind)) throw error;
      return [];
    }
  });
}

function appsOf(pod: string): string[] {
  try {
    return readdirSync(join(pod, "appsinfo"));
  } catch (error) {
    if (Fault.from(error).kind === "not-found") return [];
    throw error;
  }
}
