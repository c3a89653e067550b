/** Defaults of kinds of the core group other than pods. In: decoded objects, changed in place. */
import type { JsonObject } from "../schema/schema.ts";
import {
  findObject,
  objectAt,
  readList,
  readObject,
  readText,
  readTexts,
} from "../strategy/object-at.ts";
import { fill } from "./fill.ts";
import { podSpecDefaults, templateDefaults } from "./pods.ts";
import { roundAmounts } from "./resource-list.ts";

/** Text of `stringData` becomes bytes of `data`. */
export function secretDefaults(secret: JsonObject): void {
  fill(secret, "type", "Opaque");
  const texts = findObject(secret, "stringData");
  if (texts === undefined) return;
  const data = objectAt(secret, "data");
  for (const key of Object.keys(texts))
    data[key] = Buffer.from(readText(texts, key)).toString("base64");
  delete secret["stringData"];
}

export function nodeDefaults(node: JsonObject): void {
  addressRanges(findObject(node, "spec"));
  const status = readObject(node, "status");
  const capacity = findObject(status, "capacity");
  if (capacity !== undefined) fill(status, "allocatable", { ...capacity });
  roundAmounts(status, "capacity");
  roundAmounts(status, "allocatable");
}

/** The first range stands in a field of its own, too. */
function addressRanges(spec: JsonObject | undefined): void {
  if (spec === undefined) return;
  const first = readText(spec, "podCIDR");
  const all = readTexts(spec, "podCIDRs");
  if (first !== "" && all[0] !== first) spec["podCIDRs"] = [first];
  else if (first === "" && all[0] !== undefined) spec["podCIDR"] = all[0];
}

export function replicationControllerDefaults(controller: JsonObject): void {
  const spec = objectAt(controller, "spec");
  templateDefaults(spec);
  fill(spec, "replicas", 1);
  const labels = templateLabels(spec);
  if (labels === undefined) return;
  fill(spec, "selector", { ...labels });
  const metadata = objectAt(controller, "metadata");
  if (Object.keys(readObject(metadata, "labels")).length === 0) metadata["labels"] = { ...labels };
}

/** The labels of what a controller makes; undefined when it has none. */
export function templateLabels(spec: JsonObject): JsonObject | undefined {
  const labels = findObject(readObject(readObject(spec, "template"), "metadata"), "labels");
  return labels !== undefined && Object.keys(labels).length > 0 ? labels : undefined;
}

export function podTemplateDefaults(object: JsonObject): void {
  const template = findObject(object, "template");
  if (template !== undefined) podSpecDefaults(objectAt(template, "spec"));
}

/** Amounts of a quota and of what it counted. */
export function resourceQuotaDefaults(quota: JsonObject): void {
  roundAmounts(readObject(quota, "spec"), "hard");
  const status = readObject(quota, "status");
  roundAmounts(status, "hard");
  roundAmounts(status, "used");
}

const LIMIT_FIELDS = ["max", "min", "default", "defaultRequest", "maxLimitRequestRatio"] as const;

export function limitRangeDefaults(range: JsonObject): void {
  for (const item of readList(readObject(range, "spec"), "limits")) {
    if (item["type"] === "Container") containerLimits(item);
    for (const field of LIMIT_FIELDS) roundAmounts(item, field);
  }
}

/** A limit is the largest allowed one; a request is the limit, else the least allowed one. */
function containerLimits(item: JsonObject): void {
  fillFrom(item, "default", readObject(item, "max"));
  fillFrom(item, "defaultRequest", readObject(item, "default"));
  fillFrom(item, "defaultRequest", readObject(item, "min"));
}

function fillFrom(item: JsonObject, field: string, source: JsonObject): void {
  for (const [name, amount] of Object.entries(source)) fill(objectAt(item, field), name, amount);
}
