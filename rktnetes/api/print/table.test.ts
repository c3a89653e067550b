import { expect, test } from "bun:test";
import { builtinKinds, findKind } from "../kinds/load.ts";
import type { Json, JsonObject } from "../schema/schema.ts";
import { columnDefinitions, printOrder, rowCells } from "./table.ts";

const NOW = { nowMs: Date.parse("2026-11-20T10:00:00Z") };
const metadata = { name: "x", creationTimestamp: "2026-11-20T09:59:00Z" };

/** The only kind whose rows have a cell more than there are columns. */
const LONGER: ReadonlySet<string> = new Set(["ipaddresses"]);

test("every kind's row of an almost empty object has a cell for each column", () => {
  for (const kind of builtinKinds()) {
    if (!kind.verbs.includes("get")) continue;
    const cells = rowCells(kind, {}, { metadata: { ...metadata } }, NOW);
    const wanted = columnDefinitions(kind).length + (LONGER.has(kind.resource) ? 1 : 0);
    expect(`${kind.resource} ${cells.length}`).toBe(`${kind.resource} ${wanted}`);
    expect(cells.every((cell) => cell === null || typeof cell !== "object")).toBe(true);
  }
});

function cellsOf(group: string, version: string, resource: string, more: JsonObject): Json[] {
  const kind = findKind(group, version, resource);
  if (kind === undefined) throw new Error(resource);
  return rowCells(kind, {}, { metadata: { ...metadata }, ...more }, NOW);
}

const template = {
  spec: {
    containers: [
      { name: "c", image: "i" },
      { name: "d", image: "j" },
    ],
  },
};

const ROWS: readonly (readonly [path: string, object: JsonObject, cells: readonly Json[]])[] = [
  [
    "apps/v1/deployments",
    {
      spec: {
        replicas: 3,
        selector: { matchExpressions: [{ key: "b", operator: "Exists" }], matchLabels: { a: "1" } },
        template,
      },
      status: { readyReplicas: 1, updatedReplicas: 2, availableReplicas: 1 },
    },
    ["x", "1/3", 2, 1, "60s", "c,d", "i,j", "a=1,b"],
  ],
  [
    "/v1/services",
    {
      spec: {
        type: "LoadBalancer",
        clusterIPs: ["10.0.0.1"],
        externalIPs: ["1.1.1.1"],
        ports: [{ port: 80, nodePort: 31_000, protocol: "TCP" }],
      },
      status: { loadBalancer: { ingress: [{ hostname: "b" }, { ip: "2.2.2.2" }] } },
    },
    ["x", "LoadBalancer", "10.0.0.1", "2.2.2.2,b,1.1.1.1", "80:31000/TCP", "60s", "<none>"],
  ],
  [
    "/v1/endpoints",
    { subsets: [{ addresses: [{ ip: "a" }, { ip: "::1" }], ports: [{ port: 1 }, { port: 2 }] }] },
    ["x", "a:1,[::1]:1,a:2 + 1 more...", "60s"],
  ],
  [
    "/v1/nodes",
    {
      spec: { unschedulable: true },
      status: {
        conditions: [{ type: "Ready", status: "False" }],
        addresses: [{ type: "InternalIP", address: "10.0.0.9" }],
        nodeInfo: {
          kubeletVersion: "v1",
          osImage: "O",
          kernelVersion: "k",
          containerRuntimeVersion: "c",
        },
      },
    },
    [
      "x",
      "NotReady,SchedulingDisabled",
      "<none>",
      "60s",
      "v1",
      "10.0.0.9",
      "<none>",
      "O",
      "k",
      "c",
    ],
  ],
  [
    "batch/v1/jobs",
    {
      spec: { completions: 1, template, selector: { matchLabels: { j: "1" } } },
      status: {
        succeeded: 1,
        startTime: "2026-11-20T09:00:00Z",
        completionTime: "2026-11-20T09:05:30Z",
        conditions: [{ type: "Complete", status: "True" }],
      },
    },
    ["x", "Complete", "1/1", "5m30s", "60s", "c,d", "i,j", "j=1"],
  ],
  [
    "/v1/persistentvolumeclaims",
    {
      spec: { storageClassName: "fast", volumeMode: "Block" },
      status: { phase: "Pending", capacity: { storage: "1Gi" } },
    },
    ["x", "Pending", "", "", "", "fast", "<unset>", "60s", "Block"],
  ],
  [
    "/v1/resourcequotas",
    { status: { hard: { pods: "5", "limits.cpu": "2" }, used: { pods: "1" } } },
    ["x", "pods: 1/5", "limits.cpu: 0/2", "60s"],
  ],
  [
    "networking.k8s.io/v1/ingresses",
    {
      spec: {
        ingressClassName: "n",
        rules: [1, 2, 3, 4].map((n) => ({ host: `h${n}` })),
        tls: [{}],
      },
    },
    ["x", "n", "h1,h2,h3 + 1 more...", "", "80, 443", "60s"],
  ],
  [
    "certificates.k8s.io/v1/certificatesigningrequests",
    {
      spec: { signerName: "s", username: "u", expirationSeconds: 3600 },
      status: { conditions: [{ type: "Approved" }], certificate: "x" },
    },
    ["x", "60s", "s", "u", "60m", "Approved,Issued"],
  ],
];

for (const [path, object, cells] of ROWS) {
  test(path, () => {
    const [group = "", version = "", resource = ""] = path.split("/");
    expect(cellsOf(group, version, resource, object)).toEqual([...cells]);
  });
}

test("events of both APIs read the same", () => {
  const time = "2026-11-20T09:30:00Z";
  const core = {
    involvedObject: { kind: "Pod", name: "p" },
    message: "m ",
    lastTimestamp: time,
    count: 2,
  };
  const own = {
    regarding: { kind: "Pod", name: "p" },
    note: "m",
    deprecatedLastTimestamp: time,
    deprecatedCount: 2,
  };
  const old = cellsOf("", "v1", "events", core);
  expect(old).toEqual(cellsOf("events.k8s.io", "v1", "events", own));
  expect(old).toEqual(["30m", "", "", "pod/p", "", "", "m", "<unknown>", 2, "x"]);
});

test("flow schemas are listed in the order in which they are tried", () => {
  const kind = findKind("flowcontrol.apiserver.k8s.io", "v1", "flowschemas");
  if (kind === undefined) throw new Error("flowschemas");
  const all = [900, 1, 50].map((matchingPrecedence) => ({
    object: { spec: { matchingPrecedence } },
  }));
  const found = printOrder(kind, all).map(({ object }) => object.spec.matchingPrecedence);
  expect(found).toEqual([1, 50, 900]);
});
