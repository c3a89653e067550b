/** Amounts of resources, as they are kept: nothing finer than thousandths. */
import type { JsonObject } from "../schema/schema.ts";
import { findObject } from "../strategy/object-at.ts";
import { formatQuantity, parseQuantity, roundUpQuantity } from "../values/quantity.ts";

/** Rounds up the amounts in a field, where it has any. */
export function roundAmounts(parent: JsonObject, field: string): void {
  const amounts = findObject(parent, field);
  if (amounts === undefined) return;
  for (const [name, amount] of Object.entries(amounts)) {
    if (typeof amount !== "string" || !/[nu.e]/.test(amount)) continue;
    amounts[name] = formatQuantity(roundUpQuantity(parseQuantity(amount), -3));
  }
}
