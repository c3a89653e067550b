/**
 * Pod directories: a data directory and a UUID or its beginning flow in, an open directory flows
 * out.
 *
 * Everything about a pod is read through the descriptor of its directory, which stays right while
 * the pod moves from phase to phase. Never writes into a pod.
 */
import {
  closeSync,
  constants,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  renameSync,
} from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { assert, Fault, quote } from "@shared/base";
import type { Stage0Host } from "./host.ts";
import { mayMove, PHASES, type Phase, type PodState, stateOf } from "./phase.ts";

/**
 * A pod directory held open. Disposing closes it, which also gives back a lock taken through it.
 */
export interface Pod extends Disposable {
  readonly uuid: string;
  readonly dataDir: string;
  readonly fd: number;
  /** A name of the directory that stays valid when the pod moves. */
  readonly files: string;
}

type LockHost = Pick<Stage0Host, "kernel">;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Path of a phase, or of a pod in it. */
export function phasePath(dataDir: string, phase: Phase, uuid = ""): string {
  return join(dataDir, "pods", phase, uuid);
}

/** The pods that lie in a phase right now. */
export function uuidsIn(dataDir: string, phase: Phase): string[] {
  try {
    return readdirSync(phasePath(dataDir, phase)).filter((name) => UUID.test(name));
  } catch (error) {
    if (Fault.from(error).kind === "not-found") return [];
    throw error;
  }
}

/**
 * The one pod whose UUID begins with `prefix`, opened.
 *
 * @throws {Fault} "invalid" for an empty prefix, "not-found", "ambiguous"; rkt's words
 */
export function openPodByUuid(dataDir: string, prefix: string): Pod {
  const uuid = resolveUuid(dataDir, prefix);
  for (const phase of PHASES) {
    const pod = openPodIn(resolve(dataDir), phase, uuid);
    if (pod !== undefined) return pod;
  }
  throw new Fault("not-found", `no matches found for ${quote(prefix)}`);
}

function resolveUuid(dataDir: string, prefix: string): string {
  if (prefix === "") throw new Fault("invalid", "UUID cannot be empty");
  const wanted = prefix.toLowerCase();
  if (UUID.test(wanted)) return wanted;
  // A pod that moves meanwhile may be seen in two phases: it is one match.
  const found = new Set<string>();
  for (const phase of PHASES) {
    for (const uuid of uuidsIn(dataDir, phase)) if (uuid.startsWith(wanted)) found.add(uuid);
  }
  const [only] = found;
  if (only === undefined) throw new Fault("not-found", `no matches found for ${quote(prefix)}`);
  if (found.size > 1) throw new Fault("ambiguous", `ambiguous uuid, ${found.size} matches`);
  return only;
}

/** Opens a pod where it is believed to lie; undefined when it is not there. */
export function openPodIn(dataDir: string, phase: Phase, uuid: string): Pod | undefined {
  const flags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
  try {
    const fd = openSync(phasePath(dataDir, phase, uuid), flags);
    return openedPod(dataDir, uuid, fd);
  } catch (error) {
    if (Fault.from(error).kind === "not-found") return undefined;
    throw error;
  }
}

/** A pod whose directory is open as `fd`. */
export function openedPod(dataDir: string, uuid: string, fd: number): Pod {
  const files = `/proc/self/fd/${fd}`;
  return { uuid, dataDir, fd, files, [Symbol.dispose]: () => closeSync(fd) };
}

/** The phase in which an open pod lies at this instant; undefined once it is removed. */
export function phaseOf(pod: Pod): Phase | undefined {
  const path = readlinkSync(pod.files);
  if (basename(path) !== pod.uuid) return undefined; // "… (deleted)"
  const phase = basename(dirname(path));
  return PHASES.find((known) => known === phase);
}

/** Where an open pod lies at this instant, as a path that other processes understand. */
export function pathOf(pod: Pod): string {
  return readlinkSync(pod.files);
}

/**
 * State of a pod opened as an observer: where it lies and whether anybody holds its lock, at one
 * instant. Undefined once it is removed.
 *
 * Never call it with a descriptor that holds the lock: the test would give the lock away.
 */
export function stateOfPod(host: LockHost, pod: Pod, seenIn?: Phase): PodState | undefined {
  let before = seenIn ?? phaseOf(pod);
  while (before !== undefined) {
    const held = isHeld(host, pod);
    // A lock that was free in one phase says nothing of the next: a pod on its way into "run" would
    // look exited.
    const after = phaseOf(pod);
    if (after === before) return stateOf(before, held);
    before = after;
  }
  return undefined;
}

function isHeld(host: LockHost, pod: Pod): boolean {
  if (!host.kernel.flock(pod.fd, "shared", { wait: false })) return true;
  host.kernel.flock(pod.fd, "unlock", { wait: false });
  return false;
}

/** Takes the pod's lock if nobody has it. Observers hold it for microseconds. */
export function tryLock(host: LockHost, pod: Pod): boolean {
  return host.kernel.flock(pod.fd, "exclusive", { wait: false });
}

/** Moves a pod whose lock the caller holds. False when it no longer lies in `from`. */
export function movePod(pod: Pod, from: Phase, to: Phase): boolean {
  assert(mayMove(from, to), `a pod never goes from ${from} to ${to}`);
  const source = phasePath(pod.dataDir, from, pod.uuid);
  const target = phasePath(pod.dataDir, to, pod.uuid);
  if (tryRename(source, target)) return true;
  // Either the pod is gone or the phase has never been used in this data directory.
  mkdirSync(dirname(target), { recursive: true, mode: 0o750 });
  return tryRename(source, target);
}

function tryRename(source: string, target: string): boolean {
  try {
    renameSync(source, target);
    return true;
  } catch (error) {
    if (Fault.from(error).kind === "not-found") return false;
    throw error;
  }
}
