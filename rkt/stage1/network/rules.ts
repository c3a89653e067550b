/**
 * The nftables rules of one pod: masquerading and published ports. They stand in tables that bear
 * the pod's name, so that all of them go with two messages, whoever made them and whatever became
 * of it.
 */
import type { CniAddress } from "@rkt/spec";
import {
  addressIs,
  type Chain,
  destinationIsLocal,
  type Expression,
  isRedirected,
  masquerade,
  portIs,
  redirectTo,
  removeTables,
  type Rule,
  type Table,
  type Transport,
} from "@shared/linux";
import { alone, bytesOf, type Cidr, networkOf, parseCidr, parseIp, wire } from "./ip.ts";

/** A published port, as it is on the host. */
export interface Forward {
  readonly transport: Transport;
  /** Undefined for every address of the host. */
  readonly hostIP?: string;
  readonly hostPort: number;
  readonly podPort: number;
}

export interface PodRules {
  readonly uuid: string;
  /** Addresses that reach the outside under the host's own. */
  readonly masqueraded: readonly { readonly network: string; readonly address: CniAddress }[];
  /** Addresses to which ports are forwarded, at most one per family. */
  readonly targets: readonly CniAddress[];
  readonly forwards: readonly Forward[];
}

const FAMILIES = [
  { version: 4, family: "ip", multicast: "224.0.0.0/4", loopback: "127.0.0.0/8" },
  { version: 6, family: "ip6", multicast: "ff00::/8", loopback: "::1/128" },
] as const;

export const tableName = (uuid: string): string => `rkt-${uuid}`;

/** The tables that do it; none where there is nothing to do. Pure. */
export function tablesOf(rules: PodRules): Table[] {
  return FAMILIES.flatMap(({ version, family, multicast, loopback }) => {
    const target = rules.targets.find((each) => each.version === version);
    const forwards = rules.forwards.filter(
      ({ hostIP }) => hostIP === undefined || parseIp(hostIP).version === version,
    );
    const incoming =
      target === undefined ? [] : forwards.map((each) => incomingRule(each, target, rules.uuid));
    const outgoing = version === 4 ? incoming : incoming.map((rule) => notTo(loopback, rule));
    const leaving = [
      ...(target === undefined || forwards.length === 0
        ? []
        : returnRules(target, loopback, rules.uuid)),
      ...rules.masqueraded
        .filter(({ address }) => address.version === version)
        .map(({ network, address }) => ({
          expressions: masquerading(parseCidr(address.address), parseCidr(multicast)),
          comment: commentOf(network, rules.uuid),
        })),
    ];
    const chains = [
      chain("prerouting", -100, incoming),
      chain("output", -100, outgoing),
      chain("postrouting", 100, leaving),
    ].filter(({ rules: own }) => own.length > 0);
    return chains.length === 0 ? [] : [{ family, name: tableName(rules.uuid), chains }];
  });
}

/** As the reference plugins write it. */
const commentOf = (network: string, uuid: string): string => `name: "${network}" id: "${uuid}"`;

const chain = (hook: Chain["hook"], priority: number, rules: readonly Rule[]): Chain => ({
  name: hook,
  type: "nat",
  hook,
  priority,
  rules,
});

/** From the address, to neither its own network nor many at once. */
function masquerading(address: Cidr, multicast: Cidr): Expression[] {
  return [
    ...addressIs("source", wire(alone(address))),
    ...addressIs("destination", wire(networkOf(address)), false),
    ...addressIs("destination", wire(multicast), false),
    ...masquerade(),
  ];
}

function incomingRule(forward: Forward, target: CniAddress, uuid: string): Rule {
  const { hostIP, transport, hostPort, podPort } = forward;
  const where =
    hostIP === undefined
      ? destinationIsLocal()
      : addressIs("destination", wire(alone(parseIp(hostIP))));
  return {
    expressions: [
      ...where,
      ...portIs(transport, hostPort),
      ...redirectTo(bytesOf(parseCidr(target.address)), podPort),
    ],
    comment: `port ${hostPort}/${transport} id: "${uuid}"`,
  };
}

/** The kernel sends nothing from `::1` to another machine. */
function notTo(loopback: string, rule: Rule): Rule {
  const outside = addressIs("destination", wire(parseCidr(loopback)), false);
  return { ...rule, expressions: [...outside, ...rule.expressions] };
}

/** Answers must come back by the host: to its own loopback, and to pods of the same network. */
function returnRules(target: CniAddress, loopback: string, uuid: string): Rule[] {
  const address = parseCidr(target.address);
  const from = (network: Cidr): Rule => ({
    expressions: [
      ...isRedirected(),
      ...addressIs("source", wire(network)),
      ...addressIs("destination", wire(alone(address))),
      ...masquerade(),
    ],
    comment: `answers id: "${uuid}"`,
  });
  return [from(parseCidr(loopback)), from(networkOf(address))];
}

/** Removes all rules of a pod; nothing where there are none. */
export function removeRules(uuid: string): void {
  removeTables(tableName(uuid));
}
