/** The networks of a pod in one cell: `default:ip4=172.16.28.2, other:ip4=10.1.0.3`. */
import type { NetworkStatus } from "@rkt/stage1/contract";

/** In the order in which they were set up; empty where there are none. */
export function networksText(networks: readonly NetworkStatus[]): string {
  return networks
    .map(({ netName, ip }) => `${netName}:ip${ip.includes(":") ? 6 : 4}=${ip}`)
    .join(", ");
}
