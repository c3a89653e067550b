/**
 * Where a service can be reached. In: its name and port. Out: an address: one of its ready
 * endpoints, since nobody may be there to forward what is sent to its cluster IP; the cluster IP
 * where no endpoints are known; the name that an ExternalName stands for.
 * @throws {Fault} "unavailable"
 */
import type { Endpoints, Service } from "@rktnetes/api/types/core-v1";
import type { EndpointSlice } from "@rktnetes/api/types/discovery-v1";
import { Fault, quote } from "@shared/base";
import type { Lookup } from "../admission/lookup.ts";
import type { ServerHost } from "../host.ts";

/** A port of a service. */
export interface ServicePort {
  readonly namespace: string;
  readonly name: string;
  readonly port: number;
}

/** Where to connect to. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** What resolving needs. */
export interface ResolveParts {
  readonly lookup: Lookup;
  readonly host: ServerHost;
}

export async function resolveService(
  { lookup, host: machine }: ResolveParts,
  { namespace, name, port }: ServicePort,
): Promise<Address> {
  const service = await lookup.find<Service>("/services", namespace, name);
  if (service === undefined) {
    throw new Fault("unavailable", `service ${quote(name)} not found`);
  }
  const { clusterIP = "", type = "ClusterIP", externalName = "", ports } = service.spec ?? {};
  if (type === "ExternalName") return { host: externalName, port };
  const found = (ports ?? []).find((each) => each.port === port);
  if (found === undefined) {
    throw new Fault("unavailable", `no service port ${port} found for service ${quote(name)}`);
  }
  const all = await endpointsOf(lookup, { namespace, name }, found.name ?? "");
  const chosen = all[Math.floor(machine.random() * all.length)];
  if (chosen !== undefined) return chosen;
  if (clusterIP === "" || clusterIP === "None") {
    throw new Fault("unavailable", 'cannot route to service with ClusterIP "None"');
  }
  return { host: clusterIP, port };
}

/** Ready endpoints of a port; of slices, or of Endpoints where nobody has made slices of them. */
async function endpointsOf(
  lookup: Lookup,
  service: { readonly namespace: string; readonly name: string },
  portName: string,
): Promise<readonly Address[]> {
  const slices = await slicesOf(lookup, service);
  if (slices.length > 0) return slices.flatMap((slice) => addressesOf(slice, portName));
  const found = await lookup.find<Endpoints>("/endpoints", service.namespace, service.name);
  return (found?.subsets ?? []).flatMap(({ addresses, ports }) =>
    (ports ?? [])
      .filter(({ name = "" }) => name === portName)
      .flatMap(({ port }) => (addresses ?? []).map(({ ip }) => ({ host: ip, port }))),
  );
}

/** The slices that belong to a service. */
export async function slicesOf(
  lookup: Lookup,
  { namespace, name }: { readonly namespace: string; readonly name: string },
): Promise<readonly EndpointSlice[]> {
  const all = await lookup.list<EndpointSlice>("discovery.k8s.io/endpointslices", namespace);
  return all.filter(({ metadata }) => metadata.labels?.["kubernetes.io/service-name"] === name);
}

function addressesOf({ endpoints, ports }: EndpointSlice, portName: string): Address[] {
  const numbers = (ports ?? []).flatMap(({ name = "", port }) =>
    name === portName && port !== undefined ? [port] : [],
  );
  const ready = (endpoints ?? []).filter(({ conditions }) => conditions?.ready !== false);
  const hosts = ready.flatMap(({ addresses }) => addresses ?? []);
  return numbers.flatMap((port) => hosts.map((host) => ({ host, port })));
}
