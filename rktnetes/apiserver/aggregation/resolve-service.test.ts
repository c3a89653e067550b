/** Where services are reached, by what the cluster knows of them. */
import { expect, test } from "bun:test";
import type { JsonObject } from "@rktnetes/api/schema";
import { describeFault } from "@shared/base";
import { create } from "../registry/create.ts";
import { type Cluster, openCluster } from "../testing/cluster.ts";
import { resolveService } from "./resolve-service.ts";

const METADATA = { name: "api", namespace: "default" };

async function make(cluster: Cluster, plural: string, object: JsonObject): Promise<void> {
  const group = plural === "endpointslices" ? "discovery.k8s.io" : "";
  const resource = await cluster.resource(group, plural);
  const request = cluster.request({ namespace: "default" });
  await create(cluster.registry, resource, object, request);
}

function service(spec: JsonObject): JsonObject {
  return { kind: "Service", apiVersion: "v1", metadata: { ...METADATA }, spec };
}

function slice(name: string, address: string, ready: boolean): JsonObject {
  return {
    kind: "EndpointSlice",
    apiVersion: "discovery.k8s.io/v1",
    metadata: { name, namespace: "default", labels: { "kubernetes.io/service-name": "api" } },
    addressType: "IPv4",
    endpoints: [{ addresses: [address], conditions: { ready } }],
    ports: [{ name: "https", port: 8443, protocol: "TCP" }],
  };
}

async function resolved(cluster: Cluster, port: number): Promise<unknown> {
  try {
    return await resolveService(cluster.server, { ...METADATA, port });
  } catch (error) {
    return describeFault(error);
  }
}

const SPEC = {
  clusterIP: "10.96.0.9",
  clusterIPs: ["10.96.0.9"],
  type: "ClusterIP",
  ports: [{ name: "https", port: 443, protocol: "TCP" }],
};

test("no service, no such port, no endpoints", async () => {
  await using cluster = await openCluster();
  expect(await resolved(cluster, 443)).toContain('service "api" not found');
  await make(cluster, "services", service(SPEC));
  expect(await resolved(cluster, 80)).toContain('no service port 80 found for service "api"');
  expect(await resolved(cluster, 443)).toEqual({ host: "10.96.0.9", port: 443 });
});

test("a ready endpoint of a slice, with its own port", async () => {
  await using cluster = await openCluster();
  await make(cluster, "services", service(SPEC));
  await make(cluster, "endpointslices", slice("api-1", "192.0.2.1", false));
  await make(cluster, "endpointslices", slice("api-2", "192.0.2.2", true));
  expect(await resolved(cluster, 443)).toEqual({ host: "192.0.2.2", port: 8443 });
});

test("an address of Endpoints that nobody has made slices of", async () => {
  await using cluster = await openCluster();
  await make(cluster, "services", service(SPEC));
  await make(cluster, "endpoints", {
    kind: "Endpoints",
    apiVersion: "v1",
    metadata: { ...METADATA },
    subsets: [{ addresses: [{ ip: "192.0.2.3" }], ports: [{ name: "https", port: 9443 }] }],
  });
  expect(await resolved(cluster, 443)).toEqual({ host: "192.0.2.3", port: 9443 });
});

test("the name that an ExternalName stands for, on any port", async () => {
  await using cluster = await openCluster();
  await make(cluster, "services", service({ type: "ExternalName", externalName: "api.example" }));
  expect(await resolved(cluster, 7443)).toEqual({ host: "api.example", port: 7443 });
});
