/**
 * What a fresh cluster has before anybody asked for it. In: a store. A store that has it already is
 * not written to.
 *
 * It is one commit where the store takes so many writes. Elsewhere the namespaces come with the
 * last one: a server that finds none writes what is missing, be it that another one was killed on
 * its way or that both began at once.
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
  const { writesMax = Number.POSITIVE_INFINITY } = store;
  let writes: readonly Write[] | undefined;
  while (!(await hasNamespaces(store))) {
    writes ??= bootstrapWrites(host, serviceRanges);
    await writeMissing(store, writes, writesMax);
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

/** Namespace and name: both stand in front of the uid. */
function placeOf(text: string): [namespace: string, name: string] {
  const head = text.slice(0, text.indexOf('"uid"'));
  const value = (field: string): string => head.split(`"${field}":"`)[1]?.split('"')[0] ?? "";
  return [value("namespace"), value("name")];
}
