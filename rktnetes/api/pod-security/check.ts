/** What a check of the Pod Security Standards sees, and what it says. */
import type { PodSpec } from "../types/core-v1.ts";
import type { ObjectMeta } from "../types/meta-v1.ts";

/** What is judged: a pod, or the pod that a template would make. */
export interface CheckedPod {
  readonly metadata: Pick<ObjectMeta, "annotations"> | undefined;
  readonly spec: PodSpec;
  /** The minor version of the rules. */
  readonly minor: number;
}

export interface Violation {
  readonly reason: string;
  readonly detail: string;
}

export type Check = (pod: CheckedPod) => Violation | undefined;
