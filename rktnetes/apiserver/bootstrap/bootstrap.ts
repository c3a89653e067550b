/**
 * What a fresh cluster has before anybody asked for it. In: a store. A store that was used gets
 * back what it lacks of it.
 *
 * It is one commit where the store takes so many writes. Elsewhere the namespaces come with the
 * last one: a server that finds none writes what is missing, be it that another one was killed on
 * its way or that both began at once.
 */
import type { JsonObject } from "@rktnetes/api/schema";
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
  const { writesMax = Number.POSITIVE_INFINITY } = store;
  const fresh = bootstrapWrites(host, serviceRanges);
  const wasUsed = await hasNamespaces(store);
  while (!(await hasNamespaces(store))) await writeMissing(store, fresh, writesMax);
  if (!wasUsed) return;
  const { restoringWrites } = await import("./restore.ts");
  const missing = await restoringWrites(store, fresh);
  for (let at = 0; at < missing.length; at += writesMax) {
    if (!(await store.commit(missing.slice(at, at + writesMax))).done) return;
  }
}

async function hasNamespaces(store: Store): Promise<boolean> {
  return (await store.list(NAMESPACES, { limit: 1 })).entries.length > 0;
}

/** Stops where somebody else was faster. */
async function writeMissing(store: Store, all: readonly Write[], max: number): Promise<void> {
  const there = new Set((await store.list("/registry/")).entries.map(({ key }) => key));
  const missing = all.filter(({ change }) => !there.has(change.key));
  const isLast = ({ change }: Write): boolean => change.key.startsWith(NAMESPACES);
  const ordered = [...missing.filter((write) => !isLast(write)), ...missing.filter(isLast)];
  // The last commit is a full one, so that it has all namespaces.
  for (let end = ordered.length % max || max; end <= ordered.length; end += max) {
    if (!(await store.commit(ordered.slice(Math.max(0, end - max), end))).done) return;
  }
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

/** What a fresh cluster has of a resource, named `group/resource`; without uids and times. */
export function bootstrapObjects(resource: string): readonly JsonObject[] {
  const mine = objectsText.split("\n").filter((line) => line.startsWith(`${resource}\t`));
  return mine.map((line) => {
    const text = line.slice(resource.length + 1).replace(/<managers \d+>/, "[]");
    return JSON.parse(text) as JsonObject;
  });
}

/** Namespace and name: both stand in front of the uid. */
function placeOf(text: string): [namespace: string, name: string] {
  const head = text.slice(0, text.indexOf('"uid"'));
  const value = (field: string): string => head.split(`"${field}":"`)[1]?.split('"')[0] ?? "";
  return [value("namespace"), value("name")];
}
