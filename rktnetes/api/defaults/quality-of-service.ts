/** How gently a pod is treated when its node runs short. In: a decoded pod spec. Out: the class. */
import type { JsonObject } from "../schema/schema.ts";
import { readList, readObject } from "../strategy/object-at.ts";
import { compareQuantities, parseQuantity, type Quantity } from "../values/quantity.ts";

const COMPUTE = ["cpu", "memory"] as const;

export function qualityOfService(spec: JsonObject): "Guaranteed" | "Burstable" | "BestEffort" {
  const whole = readObject(spec, "resources");
  const judged = asksOfCompute(whole)
    ? [whole]
    : [...readList(spec, "containers"), ...readList(spec, "initContainers")].map((container) =>
        readObject(container, "resources"),
      );
  if (!judged.some(asksOfCompute)) return "BestEffort";
  return judged.every(isGuaranteed) ? "Guaranteed" : "Burstable";
}

function asksOfCompute(resources: JsonObject): boolean {
  return COMPUTE.some(
    (name) =>
      isPositive(amountOf(resources, "requests", name)) ||
      isPositive(amountOf(resources, "limits", name)),
  );
}

/** Asks for exactly as much as it may have, of both. */
function isGuaranteed(resources: JsonObject): boolean {
  return COMPUTE.every((name) => {
    const limit = amountOf(resources, "limits", name);
    const request = amountOf(resources, "requests", name) ?? limit;
    if (limit === undefined || request === undefined || !isPositive(limit)) return false;
    return compareQuantities(limit, request) === 0;
  });
}

function isPositive(amount: Quantity | undefined): boolean {
  return amount !== undefined && compareQuantities(amount, 0n) > 0;
}

function amountOf(resources: JsonObject, side: string, name: string): Quantity | undefined {
  const amount = readObject(resources, side)[name];
  return typeof amount === "string" ? parseQuantity(amount) : undefined;
}
