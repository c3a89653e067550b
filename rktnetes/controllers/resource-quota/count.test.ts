/** What quotas are about, and how much of them is used. */
import { expect, test } from "bun:test";
import type { JsonObject } from "@rktnetes/api/schema";
import { countedBy, statusOf } from "./count.ts";

test("names say which resources are counted", () => {
  const names = [
    "requests.cpu",
    "requests.example.com/gpu",
    "gold.storageclass.storage.k8s.io/requests.storage",
    "services.nodeports",
    "count/pods",
    "count/widgets.example.com",
    "nonsense",
  ];
  expect(countedBy(names)).toEqual([
    { group: "", resource: "persistentvolumeclaims" },
    { group: "", resource: "pods" },
    { group: "", resource: "services" },
    { group: "example.com", resource: "widgets" },
  ]);
});

function pod(cpu: string, spec: JsonObject = {}, phase = "Running"): JsonObject {
  const containers = [{ name: "c", image: "i", resources: { requests: { cpu } } }];
  return { metadata: { name: "p" }, spec: { containers, ...spec }, status: { phase } };
}

const PODS = { group: "", resource: "pods" };

test("what is there is summed, what has no objects is zero, what nobody serves stays", () => {
  const hard = { pods: "5", "requests.cpu": "2", "requests.memory": "1Gi", "count/x.y": "1" };
  const objects = [pod("300m"), pod("200m"), pod("9", {}, "Succeeded")];
  const status = statusOf({ hard }, { "count/x.y": "1", gone: "3" }, new Map([[PODS, objects]]));
  expect(status.hard).toEqual(hard);
  expect(status.used).toEqual({
    pods: "2",
    "requests.cpu": "500m",
    "requests.memory": "0",
    "count/x.y": "1",
  });
});

test("a scope leaves out what it is not about", () => {
  const hard = { pods: "5" };
  const objects = [pod("1"), pod("1", { activeDeadlineSeconds: 60 })];
  const status = statusOf({ hard, scopes: ["Terminating"] }, {}, new Map([[PODS, objects]]));
  expect(status.used).toEqual({ pods: "1" });
});
