/**
 * The two networks that come with rkt, as data. A file in net.d with the same name takes their
 * place.
 *
 * @see rkt stage1/net/rootfs/etc/rkt/net.d
 */
import type { CniNetwork } from "./cni.ts";

/** One network with a way to the outside: point to point links, masquerading, a default route. */
const DEFAULT: CniNetwork = builtIn("default", {
  cniVersion: "0.1.0",
  name: "default",
  type: "ptp",
  ipMasq: true,
  ipam: {
    type: "host-local",
    subnet: "172.16.28.0/24",
    routes: [{ dst: "0.0.0.0/0" }],
  },
});

/** One network between pods and host only. */
const DEFAULT_RESTRICTED: CniNetwork = builtIn("default-restricted", {
  cniVersion: "0.1.0",
  name: "default-restricted",
  type: "ptp",
  ipMasq: false,
  ipam: { type: "host-local", subnet: "172.31.0.0/16" },
});

/**
 * The networks that are there without any configuration, by their place in the order of interfaces.
 */
export const BUILT_IN_NETWORKS: readonly CniNetwork[] = [DEFAULT_RESTRICTED, DEFAULT];

function builtIn(name: string, document: Readonly<Record<string, unknown>>): CniNetwork {
  const ipMasq = document["ipMasq"] === true;
  return { name, type: "ptp", cniVersion: "0.1.0", ipMasq, ipamType: "host-local", document };
}
