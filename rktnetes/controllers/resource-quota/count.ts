/** What of a quota is used, counted from the objects that there are. Pure. */
import { type Amounts, only, readAmounts, sum, writeAmounts } from "@rktnetes/api/quota/amounts";
import { isInScope } from "@rktnetes/api/quota/scopes";
import {
  type CountedResource,
  isCountedBy,
  namedResources,
  usageOf,
} from "@rktnetes/api/quota/usage";
import type { JsonObject } from "@rktnetes/api/schema";
import type { ResourceQuotaSpec } from "@rktnetes/api/types/core-v1";

const COUNT = "count/";

/** The resources that these names of a quota are about. */
export function countedBy(names: readonly string[]): readonly CountedResource[] {
  const found = namedResources().filter((of) => names.some((name) => isCountedBy(name, of)));
  const all = new Map(found.map((of) => [`${of.resource}.`, of]));
  for (const name of names) {
    if (!name.startsWith(COUNT)) continue;
    const [resource = "", ...group] = name.slice(COUNT.length).split(".");
    const key = `${resource}.${group.join(".")}`;
    if (!all.has(key)) all.set(key, { group: group.join("."), resource });
  }
  return [...all.values()];
}

/** The status of a quota whose resources have these objects; of others it keeps what was said. */
export function statusOf(
  spec: ResourceQuotaSpec,
  before: Readonly<Record<string, string>>,
  objects: ReadonlyMap<CountedResource, readonly JsonObject[]>,
): { readonly hard: Record<string, string>; readonly used: Record<string, string> } {
  const hard = spec.hard ?? {};
  const isHard = (name: string): boolean => hard[name] !== undefined;
  let used: Amounts = only(readAmounts(before), isHard);
  for (const [of, list] of objects) {
    const names = Object.keys(hard).filter((name) => isCountedBy(name, of));
    const zeros = readAmounts(Object.fromEntries(names.map((name) => [name, "0"])));
    const mine = list.filter((object) => isInScope(spec, of, object));
    const amounts = sum([zeros, ...mine.map((object) => usageOf(of, object))]);
    used = { ...used, ...only(amounts, (name) => names.includes(name)) };
  }
  return { hard: writeAmounts(readAmounts(hard)), used: writeAmounts(used) };
}
