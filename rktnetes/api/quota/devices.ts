/**
 * How many devices of each class a ResourceClaim may take. In: a claim. Out: amounts by the names
 * that quotas use, `gold.deviceclass.resource.k8s.io/devices`. Pure.
 */
import type { JsonObject } from "../schema/schema.ts";
import type { DeviceRequest, ResourceClaim } from "../types/resource-v1.ts";
import { parseQuantity } from "../values/quantity.ts";
import { type Amounts, largest, sum } from "./amounts.ts";

const SUFFIX = ".deviceclass.resource.k8s.io/devices";

/** No claim is given more. */
const MOST_DEVICES = 32;

export function isOfDevices(name: string): boolean {
  return name.endsWith(SUFFIX);
}

/** Requests add up; of alternatives, whichever takes most of a class counts. */
export function deviceAmounts(claim: JsonObject): Amounts {
  const { spec } = claim as unknown as ResourceClaim;
  return sum((spec.devices?.requests ?? []).map(requestAmounts));
}

function requestAmounts({ exactly, firstAvailable }: DeviceRequest): Amounts {
  const alternatives = exactly === undefined ? (firstAvailable ?? []) : [exactly];
  return alternatives.map(amountOf).reduce<Amounts>(largest, {});
}

interface Wanted {
  readonly deviceClassName: string;
  readonly allocationMode?: string;
  readonly count?: number;
}

function amountOf({ deviceClassName, allocationMode, count }: Wanted): Amounts {
  const devices = allocationMode === "All" ? MOST_DEVICES : (count ?? 0);
  return { [`${deviceClassName}${SUFFIX}`]: parseQuantity(String(devices)) };
}
