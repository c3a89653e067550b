/**
 * Events are one object with two spellings: `v1` and `events.k8s.io/v1`. In: an event of the one.
 * Out: the same event in the other. Pure.
 */
import type { JsonObject } from "../schema/schema.ts";

/** `v1` and `events.k8s.io/v1`; what is not listed has one name in both. */
const NAMES: readonly (readonly [string, string])[] = [
  ["involvedObject", "regarding"],
  ["message", "note"],
  ["source", "deprecatedSource"],
  ["firstTimestamp", "deprecatedFirstTimestamp"],
  ["lastTimestamp", "deprecatedLastTimestamp"],
  ["count", "deprecatedCount"],
  ["reportingComponent", "reportingController"],
];

const TO_NEW: ReadonlyMap<string, string> = new Map(NAMES);
const TO_CORE: ReadonlyMap<string, string> = new Map(NAMES.map(([core, other]) => [other, core]));

export function eventToNew(event: JsonObject): JsonObject {
  return renamed(event, TO_NEW);
}

export function eventToCore(event: JsonObject): JsonObject {
  return renamed(event, TO_CORE);
}

function renamed(event: JsonObject, names: ReadonlyMap<string, string>): JsonObject {
  const out: JsonObject = {};
  for (const [name, value] of Object.entries(event)) out[names.get(name) ?? name] = value;
  return out;
}
