/**
 * What a fresh cluster has before anybody asked for it, written in one commit. In: a store. A store
 * that has it already is not written to.
 */
import type { ServerHost } from "../host.ts";
import { timestamp } from "../host.ts";
import { objectKey, resourcePrefix } from "../registry/keys.ts";
import type { Store, Write } from "../storage/store.ts";
import objectsText from "./generated/objects.txt" with { type: "text" };

const NAMESPACES = resourcePrefix({ group: "", version: "v1", resource: "namespaces" });

/** What the generated table has for the range of services. */
const DEFAULT_RANGES = '"cidrs":["10.96.0.0/16"]';

/** `serviceRanges`: at most one of each family. */
export async function bootstrap(
  store: Store,
  host: ServerHost,
  serviceRanges: readonly string[],
): Promise<void> {
  const page = await store.list(NAMESPACES, { limit: 1 });
  if (page.entries.length > 0) return;
  await store.commit(bootstrapWrites(host, serviceRanges));
}

/** One write for each object of the generated table. */
export function bootstrapWrites(
  host: ServerHost,
  serviceRanges: readonly string[],
): readonly Write[] {
  const now = timestamp(host.clock.now());
  const blank = objectsText.indexOf("\n\n");
  const managers = objectsText.slice(0, blank).split("\n");
  const lines = objectsText
    .slice(blank + 2)
    .trimEnd()
    .split("\n");
  return lines.map((line): Write => {
    const tab = line.indexOf("\t");
    const [group = "", resource = ""] = line.slice(0, tab).split("/");
    const text = line
      .slice(tab + 1)
      .replace(/<managers (\d+)>/, (_whole, at: string) => managers[Number(at)] ?? "[]")
      .replace("<uid>", host.uuid())
      .replaceAll("<time>", now)
      .replace(DEFAULT_RANGES, `"cidrs":${JSON.stringify(serviceRanges)}`);
    const key = objectKey(resourcePrefix({ group, version: "v1", resource }), ...placeOf(text));
    return { change: { type: "put", key, value: Buffer.from(text) }, expected: 0 };
  });
}

/** Namespace and name: both stand in front of the uid. */
function placeOf(text: string): [namespace: string, name: string] {
  const head = text.slice(0, text.indexOf('"uid"'));
  const value = (field: string): string => head.split(`"${field}":"`)[1]?.split('"')[0] ?? "";
  return [value("namespace"), value("name")];
}
