/**
 * What the server chooses for an object and keeps others from having: addresses and ports of
 * services. In: an object that was found valid. Out: the object completed in place, and writes that
 * go into the same commit; whoever loses the race for a key is asked again. @throws {StatusFault}
 */
import type { Kind } from "@rktnetes/api/kind";
import type { JsonObject } from "@rktnetes/api/schema";
import type { Write } from "../../storage/store.ts";
import type { Registry } from "../registry.ts";

export interface Allocator {
  /** `old` is what the object replaces. What it had and the object has not is given back. */
  readonly claim: (
    registry: Registry,
    object: JsonObject,
    old: JsonObject | undefined,
  ) => Promise<readonly Write[]>;
  /** Gives back all that the object has. */
  readonly release: (registry: Registry, object: JsonObject) => Promise<readonly Write[]>;
}

/** Undefined for kinds for which nothing is chosen. */
export async function loadAllocator({ group, resource }: Kind): Promise<Allocator | undefined> {
  if (group !== "" || resource !== "services") return undefined;
  return (await import("./services.ts")).SERVICE_ALLOCATOR;
}
