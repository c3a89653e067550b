/** Replicas go from owner to owner, whatever else an owner of the object has. */
import { expect, test } from "bun:test";
import { findKind } from "@rktnetes/api/kinds";
import type { JsonObject } from "@rktnetes/api/schema";
import { readText } from "@rktnetes/api/strategy/object-at";
import { type Cluster, openCluster } from "../../testing/cluster.ts";
import { ownersOfParent, ownersOfScale } from "./scale-owners.ts";

const TIME = "2026-01-01T00:00:00Z";
const BOTH = { "f:spec": { "f:paused": {}, "f:replicas": {} } };
const REPLICAS = { "f:spec": { "f:replicas": {} } };

function entry(manager: string, fieldsV1: JsonObject, parts: JsonObject = {}): JsonObject {
  const own = { manager, operation: "Update", apiVersion: "apps/v1", time: TIME };
  return { ...own, fieldsType: "FieldsV1", fieldsV1, ...parts };
}

async function deployments(cluster: Cluster): Promise<Parameters<typeof ownersOfScale>[0]> {
  const kind = findKind("apps", "v1", "deployments");
  if (kind === undefined) throw new Error("no deployments");
  return await cluster.registry.resource(kind);
}

const IN_SCALE = { apiVersion: "autoscaling/v1" };

test("a Scale has the owners of the replicas only", async () => {
  await using cluster = await openCluster();
  const parent = await deployments(cluster);
  const entries = [entry("maker", BOTH), entry("pauser", { "f:spec": { "f:paused": {} } })];
  expect(ownersOfScale(parent, entries)).toEqual([entry("maker", REPLICAS, IN_SCALE)]);
});

test.each<[string, readonly JsonObject[], readonly string[]]>([
  ["stay with their owner", [entry("maker", REPLICAS, IN_SCALE)], ["maker spec.paused,replicas"]],
  [
    "go to who took them, and leave the rest",
    [entry("scaler", REPLICAS, { ...IN_SCALE, subresource: "scale" })],
    ["scaler/scale spec.replicas", "maker spec.paused"],
  ],
  ["are nobody's when no owner is left", [], ["maker spec.paused"]],
])("replicas %s", async (_reason, scaleEntries, owners) => {
  await using cluster = await openCluster();
  const found = ownersOfParent(
    await deployments(cluster),
    [entry("maker", BOTH)],
    [...scaleEntries],
  );
  const shown = found.map((each) => {
    const fields = Object.keys((each["fieldsV1"] as typeof BOTH)["f:spec"]);
    const path = each["subresource"] === undefined ? "" : `/${readText(each, "subresource")}`;
    return `${readText(each, "manager")}${path} spec.${fields.map((f) => f.slice(2)).join(",")}`;
  });
  expect(shown).toEqual([...owners]);
});
