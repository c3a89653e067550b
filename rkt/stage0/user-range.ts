/**
 * The ids of the host that stand for 0 and up in a pod with a user namespace of its own. The record
 * lies in the pod directory, so a range is free again when its pod is removed.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseUserRange, podPaths, type UserRange } from "@rkt/stage1/contract";
import { Fault } from "@shared/base";
import type { Stage0Host } from "./host.ts";
import { PHASES } from "./phase.ts";
import { phasePath, uuidsIn } from "./pod-dir.ts";
import { lockFile } from "./prepare-lock.ts";

/** As many ids as a program may reckon with; rkt's number too. */
const COUNT = 65_536;
/** Below lie the accounts of people and services, and what systemd gives to services. */
const FIRST = 16 * COUNT;
/** Ids above are negative for programs that use a signed number. */
const LAST = 2 ** 31 - COUNT;

/** A range that belongs to one pod as soon as its record is written; dispose it then. */
export interface ClaimedRange extends Disposable {
  readonly range: UserRange;
}

/**
 * A range that no other pod has: the wanted one, or else the lowest that no user of the machine has
 * either.
 *
 * @throws {Fault} "already-exists" where a pod has part of the wanted one, "unsupported"
 */
export function claimUserRange(
  host: Pick<Stage0Host, "kernel">,
  dataDir: string,
  wanted: UserRange | "any",
): ClaimedRange {
  checkKernel();
  const lock = lockFile(host, join(dataDir, "locks", "userRanges"), "exclusive");
  try {
    const ofPods = rangesOfPods(dataDir);
    const range = wanted === "any" ? lowestFree([...ofPods, ...rangesOfUsers()]) : wanted;
    if (ofPods.some((each) => overlap(each, range))) {
      const what = `take ids ${range.shift} to ${range.shift + range.count - 1} for the pod`;
      throw new Fault("already-exists", `${what}: another pod has some of them`, {
        hint: "Give no range with --private-users to get a free one.",
      });
    }
    return { range, [Symbol.dispose]: () => lock[Symbol.dispose]() };
  } catch (error) {
    lock[Symbol.dispose]();
    throw error;
  }
}

/** The range of a pod; undefined where its apps have the host's ids. */
export function readUserRange(pod: string): UserRange | undefined {
  try {
    return parseUserRange(readFileSync(podPaths.privateUsers(pod), "utf8").trim());
  } catch (error) {
    if (Fault.from(error).kind === "not-found") return undefined;
    throw error;
  }
}

function checkKernel(): void {
  try {
    readFileSync("/proc/self/uid_map");
  } catch (cause) {
    const what = "--private-users is not supported, kernel compiled without user namespace support";
    throw new Fault("unsupported", what, { cause });
  }
}

function rangesOfPods(dataDir: string): UserRange[] {
  return PHASES.flatMap((phase) =>
    uuidsIn(dataDir, phase).flatMap((uuid) => {
      const range = readUserRange(phasePath(dataDir, phase, uuid));
      return range === undefined ? [] : [range];
    }),
  );
}

/** @see subuid(5) */
function rangesOfUsers(): UserRange[] {
  return ["/etc/subuid", "/etc/subgid"].flatMap((path) =>
    [...readIfThere(path).matchAll(/^[^:#]*:(\d+):(\d+)$/gm)].map(([, shift, count]) => ({
      shift: Number(shift),
      count: Number(count),
    })),
  );
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (Fault.from(error).kind === "not-found") return "";
    throw error;
  }
}

/** The lowest range that meets none of these. Pure. */
export function lowestFree(taken: readonly UserRange[]): UserRange {
  for (let shift = FIRST; shift <= LAST; shift += COUNT) {
    const range = { shift, count: COUNT };
    if (!taken.some((each) => overlap(each, range))) return range;
  }
  throw new Fault("exhausted", "find free ids for the pod: all ranges are taken", {
    hint: 'Remove pods that have ended: "rkt gc --grace-period=0s".',
  });
}

function overlap(a: UserRange, b: UserRange): boolean {
  return a.shift < b.shift + b.count && b.shift < a.shift + a.count;
}
