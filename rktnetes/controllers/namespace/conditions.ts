/**
 * What a namespace that is to go says of what is left in it. In: what was found. Out: its
 * conditions, in the words that people and programs know. Pure.
 */
import type { Json, JsonObject } from "@rktnetes/api/schema";
import { isObject, own } from "@rktnetes/api/patch/values";

export interface Remains {
  /** Groups that did not say what they serve, with why. */
  readonly unseen: ReadonlyMap<string, string>;
  /** Why something could not be deleted. */
  readonly failures: string[];
  /** Objects that are left, by resource. */
  readonly counts: Map<string, number>;
  /** Objects that are left, by the finalizer that holds them. */
  readonly finalizers: Map<string, number>;
  /** Pods go first: nothing else was looked at yet. */
  readonly isWaitingForPods?: boolean;
}

type Words = readonly [isTrue: boolean, reason: string, message: string];

/** Undefined when nothing changes. `before` are the conditions that are there. */
export function conditionsOf(
  remains: Remains,
  before: Json | undefined,
  now: string,
): JsonObject[] | undefined {
  const known = Array.isArray(before) ? before.filter((one) => isObject(one)) : [];
  let changed = false;
  const conditions = Object.entries(words(remains)).map(([type, [isTrue, reason, message]]) => {
    const status = isTrue ? "True" : "False";
    const old = known.find((one) => own(one, "type") === type);
    if (old !== undefined && own(old, "status") === status && own(old, "message") === message) {
      return old;
    }
    changed = true;
    return { type, status, lastTransitionTime: now, reason, message };
  });
  return changed ? conditions : undefined;
}

function words({ unseen, failures, counts, finalizers }: Remains): Readonly<Record<string, Words>> {
  return {
    NamespaceDeletionDiscoveryFailure:
      unseen.size === 0
        ? [false, "ResourcesDiscovered", "All resources successfully discovered"]
        : [true, "DiscoveryFailed", discoveryFailure(unseen)],
    NamespaceDeletionGroupVersionParsingFailure: [
      false,
      "ParsedGroupVersions",
      "All legacy kube types successfully parsed",
    ],
    NamespaceDeletionContentFailure: failures.length === 0 ? DELETED : [true, ...failed(failures)],
    NamespaceContentRemaining:
      counts.size === 0
        ? [false, "ContentRemoved", "All content successfully removed"]
        : [true, "SomeResourcesRemain", remainingText(counts)],
    NamespaceFinalizersRemaining:
      finalizers.size === 0
        ? [false, "ContentHasNoFinalizers", "All content-preserving finalizers finished"]
        : [true, "SomeFinalizersRemain", finalizersText(finalizers)],
  };
}

const DELETED: Words = [
  false,
  "ContentDeleted",
  "All content successfully deleted, may be waiting on finalization",
];

function failed(failures: readonly string[]): readonly [reason: string, message: string] {
  const list = `${failures.length} remaining: ${failures.toSorted().join(", ")}`;
  return ["ContentDeletionFailed", `Failed to delete all resource types, ${list}`];
}

function remainingText(counts: ReadonlyMap<string, number>): string {
  const list = listed(counts, (name, count) => `${name}. has ${count} resource instances`);
  return `Some resources are remaining: ${list}`;
}

function finalizersText(finalizers: ReadonlyMap<string, number>): string {
  const list = listed(finalizers, (name, count) => `${name} in ${count} resource instances`);
  return `Some content in the namespace has finalizers remaining: ${list}`;
}

function listed(
  counts: ReadonlyMap<string, number>,
  describe: (name: string, count: number) => string,
): string {
  const names = [...counts].sort(([left], [right]) => (left < right ? -1 : 1));
  return names.map(([name, count]) => describe(name, count)).join(", ");
}

function discoveryFailure(unseen: ReadonlyMap<string, string>): string {
  const groups = [...unseen].map(([group, why]) => `${group}: ${why}`).join(", ");
  const what = "unable to retrieve the complete list of server APIs";
  return `Discovery failed for some groups, ${unseen.size} failing: ${what}: ${groups}`;
}
