/** Quotas, when many write at once. */
import { expect, test } from "bun:test";
import type { JsonObject } from "@rktnetes/api/schema";
import { create } from "../registry/create.ts";
import { update } from "../registry/update.ts";
import { openCluster } from "../testing/cluster.ts";

test("of twenty creations at once as many succeed as the quota leaves", async () => {
  await using cluster = await openCluster();
  const quotas = await cluster.resource("", "resourcequotas");
  const quota = { metadata: { name: "q" }, spec: { hard: { "count/configmaps": "5" } } };
  const place = { namespace: "default", name: "q" };
  await create(cluster.registry, quotas, quota, cluster.request(place));
  const status = { hard: { "count/configmaps": "5" }, used: { "count/configmaps": "0" } };
  await update(cluster.registry, quotas, {
    ...cluster.request({ ...place, subresource: "status" }),
    change: (current) => ({ ...current, status }),
    mayCreate: false,
  });
  const maps = await cluster.resource("", "configmaps");
  const attempts = Array.from({ length: 20 }, (_, at) => {
    const name = `c${at}`;
    const asking = cluster.request({ namespace: "default", name });
    return create(cluster.registry, maps, { metadata: { name } }, asking);
  });
  const settled = await Promise.allSettled(attempts);
  expect(settled.filter((each) => each.status === "fulfilled")).toHaveLength(5);
  for (const each of settled) {
    if (each.status === "rejected") expect(String(each.reason)).toContain("exceeded quota: q");
  }
  const found = await cluster.registry.find(quotas, "default", "q");
  const after = found?.object["status"] as JsonObject;
  expect(after["used"]).toEqual({ "count/configmaps": "5" });
});
