/** Amounts of named resources, and sums of them. Pure. */
import type { Container, PodSpec } from "../types/core-v1.ts";
import {
  addQuantities,
  compareQuantities,
  formatQuantity,
  negateQuantity,
  parseQuantity,
  type Quantity,
} from "../values/quantity.ts";

/** By the name of the resource. */
export type Amounts = Readonly<Record<string, Quantity>>;

/** As objects hold them. */
export type AmountTexts = Readonly<Record<string, string>>;

export const ONE: Quantity = parseQuantity("1");

export function readAmounts(texts: AmountTexts | undefined): Amounts {
  return mapAmounts(texts ?? {}, parseQuantity);
}

export function writeAmounts(amounts: Amounts): Record<string, string> {
  const names = Object.keys(amounts).sort();
  return Object.fromEntries(names.map((name) => [name, formatQuantity(amounts[name] ?? ONE)]));
}

function mapAmounts<T>(from: Readonly<Record<string, T>>, to: (value: T) => Quantity): Amounts {
  return Object.fromEntries(Object.entries(from).map(([name, value]) => [name, to(value)]));
}

export function sum(all: readonly Amounts[]): Amounts {
  const total: Record<string, Quantity> = {};
  for (const amounts of all) {
    for (const [name, amount] of Object.entries(amounts)) {
      const known = total[name];
      total[name] = known === undefined ? amount : addQuantities(known, amount);
    }
  }
  return total;
}

export function difference(left: Amounts, right: Amounts): Amounts {
  return sum([left, mapAmounts(right, negateQuantity)]);
}

export function largest(left: Amounts, right: Amounts): Amounts {
  const out: Record<string, Quantity> = { ...left };
  for (const [name, amount] of Object.entries(right)) {
    const known = out[name];
    if (known === undefined || compareQuantities(known, amount) < 0) out[name] = amount;
  }
  return out;
}

export function only(amounts: Amounts, isWanted: (name: string) => boolean): Amounts {
  return Object.fromEntries(Object.entries(amounts).filter(([name]) => isWanted(name)));
}

export function isZero(amount: Quantity): boolean {
  return compareQuantities(amount, 0n) === 0;
}

/** `pods=1,requests.cpu=600m` */
export function describeAmounts(amounts: Amounts): string {
  return Object.entries(writeAmounts(amounts))
    .map(([name, amount]) => `${name}=${amount}`)
    .join(",");
}

/**
 * What a pod needs while it starts or while it runs, whichever is more, with its overhead, which
 * raises limits that there are. Init containers that go on running count beside the others.
 */
export function podAmounts(spec: PodSpec, which: "requests" | "limits"): Amounts {
  const of = ({ resources }: Container): Amounts => readAmounts(resources?.[which]);
  let running = sum((spec.containers ?? []).map(of));
  let starting: Amounts = {};
  let sidecars: Amounts = {};
  for (const container of spec.initContainers ?? []) {
    if (container.restartPolicy === "Always") {
      sidecars = sum([sidecars, of(container)]);
      starting = largest(starting, sidecars);
    } else {
      starting = largest(starting, sum([sidecars, of(container)]));
    }
  }
  running = sum([running, sidecars]);
  const total = largest(running, starting);
  const whole = { ...total, ...readAmounts(spec.resources?.[which]) };
  const overhead = readAmounts(spec.overhead);
  const isAdded = (name: string): boolean => which === "requests" || whole[name] !== undefined;
  return sum([whole, only(overhead, isAdded)]);
}
