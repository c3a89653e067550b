/**
 * The end of a pod directory: a locked pod flows in, nothing remains. Links are never followed and
 * mounts never crossed.
 *
 * What is removed last is the manifest, so that a removal cut short can be told and repeated.
 */
import { readdirSync, readFileSync, rmdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { crashPoint, Fault, quote } from "@shared/base";
import type { Kernel } from "@shared/linux";
import { movePod, pathOf, phaseOf, type Pod } from "./pod-dir.ts";

/**
 * Takes away a pod that never ran, whose lock the caller holds. What cannot be removed now is left
 * to gc.
 */
export function discardPod(kernel: Pick<Kernel, "unmount">, pod: Pod): void {
  const phase = phaseOf(pod);
  if (phase === undefined) return;
  try {
    if (phase !== "garbage" && phase !== "exited-garbage") movePod(pod, phase, "garbage");
    detachMounts(kernel, pathOf(pod));
    removeTree(pathOf(pod));
  } catch {
    // The failure that brought us here is the one to report; the pod is garbage by its place.
  }
}

/** Removes everything below a pod directory and the directory itself, the manifest last. */
export function removeTree(pod: string): void {
  for (const name of readdirSync(pod)) {
    if (name === "pod") continue;
    removeEntry(join(pod, name));
    crashPoint("gc-partial");
  }
  rmSync(join(pod, "pod"), { force: true });
  crashPoint("gc-empty");
  removeEmptied(pod);
}

/**
 * The program that was the parent of a killed supervisor's app tidies up at the same time as we do:
 * for an instant what it is at may come or go between two of our steps.
 */
const TRIES = 20;
const RETRY_MS = 10;

function removeEntry(path: string): void {
  rmSync(path, { recursive: true, force: true, maxRetries: TRIES, retryDelay: RETRY_MS });
}

function removeEmptied(directory: string): void {
  for (let attempt = 1; ; attempt++) {
    try {
      return rmdirSync(directory);
    } catch (error) {
      if (attempt === TRIES || (error as { readonly code?: unknown }).code !== "ENOTEMPTY") {
        throw error;
      }
    }
    Bun.sleepSync(RETRY_MS);
    for (const name of readdirSync(directory)) removeEntry(join(directory, name));
  }
}

/**
 * Detaches whatever is still mounted below a pod in the caller's mount namespace: removal must
 * never reach the file systems behind it. Pods of the bundled stage1 leave nothing here; others
 * may.
 */
export function detachMounts(kernel: Pick<Kernel, "unmount">, pod: string): void {
  for (const point of mountPointsBelow(pod).reverse()) kernel.unmount(point, { detach: true });
  const [left] = mountPointsBelow(pod);
  if (left === undefined) return;
  throw new Fault("precondition", `remove ${quote(pod)}: ${quote(left)} is still mounted`);
}

/** In the order in which they were mounted. */
function mountPointsBelow(directory: string): string[] {
  return readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .map((line) => unescapeOctal(line.split(" ")[4] ?? ""))
    .filter((point) => point.startsWith(`${directory}/`));
}

/** The kernel writes space, tab, newline and backslash as three octal digits. */
function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}
