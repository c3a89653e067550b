/** Writes that the server makes by itself. Pure. */
import type { WriteRequest } from "./written.ts";

export interface OwnWrite {
  /** Empty for objects of the cluster. */
  readonly namespace?: string;
  readonly name: string;
  readonly subresource?: string;
  readonly dryRun?: boolean;
  /** Who owns the fields; the server itself without it. */
  readonly fieldManager?: string;
}

/** A write by the server itself: nobody is asked whether it may, and nobody reads warnings. */
export function ownRequest(write: OwnWrite): WriteRequest {
  return {
    namespace: "",
    subresource: "",
    dryRun: false,
    fieldManager: "kube-apiserver",
    ...write,
    user: { name: "system:apiserver", uid: "", groups: ["system:masters"], extra: {} },
    warn: () => undefined,
  };
}
