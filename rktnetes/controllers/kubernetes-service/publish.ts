/**
 * The service `kubernetes` in the namespace `default`: the address by which pods reach the API
 * server. In: where the server listens. Out: the service, its endpoints and their slice, made and
 * put right. Never takes a service away that has another address.
 */
import type { Json, JsonObject } from "@rktnetes/api/schema";
import { StatusFault } from "@rktnetes/api/status-fault";
import { firstOf, formatIp, parseCidr } from "@rktnetes/api/values/ip";
import type { Client, Place } from "@rktnetes/client/client";
import type { ControllerHost } from "../controller.ts";

/** Where the API server listens. */
export interface Published {
  readonly port: number;
  /** Addresses of the machine; without any there are no endpoints. */
  readonly addresses: readonly string[];
}

const NAME = "kubernetes";
const PERIOD_MS = 10_000;

const IN_DEFAULT = { namespace: "default", name: NAME };
const RANGE: Place = {
  group: "networking.k8s.io",
  version: "v1",
  resource: "servicecidrs",
  name: NAME,
};
const SERVICE: Place = { group: "", version: "v1", resource: "services", ...IN_DEFAULT };
const ENDPOINTS: Place = { group: "", version: "v1", resource: "endpoints", ...IN_DEFAULT };
const SLICE: Place = {
  group: "discovery.k8s.io",
  version: "v1",
  resource: "endpointslices",
  ...IN_DEFAULT,
};

/** Looks again every ten seconds until the signal aborts. */
export async function keepPublished(host: ControllerHost, published: Published): Promise<void> {
  const { client, clock, signal, note } = host;
  while (!signal.aborted) {
    try {
      await clock.sleep(PERIOD_MS, signal);
      await publish(client, published);
    } catch (error) {
      if (!signal.aborted) note(`publish the service ${NAME}: ${String(error)}`);
    }
  }
}

/** Makes what is missing, and puts right what says something else. */
export async function publish(client: Client, { port, addresses }: Published): Promise<void> {
  const isThere = (await client.get(SERVICE)) !== undefined;
  const address = isThere ? undefined : await clusterAddress(client);
  await settle(client, SERVICE, serviceOf(address, port));
  const family = addresses[0]?.includes(":") === true ? "IPv6" : "IPv4";
  const same = addresses.filter((each) => each.includes(":") === (family === "IPv6"));
  if (same.length === 0) return;
  await settle(client, ENDPOINTS, endpointsOf(same, port));
  await settle(client, SLICE, sliceOf(family, same, port));
}

/** The first address of the cluster's own range. */
async function clusterAddress(client: Client): Promise<string | undefined> {
  const range = await client.get(RANGE);
  const { cidrs = [] } = (range?.["spec"] ?? {}) as { readonly cidrs?: readonly string[] };
  const cidr = parseCidr(cidrs[0] ?? "");
  if (cidr === undefined) return undefined;
  return formatIp({ ...cidr, value: firstOf(cidr) + 1n });
}

function serviceOf(clusterIP: string | undefined, port: number): JsonObject {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { ...IN_DEFAULT, labels: { component: "apiserver", provider: "kubernetes" } },
    spec: {
      ...(clusterIP === undefined ? {} : { clusterIP }),
      ipFamilyPolicy: "SingleStack",
      ports: [{ name: "https", port: 443, protocol: "TCP", targetPort: port }],
      sessionAffinity: "None",
      type: "ClusterIP",
    },
  };
}

function endpointsOf(addresses: readonly string[], port: number): JsonObject {
  return {
    apiVersion: "v1",
    kind: "Endpoints",
    metadata: { ...IN_DEFAULT, labels: { "endpointslice.kubernetes.io/skip-mirror": "true" } },
    subsets: [
      {
        addresses: addresses.map((ip) => ({ ip })),
        ports: [{ name: "https", port, protocol: "TCP" }],
      },
    ],
  };
}

function sliceOf(addressType: string, addresses: readonly string[], port: number): JsonObject {
  return {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { ...IN_DEFAULT, labels: { "kubernetes.io/service-name": NAME } },
    addressType,
    endpoints: addresses.map((each) => ({ addresses: [each], conditions: { ready: true } })),
    ports: [{ name: "https", port, protocol: "TCP" }],
  };
}

async function settle(client: Client, place: Place, wanted: JsonObject): Promise<void> {
  try {
    const found = await client.get(place);
    const { name: _name, ...all } = place;
    if (found === undefined) await client.create(all, wanted);
    else if (!contains(found, wanted)) await client.replace(place, merged(found, wanted));
  } catch (error) {
    // another server was faster, or will be
    if (!(error instanceof StatusFault) || error.failure.code !== 409) throw error;
  }
}

/** Everything that is wanted stands in what was found; more may. */
function contains(found: Json | undefined, wanted: Json): boolean {
  if (Array.isArray(wanted)) {
    if (!Array.isArray(found) || found.length !== wanted.length) return false;
    return wanted.every((each, at) => contains(found[at], each));
  }
  if (typeof wanted !== "object" || wanted === null) return found === wanted;
  if (typeof found !== "object" || found === null || Array.isArray(found)) return false;
  return Object.entries(wanted).every(([name, each]) => contains(found[name], each));
}

/** What was found, saying what is wanted. */
function merged(found: JsonObject, wanted: JsonObject): JsonObject {
  const result: JsonObject = { ...found };
  for (const [name, value] of Object.entries(wanted)) {
    const before = found[name];
    const isOpen = typeof value === "object" && value !== null && !Array.isArray(value);
    result[name] = isOpen && before !== undefined ? merged(before as JsonObject, value) : value;
  }
  return result;
}
