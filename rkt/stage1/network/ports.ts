/**
 * Published ports: which port of the host leads to which port of the pod, and the promise that
 * nobody else on the host has it.
 */
import type { App, CniResult, ExposedPort, ImagePort } from "@rkt/spec";
import { Fault } from "@shared/base";
import { holdPort, type Transport } from "@shared/linux";
import { bytesOf, parseIp } from "./ip.ts";
import type { Network } from "./load.ts";
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
 * Takes the ports on the host, until this process ends, and chooses those that are 0.
 * @throws {Fault} "precondition" where one is in use, naming it
 */
export function holdPorts(forwards: readonly Forward[], result: CniResult): Forward[] {
  const versions = result.ips.map(({ version }) => version);
  return forwards.map((forward) => {
    const { hostIP, transport } = forward;
    if (transport === "sctp") return forward;
    const everywhere = versions.includes(6) ? ["0.0.0.0", "::"] : ["0.0.0.0"];
    const [first = "0.0.0.0", second] = hostIP === undefined ? everywhere : [hostIP];
    const hostPort = hold(transport, first, forward.hostPort);
    if (second !== undefined) hold(transport, second, hostPort);
    return { ...forward, hostPort };
  });
}

function hold(transport: "tcp" | "udp", address: string, port: number): number {
  try {
    return holdPort(transport, bytesOf(parseIp(address)), port).port;
  } catch (error) {
    const fault = Fault.from(error);
    if (fault.details["errno"] !== "EADDRINUSE") throw fault;
    throw new Fault(
      "precondition",
      `publish port ${port}/${transport}: it is in use on this host`,
      {
        hint: `see who has it: ss --listening --processes 'sport = :${port}'; rkt list shows pods`,
      },
    );
  }
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
