/**
 * What a pod needs of a node, summed up from its containers. In: a decoded pod spec. Out: amounts
 * by resource. Pure.
 */
import type { JsonObject } from "../schema/schema.ts";
import { readList, readObject } from "../strategy/object-at.ts";
import {
  addQuantities,
  compareQuantities,
  parseQuantity,
  type Quantity,
} from "../values/quantity.ts";

type Amounts = ReadonlyMap<string, Quantity>;

/** Resources that a pod may ask for as a whole. */
export function isPodLevelResource(name: string): boolean {
  return name === "cpu" || name === "memory" || name.startsWith("hugepages-");
}

/** All containers together; init containers run one after another, sidecars beside the rest. */
export function containerRequests(spec: JsonObject): Amounts {
  let sum: Amounts = new Map();
  for (const container of readList(spec, "containers")) sum = added(sum, requestsOf(container));
  let sidecars: Amounts = new Map();
  let most: Amounts = new Map();
  for (const container of readList(spec, "initContainers")) {
    const own = requestsOf(container);
    const isSidecar = container["restartPolicy"] === "Always";
    if (isSidecar) sidecars = added(sidecars, own);
    most = larger(most, isSidecar ? sidecars : added(sidecars, own));
  }
  return larger(added(sum, sidecars), most);
}

function requestsOf(container: JsonObject): Amounts {
  const requests = readObject(readObject(container, "resources"), "requests");
  const entries = Object.entries(requests).map(
    ([name, amount]) => [name, parseQuantity(amount as string)] as const,
  );
  return new Map(entries);
}

function added(left: Amounts, right: Amounts): Amounts {
  const sum = new Map(left);
  for (const [name, amount] of right) {
    const before = sum.get(name);
    sum.set(name, before === undefined ? amount : addQuantities(before, amount));
  }
  return sum;
}

function larger(left: Amounts, right: Amounts): Amounts {
  const most = new Map(left);
  for (const [name, amount] of right) {
    const before = most.get(name);
    if (before === undefined || compareQuantities(amount, before) > 0) most.set(name, amount);
  }
  return most;
}
