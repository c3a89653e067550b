/**
 * What a server serves. In: a client. Out: resources with their kinds and verbs, and the groups
 * that could not be asked: whoever deletes by this list must know that it is not whole.
 */
import type { Json, JsonObject } from "@rktnetes/api/schema";
import { StatusFault } from "@rktnetes/api/status-fault";
import { isObject, own } from "@rktnetes/api/patch/values";
import type { Client, ResourceName } from "./client.ts";
import { textOf } from "./informer.ts";

/** A resource with what can be done with it. */
export interface ServedResource extends ResourceName {
  readonly kind: string;
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
}

/** What is served, as far as could be seen. */
export interface Discovered {
  readonly resources: readonly ServedResource[];
  /** `group/version` of what did not answer, with why. */
  readonly failed: ReadonlyMap<string, string>;
}

/** The preferred version of every group, without sub-resources. */
export async function discover(client: Client): Promise<Discovered> {
  const groups = listIn(await client.document("/apis"), "groups");
  const versions = ["v1", ...groups.map((group) => preferredOf(group))];
  const failed = new Map<string, string>();
  const found = await Promise.all(
    versions.map(async (version) => {
      const path = version === "v1" ? "/api/v1" : `/apis/${version}`;
      try {
        return resourcesOf(await client.document(path), version);
      } catch (error) {
        failed.set(version, whyFailed(version, error));
        return [];
      }
    }),
  );
  return { resources: found.flat(), failed };
}

/** Groups of other servers stay in the list while those are away. */
function whyFailed(version: string, error: unknown): string {
  const isAway = error instanceof StatusFault && error.failure.code === 503;
  if (isAway) return `stale GroupVersion discovery: ${version}`;
  return error instanceof Error ? error.message : String(error);
}

function preferredOf(group: JsonObject): string {
  const preferred = own(group, "preferredVersion");
  return isObject(preferred) ? textOf(preferred, "groupVersion") : "";
}

function resourcesOf(list: JsonObject, groupVersion: string): ServedResource[] {
  const [first = "", second] = groupVersion.split("/");
  const [group, version] = second === undefined ? ["", first] : [first, second];
  return listIn(list, "resources").flatMap((one) => {
    const resource = textOf(one, "name");
    if (resource.includes("/")) return [];
    const verbs = own(one, "verbs");
    return {
      group,
      version,
      resource,
      kind: textOf(one, "kind"),
      namespaced: own(one, "namespaced") === true,
      verbs: Array.isArray(verbs) ? verbs.map(String) : [],
    };
  });
}

function listIn(object: JsonObject, field: string): readonly JsonObject[] {
  const list: Json | undefined = own(object, field);
  return Array.isArray(list) ? list.filter((item) => isObject(item)) : [];
}
