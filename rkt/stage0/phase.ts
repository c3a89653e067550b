/**
 * Where a pod stands: the directory it lies in and whether its lock is held, nothing else. Pure;
 * touches no disk.
 *
 * Pods only ever move forward in the order of PHASES, which is what lets a reader find one that
 * moves under its eyes.
 *
 * @see rkt Documentation/devel/pod-lifecycle.md
 */

/** The directories below `pods/`, in the order in which a pod passes through them. */
export const PHASES = [
  "embryo",
  "prepare",
  "prepared",
  "run",
  "exited-garbage",
  "garbage",
] as const;
export type Phase = (typeof PHASES)[number];

/** What a person is told; the words of rkt 1.30. */
export type PodState =
  | "embryo"
  | "preparing"
  | "aborted prepare"
  | "prepared"
  | "running"
  | "exited"
  | "exited deleting"
  | "exited garbage"
  | "deleting"
  | "garbage";

interface PhaseRow {
  /** The state while somebody holds the lock of the directory. */
  readonly held: PodState;
  readonly free: PodState;
  readonly next: readonly Phase[];
}

const TABLE: Readonly<Record<Phase, PhaseRow>> = {
  embryo: { held: "embryo", free: "embryo", next: ["prepare", "garbage"] },
  prepare: { held: "preparing", free: "aborted prepare", next: ["prepared", "run", "garbage"] },
  prepared: { held: "prepared", free: "prepared", next: ["run", "garbage"] },
  run: { held: "running", free: "exited", next: ["exited-garbage", "garbage"] },
  "exited-garbage": { held: "exited deleting", free: "exited garbage", next: ["garbage"] },
  garbage: { held: "deleting", free: "garbage", next: [] },
};

/** The state of a pod that lies in `phase`. */
export function stateOf(phase: Phase, held: boolean): PodState {
  return held ? TABLE[phase].held : TABLE[phase].free;
}

/** Whether a pod may go from one directory to the other. */
export function mayMove(from: Phase, to: Phase): boolean {
  return TABLE[from].next.includes(to);
}

/** A pod in this state has run and never will again. */
export function isAfterRun(state: PodState): boolean {
  return (
    state === "exited" ||
    state === "exited garbage" ||
    state === "exited deleting" ||
    state === "garbage" ||
    state === "deleting"
  );
}
