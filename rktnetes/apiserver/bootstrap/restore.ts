/**
 * What a cluster is never without, put back at the start of a server. In: the objects of a fresh
 * cluster, a store that was used. Out: writes of those that are missing, and of roles and bindings
 * that have less than they need. What somebody added stays, and so does what carries the
 * annotation that forbids it. Pure but for reading the store.
 * @see kubernetes.io, "Using RBAC Authorization", auto-reconciliation
 */
import { readObject, readText } from "@rktnetes/api/object-at";
import type { JsonObject } from "@rktnetes/api/schema";
import type { PolicyRule, Subject } from "@rktnetes/api/types/rbac-v1";
import { uncovered } from "../auth/rbac/policy-rules.ts";
import { resourcePrefix } from "../registry/keys.ts";
import type { Entry, Store, Write } from "../storage/store.ts";

const AUTO_UPDATE = "rbac.authorization.kubernetes.io/autoupdate";
const ROLES = ["clusterroles", "clusterrolebindings", "roles", "rolebindings"].map((resource) =>
  resourcePrefix({ group: "rbac.authorization.k8s.io", version: "v1", resource }),
);

type Put = Write["change"] & { readonly type: "put" };

/** The writes that bring back what is missing. */
export async function restoringWrites(
  store: Store,
  fresh: readonly Write[],
): Promise<readonly Write[]> {
  const there = new Map<string, Entry>();
  for (const prefix of new Set(fresh.map(({ change }) => prefixOf(change.key)))) {
    for (const entry of (await store.list(prefix, {})).entries) there.set(entry.key, entry);
  }
  return fresh.flatMap((write) => {
    const { change } = write;
    const entry = there.get(change.key);
    if (entry === undefined) return [write];
    if (change.type !== "put" || !ROLES.some((prefix) => change.key.startsWith(prefix))) return [];
    const value = reconciled(change, entry);
    return value === undefined ? [] : [{ change: { ...change, value }, expected: entry.revision }];
  });
}

/** All objects of a resource lie below its name. */
function prefixOf(key: string): string {
  return key.split("/").slice(0, 4).join("/").concat("/");
}

function reconciled(wanted: Put, { value }: Entry): Uint8Array | undefined {
  const [needed, present] = [wanted.value, value].map((bytes) => parse(bytes));
  if (needed === undefined || present === undefined) return undefined;
  const metadata = readObject(present, "metadata");
  if (readText(readObject(metadata, "annotations"), AUTO_UPDATE) === "false") return undefined;
  if (JSON.stringify(needed["roleRef"]) !== JSON.stringify(present["roleRef"])) return wanted.value;
  const next: JsonObject = { ...present, metadata: withMarks(metadata, needed) };
  if (present["aggregationRule"] === undefined) addMissing(next, needed);
  return JSON.stringify(next) === JSON.stringify(present)
    ? undefined
    : Buffer.from(JSON.stringify(next));
}

function parse(bytes: Uint8Array): JsonObject {
  return JSON.parse(Buffer.from(bytes).toString()) as JsonObject;
}

/** Labels and annotations; those that are there keep their values. */
function withMarks(metadata: JsonObject, needed: JsonObject): JsonObject {
  const next = { ...metadata };
  for (const field of ["labels", "annotations"]) {
    const wanted = readObject(readObject(needed, "metadata"), field);
    const present = readObject(metadata, field);
    const isWhole = Object.keys(wanted).every((key) => present[key] !== undefined);
    if (!isWhole) next[field] = { ...wanted, ...present };
  }
  return next;
}

function addMissing(object: JsonObject, needed: JsonObject): void {
  const rules = (of: JsonObject): readonly PolicyRule[] =>
    (of["rules"] ?? []) as unknown as readonly PolicyRule[];
  const missing = uncovered(rules(object), rules(needed));
  if (missing.length > 0) object["rules"] = listOf([...rules(object), ...missing]);
  const subjects = (of: JsonObject): readonly Subject[] =>
    (of["subjects"] ?? []) as unknown as readonly Subject[];
  const absent = subjects(needed).filter(
    (subject) => !subjects(object).some((each) => isSame(each, subject)),
  );
  if (absent.length > 0) object["subjects"] = listOf([...subjects(object), ...absent]);
}

function listOf(values: readonly unknown[]): JsonObject[] {
  return values as JsonObject[];
}

function isSame(left: Subject, right: Subject): boolean {
  return (
    left.kind === right.kind &&
    left.name === right.name &&
    (left.namespace ?? "") === (right.namespace ?? "")
  );
}
