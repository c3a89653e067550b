/**
 * Resources whose objects are those of another one in another version. In: a resource. Out: how its
 * objects become the ones that are stored, and back. Pure.
 */
import type { GroupVersion } from "../kinds/kind.ts";
import type { JsonObject } from "../schema/schema.ts";
import { autoscalerToV1, autoscalerToV2 } from "./autoscaler.ts";
import { eventToCore, eventToNew } from "./event.ts";

export interface VersionedResource extends GroupVersion {
  readonly resource: string;
}

/** `seen` is another version of what is kept as `stored`. */
export interface SharedVersion {
  readonly seen: VersionedResource;
  readonly stored: VersionedResource;
  /** Neither changes what it is given; apiVersion and kind are the caller's. */
  readonly toStored: (object: JsonObject) => JsonObject;
  readonly fromStored: (object: JsonObject) => JsonObject;
}

const AUTOSCALERS = { group: "autoscaling", resource: "horizontalpodautoscalers" } as const;

export const SHARED_VERSIONS: readonly SharedVersion[] = [
  {
    seen: { group: "events.k8s.io", version: "v1", resource: "events" },
    stored: { group: "", version: "v1", resource: "events" },
    toStored: eventToCore,
    fromStored: eventToNew,
  },
  {
    seen: { ...AUTOSCALERS, version: "v1" },
    stored: { ...AUTOSCALERS, version: "v2" },
    toStored: autoscalerToV2,
    fromStored: autoscalerToV1,
  },
];

export function isSame(left: VersionedResource, right: VersionedResource): boolean {
  return (
    left.group === right.group && left.version === right.version && left.resource === right.resource
  );
}
