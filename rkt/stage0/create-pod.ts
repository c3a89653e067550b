/**
 * A new pod: a data directory flows in, a locked pod in the phase "prepare" flows out.
 *
 * From the rename on, whoever finds the pod unlocked knows that its maker died.
 */
import { mkdirSync } from "node:fs";
import { crashPoint, Fault } from "@shared/base";
import type { Stage0Host } from "./host.ts";
import { movePod, openPodIn, phasePath, type Pod, tryLock } from "./pod-dir.ts";

type CreateHost = Pick<Stage0Host, "kernel" | "random">;

const TRIES = 5;

/** Makes the directory, takes its exclusive lock and moves it to "prepare". */
export function createPod(host: CreateHost, dataDir: string): Pod {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const pod = tryCreate(host, dataDir, randomUuid(host.random));
    if (pod !== undefined) return pod;
  }
  throw new Fault("internal", "create a pod directory: each new one was taken away");
}

/** Undefined when a collector of garbage took the embryo in the instant before it was locked. */
function tryCreate(host: CreateHost, dataDir: string, uuid: string): Pod | undefined {
  const embryo = phasePath(dataDir, "embryo", uuid);
  try {
    mkdirSync(embryo, { mode: 0o750 });
  } catch (error) {
    if (Fault.from(error).kind !== "not-found") throw error;
    mkdirSync(phasePath(dataDir, "embryo"), { recursive: true, mode: 0o750 });
    mkdirSync(embryo, { mode: 0o750 });
  }
  crashPoint("prepare-embryo");
  const pod = openPodIn(dataDir, "embryo", uuid);
  if (pod === undefined) return undefined;
  if (tryLock(host, pod)) {
    crashPoint("prepare-locked");
    if (movePod(pod, "embryo", "prepare")) {
      crashPoint("prepare-renamed");
      return pod;
    }
  }
  pod[Symbol.dispose]();
  return undefined;
}

/** A UUID of version 4 (RFC 9562 §5.4). */
export function randomUuid(random: () => number): string {
  const bytes = Buffer.from(Array.from({ length: 16 }, () => Math.floor(random() * 256)));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.toString("hex");
  return [0, 8, 12, 16, 20].map((at, i) => hex.slice(at, [8, 12, 16, 20, 32][i])).join("-");
}
