/**
 * Whether a backend can be asked, as the condition `Available` of its APIService says it. In: a
 * backend and the cluster. Out: the condition's status, reason and message.
 * @see kubernetes.io, "Configure the Aggregation Layer"
 */
import type { IncomingMessage } from "node:http";
import { goQuote } from "@rktnetes/api/field-error";
import type { Endpoints, Service } from "@rktnetes/api/types/core-v1";
import type { EndpointSlice } from "@rktnetes/api/types/discovery-v1";
import { Fault } from "@shared/base";
import type { KeyPair } from "../certificates/certificates.ts";
import { MASTERS } from "../auth/user.ts";
import { type Availability, type Backend, pathOf } from "./backend.ts";
import { send, tlsOptionsOf, userHeaders } from "./connect.ts";
import { authorityOf, dialError, getError } from "./dial-error.ts";
import { type ResolveParts, resolveService, slicesOf } from "./resolve-service.ts";

export interface CheckParts extends ResolveParts {
  /** Shown to backends; none without it. */
  readonly keys: KeyPair | undefined;
}

const ASKED_MS = 5000;
/** A service may have several endpoints: one that answers is enough. */
const TRIES = 5;
const ASKS = { name: "system:kube-aggregator", uid: "", groups: [MASTERS], extra: {} };

export async function checkBackend(parts: CheckParts, backend: Backend): Promise<Availability> {
  const { namespace, name } = backend.service;
  const service = await parts.lookup.find<Service>("/services", namespace, name);
  const where = `service/${name} in ${goQuote(namespace)}`;
  if (service === undefined) return not("ServiceNotFound", `${where} is not present`);
  const { type = "ClusterIP" } = service.spec ?? {};
  const problem = type === "ClusterIP" ? await portProblem(parts, backend, service) : undefined;
  if (problem !== undefined) return problem;
  const tries = Array.from({ length: TRIES }, async () => await ask(parts, backend));
  const outcomes = await Promise.all(tries);
  const why = outcomes.includes(undefined) ? undefined : outcomes.at(-1);
  if (why !== undefined) return not("FailedDiscoveryCheck", why);
  return { isAvailable: true, reason: "Passed", message: "all checks passed" };
}

function not(reason: string, message: string): Availability {
  return { isAvailable: false, reason, message };
}

async function portProblem(
  { lookup }: CheckParts,
  { service: { namespace, name, port } }: Backend,
  { spec }: Service,
): Promise<Availability | undefined> {
  const where = `service/${name} in ${goQuote(namespace)}`;
  const found = (spec?.ports ?? []).find((each) => each.port === port);
  if (found === undefined) {
    return not("ServicePortError", `${where} is not listening on port ${port}`);
  }
  const { name: portName = "" } = found;
  const slices = await slicesOf(lookup, { namespace, name });
  if (slices.length > 0) {
    if (slices.some((slice) => isReady(slice, portName))) return undefined;
    return missing(where, portName);
  }
  const endpoints = await lookup.find<Endpoints>("/endpoints", namespace, name);
  const subsets = endpoints?.subsets ?? [];
  if (subsets.length === 0) {
    return not("EndpointsNotFound", `cannot find endpointslices for ${where}`);
  }
  const has = subsets.some(
    ({ addresses, ports }) =>
      (addresses ?? []).length > 0 && (ports ?? []).some((each) => (each.name ?? "") === portName),
  );
  return has ? undefined : missing(where, portName);
}

function missing(where: string, portName: string): Availability {
  const why = `have no addresses with port name ${goQuote(portName)}`;
  return not("MissingEndpoints", `endpointslices for ${where} ${why}`);
}

function isReady({ endpoints, ports }: EndpointSlice, portName: string): boolean {
  return (
    (endpoints ?? []).some(({ conditions }) => conditions?.ready !== false) &&
    (ports ?? []).some(({ name = "", port }) => name === portName && port !== undefined)
  );
}

/** Why a backend does not answer; undefined when it does. Its certificate does not matter here. */
async function ask(parts: CheckParts, backend: Backend): Promise<string | undefined> {
  const path = pathOf(backend);
  try {
    const { host, port } = await resolveService(parts, backend.service);
    const url = `https://${authorityOf(host, port)}${path}`;
    const failing = `failing or missing response from ${url}`;
    try {
      const tls = tlsOptionsOf({ ...backend, isInsecure: true }, parts.keys);
      const signal = AbortSignal.timeout(ASKED_MS);
      const headers = userHeaders(ASKS);
      const response = await send({ host, port }, tls, { method: "GET", path, headers, signal });
      const status = statusOf(response);
      if (status >= 200 && status < 300) return undefined;
      return `${failing}: bad status from ${url}: ${status}`;
    } catch (error) {
      return `${failing}: ${getError(url, wordsOf(error, host, port))}`;
    }
  } catch (error) {
    return Fault.from(error).message;
  }
}

function wordsOf(error: unknown, host: string, port: number): string {
  const words = dialError(error, host, port);
  if (words !== "context canceled") return words;
  return "context deadline exceeded (Client.Timeout exceeded while awaiting headers)";
}

function statusOf(response: IncomingMessage): number {
  response.resume();
  response.on("error", () => undefined);
  return response.statusCode ?? 0;
}
