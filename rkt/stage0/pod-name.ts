/**
 * Names of pods: an annotation of the pod manifest, so that a name goes with its pod. Of all pods
 * that are being prepared, wait or run, no two have the same; of those that have ended, the last
 * one made is meant.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseAcName, type NameValue } from "@rkt/spec";
import { Fault, quote } from "@shared/base";
import type { Stage0Host } from "./host.ts";
import { modifiedMs } from "./list.ts";
import { lockFile } from "./prepare-lock.ts";
import { parseManifestHead, POD_NAME_ANNOTATION } from "./manifest-head.ts";
import { PHASES, isAfterRun } from "./phase.ts";
import { openPodByUuid, openPodIn, phasePath, type Pod, stateOfPod, uuidsIn } from "./pod-dir.ts";

/** Texts of this shape are beginnings of UUIDs, never names. */
const LIKE_UUID = /^[0-9a-f]{8}[0-9a-f-]*$/;

/** Whether a person may mean a pod's name by this text. */
function mayBeName(text: string): boolean {
  return /^[a-z0-9]+(-[a-z0-9]+)*$/.test(text) && !LIKE_UUID.test(text);
}

/** @throws {Fault} "invalid" */
export function parsePodName(text: string): string {
  parseAcName(text);
  if (!LIKE_UUID.test(text)) return text;
  throw new Fault("invalid", `name the pod ${quote(text)}: that is like the beginning of a UUID`);
}

export function nameAnnotation(name: string): NameValue {
  return { name: POD_NAME_ANNOTATION, value: name };
}

/** The UUID of the pod of this name; of several, of the one made last. */
function findNamed(dataDir: string, name: string): string | undefined {
  let found: { readonly uuid: string; readonly createdMs: number } | undefined;
  for (const phase of PHASES) {
    for (const uuid of uuidsIn(dataDir, phase)) {
      const path = phasePath(dataDir, phase, uuid);
      if (nameOf(path) !== name) continue;
      const createdMs = modifiedMs(join(path, "pod-created")) ?? Number.POSITIVE_INFINITY;
      if (found === undefined || createdMs >= found.createdMs) found = { uuid, createdMs };
    }
  }
  return found?.uuid;
}

/**
 * The pod that a person means: by its UUID, by its name, or by the beginning of its UUID.
 *
 * @throws {Fault} "invalid" for an empty text, "not-found", "ambiguous"; rkt's words
 */
export function openPod(dataDir: string, text: string): Pod {
  const uuid = mayBeName(text) ? findNamed(dataDir, text) : undefined;
  return openPodByUuid(dataDir, uuid ?? text);
}

/** Undefined also for a pod without a manifest, or one that moves away meanwhile. */
function nameOf(path: string): string | undefined {
  try {
    const text = readFileSync(join(path, "pod"), "utf8");
    return text.includes(POD_NAME_ANNOTATION) ? parseManifestHead(text).name : undefined;
  } catch (error) {
    if (["not-found", "corrupt"].includes(Fault.from(error).kind)) return undefined;
    throw error;
  }
}

/**
 * The right to give a pod this name; dispose it when the pod's manifest is written.
 *
 * @throws {Fault} "already-exists" while a pod of that name has not ended
 */
export function claimName(
  host: Pick<Stage0Host, "kernel">,
  dataDir: string,
  name: string,
): Disposable {
  const lock = lockFile(host, join(dataDir, "locks", "podNames"), "exclusive");
  const uuid = findNamed(dataDir, name);
  if (uuid === undefined || hasEnded(host, dataDir, uuid)) return lock;
  lock[Symbol.dispose]();
  throw new Fault("already-exists", `the name ${quote(name)} belongs to pod ${quote(uuid)}`, {
    hint: "Stop that pod, or choose another name.",
  });
}

function hasEnded(host: Pick<Stage0Host, "kernel">, dataDir: string, uuid: string): boolean {
  for (const phase of PHASES) {
    using pod = openPodIn(dataDir, phase, uuid);
    const state = pod && stateOfPod(host, pod, phase);
    if (state !== undefined) return isAfterRun(state) || state === "aborted prepare";
  }
  return true;
}
