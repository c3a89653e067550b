/** Published ports as a configuration of the portmap plugin. Pure. */
import type { CniResult, ExposedPort } from "@rkt/spec";
import type { Network } from "./load.ts";

export interface PortMapping {
  readonly network: string;
  readonly interfaceName: string;
  readonly configuration: unknown;
}

/**
 * The ports are forwarded to the first network that masquerades, else to the last one, as in rkt.
 * @returns undefined where no port is published or the pod has no network
 */
export function portMappings(
  ports: readonly ExposedPort[],
  networks: readonly Network[],
  results: readonly CniResult[],
): PortMapping | undefined {
  const first = networks.findIndex(({ conf }) => conf.ipMasq);
  const index = first === -1 ? networks.length - 1 : first;
  const network = networks[index];
  const result = results[index];
  if (ports.length === 0 || network === undefined || result === undefined) return undefined;
  return {
    network: network.conf.name,
    interfaceName: `eth${index}`,
    configuration: {
      cniVersion: "1.0.0",
      name: network.conf.name,
      type: "portmap",
      capabilities: { portMappings: true },
      runtimeConfig: {
        portMappings: ports.map(({ hostPort, hostIP, podPort }) => ({
          hostPort,
          containerPort: podPort?.port ?? hostPort,
          protocol: podPort?.protocol ?? "tcp",
          ...(hostIP !== undefined && { hostIP }),
        })),
      },
      prevResult: { ...result, cniVersion: "1.0.0" },
    },
  };
}
