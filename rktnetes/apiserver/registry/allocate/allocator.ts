/**
 * What the server chooses for an object and keeps others from having: addresses and ports of
 * services. In: an object that was found valid. Out: the object completed in place, and writes that
 * go into the same commit; whoever loses the race for a key asks again. @throws {StatusFault}
 */
import type { Kind } from "@rktnetes/api/kind";
import type { JsonObject } from "@rktnetes/api/schema";
import type { Write } from "../../storage/store.ts";
import type { Registry } from "../registry.ts";

/** Whether anything is chosen for objects of this kind. */
export function allocates({ group, resource }: Kind): boolean {
  return group === "" && resource === "services";
}

/** `old` is what the object replaces. What it had and the object has not is given back. */
export async function claim(
  registry: Registry,
  kind: Kind,
  object: JsonObject,
  old: JsonObject | undefined,
): Promise<readonly Write[]> {
  if (!allocates(kind)) return [];
  const { claimForService } = await import("./services.ts");
  return await claimForService(registry, object, old);
}

/** Gives back all that the object has. */
export async function release(
  registry: Registry,
  kind: Kind,
  object: JsonObject,
): Promise<readonly Write[]> {
  if (!allocates(kind)) return [];
  const { releaseOfService } = await import("./services.ts");
  return await releaseOfService(registry, object);
}
