/**
 * Published ports: which port of the host leads to which port of the pod, and the promise that
 * nobody else on the host has it.
 */
import type { App, CniResult, ExposedPort, ImagePort } from "@rkt/spec";
import { Fault } from "@shared/base";
import { holdPort, type Transport } from "@shared/linux";
import { bytesOf, parseIp } from "./ip.ts";
import type { Network } from "./load.ts";
import type { LoopbackPort } from "./loopback.ts";
import type { Forward } from "./rules.ts";

/**
 * The ports are forwarded to the first network that masquerades, else to the last one, as in rkt.
 * @returns its place in the list; undefined where there is no network
 */
export function portNetwork(networks: readonly Network[]): number | undefined {
  const first = networks.findIndex(({ conf }) => conf.ipMasq);
  if (first !== -1) return first;
  return networks.length === 0 ? undefined : networks.length - 1;
}

/**
 * What is published, port by port: names are looked up in the apps, ranges are spelled out. Pure.
 */
export function forwardsOf(
  ports: readonly ExposedPort[],
  apps: readonly Pick<App, "ports">[],
): Forward[] {
  return ports.flatMap(({ name, hostPort, hostIP, podPort }) => {
    const port = podPort ?? namedPort(name, apps);
    const transport = transportOf(port?.protocol ?? "tcp");
    return Array.from({ length: Math.max(1, port?.count ?? 1) }, (_, index) => ({
      transport,
      ...(hostIP !== undefined && hostIP !== "" && hostIP !== "0.0.0.0" && { hostIP }),
      hostPort: hostPort === 0 ? 0 : hostPort + index,
      podPort: (port?.port ?? hostPort) + index,
    }));
  });
}

function namedPort(name: string, apps: readonly Pick<App, "ports">[]): ImagePort | undefined {
  return apps.flatMap(({ ports }) => ports ?? []).find((port) => port.name === name);
}

function transportOf(protocol: string): Transport {
  if (protocol === "tcp" || protocol === "udp" || protocol === "sctp") return protocol;
  throw new Fault("invalid", `publish a port: unknown protocol "${protocol}"`);
}

/**
 * Takes the ports on the host, until this process ends, and chooses those that are 0. On `::1`
 * this process carries what comes to a port of TCP.
 * @throws {Fault} "precondition" where one is in use, naming it
 */
export async function holdPorts(
  forwards: readonly Forward[],
  result: CniResult,
): Promise<Forward[]> {
  const held: Forward[] = [];
  for (const forward of forwards) held.push(await holdForward(forward, result));
  return held;
}

async function holdForward(forward: Forward, { ips }: CniResult): Promise<Forward> {
  const { hostIP, transport, podPort } = forward;
  if (transport === "sctp") return forward;
  const isSix = hostIP?.includes(":") === true;
  if (hostIP !== undefined && (!isSix || transport === "udp")) {
    return { ...forward, hostPort: hold(transport, hostIP, forward.hostPort) };
  }
  const hasSix = ips.some(({ version }) => version === 6);
  const hostPort = isSix ? forward.hostPort : hold(transport, "0.0.0.0", forward.hostPort);
  const held = { ...forward, hostPort };
  if (transport === "udp") {
    if (hasSix) hold(transport, "::", hostPort);
    return held;
  }
  if (isSix && hostIP !== "::1" && hostIP !== "::") {
    return { ...held, hostPort: hold(transport, hostIP ?? "::", hostPort) };
  }
  const host = (ips.find(({ version }) => version === 4) ?? ips[0])?.address.split("/")[0];
  if (host === undefined) return held;
  const address = hostIP === "::" || (hostIP === undefined && hasSix) ? "::" : "::1";
  const port = await carryLoopback({ address, port: hostPort, target: { host, port: podPort } });
  return { ...held, hostPort: port ?? hostPort };
}

async function carryLoopback(port: LoopbackPort): Promise<number | undefined> {
  const { serveLoopback } = await import("./loopback.ts");
  try {
    return await serveLoopback(port);
  } catch (error) {
    if ((error as { readonly code?: unknown }).code === "EADDRINUSE") throw inUse("tcp", port.port);
    throw error;
  }
}

function hold(transport: "tcp" | "udp", address: string, port: number): number {
  try {
    return holdPort(transport, bytesOf(parseIp(address)), port).port;
  } catch (error) {
    const fault = Fault.from(error);
    if (fault.details["errno"] !== "EADDRINUSE") throw fault;
    throw inUse(transport, port);
  }
}

function inUse(transport: Transport, port: number): Fault {
  const hint = `see who has it: ss --listening --processes 'sport = :${port}'; rkt list shows pods`;
  const problem = `publish port ${port}/${transport}: it is in use on this host`;
  return new Fault("precondition", problem, { hint });
}

/** The configuration of the portmap plugin, where the kernel has no nftables. Pure. */
export function portmapConfiguration(
  network: Network,
  result: CniResult,
  forwards: readonly Forward[],
): unknown {
  return {
    cniVersion: "1.0.0",
    name: network.conf.name,
    type: "portmap",
    capabilities: { portMappings: true },
    runtimeConfig: {
      portMappings: forwards.map(({ hostPort, hostIP, podPort, transport }) => ({
        hostPort,
        containerPort: podPort,
        protocol: transport,
        ...(hostIP !== undefined && { hostIP }),
      })),
    },
    prevResult: { ...result, cniVersion: "1.0.0" },
  };
}
