/**
 * A way for pods through the firewalls of a machine: whatever refuses what is forwarded is told to
 * let a pod's own connections out, their answers back, and published ports in.
 *
 * In: addresses of one pod. Out: rules at the beginning of the chains of others (iptables, tables
 * of nftables), or sources of firewalld's zone "trusted", each marked with the pod. Never changes a
 * policy, never touches a rule of somebody else.
 */
import type { CniAddress } from "@rkt/spec";
import { Fault, quote } from "@shared/base";
import {
  accept,
  addressIs,
  commentedRules,
  type Expression,
  familyIs,
  type ForwardChain,
  hasNftables,
  insertRules,
  isAnswer,
  isRedirected,
  listForwardChains,
  removeCommented,
  type Rule,
} from "@shared/linux";
import { alone, parseCidr, wire } from "./ip.ts";
import {
  addAcceptance,
  hasIptables,
  isLegacyFiltered,
  removeIptablesRules,
  sourcesOfRules,
} from "./masquerade.ts";
import { addTrusted, removeTrusted } from "./firewalld.ts";

/** One network of the pod, with its addresses there. */
export interface Admitted {
  readonly network: string;
  readonly addresses: readonly CniAddress[];
}

/** What `openFirewalls` did, as it is recorded before it is done. */
export type FirewallPart =
  | { readonly rules: "filter" }
  | { readonly rules: "forward" }
  | { readonly rules: "firewalld"; readonly sources: readonly string[] };

interface Firewalls {
  /** Tables that iptables keeps. */
  readonly iptables: boolean;
  readonly firewalld: boolean;
  readonly chains: readonly ForwardChain[];
}

/** What there is on this machine that may refuse; nothing of it is changed. */
function findFirewalls(): Firewalls {
  const all = hasNftables() ? listForwardChains() : [];
  const program = hasIptables();
  const isFirewalld = ({ table }: ForwardChain): boolean => table === "firewalld";
  const isIptables = ({ family, table, name }: ForwardChain): boolean =>
    program && family !== "inet" && table === "filter" && name === "FORWARD";
  return {
    iptables: isLegacyFiltered() || all.some(isIptables),
    firewalld: all.some(isFirewalld),
    chains: all.filter((chain) => !isFirewalld(chain) && !isIptables(chain)),
  };
}

/** Lets the pod through. @param record is told of each part before it is begun */
export async function openFirewalls(
  host: { readonly note: (line: string) => void },
  pod: { readonly uuid: string; readonly admitted: readonly Admitted[] },
  record: (part: FirewallPart) => void,
): Promise<void> {
  const { uuid, admitted } = pod;
  if (admitted.every(({ addresses }) => addresses.length === 0)) return;
  const { iptables, firewalld, chains } = findFirewalls();
  if (iptables) {
    record({ rules: "filter" });
    for (const { network, addresses } of admitted) {
      await addAcceptance({ network, uuid, addresses });
    }
  }
  if (chains.length > 0) record({ rules: "forward" });
  for (const chain of chains) openChain(host, chain, pod);
  if (firewalld) {
    const sources = admitted.flatMap(({ addresses }) => addresses.map(hostOf));
    record({ rules: "firewalld", sources });
    await addTrusted(host, sources);
  }
}

/** Takes back one part; nothing happens where it is gone already. */
export async function closeFirewall(uuid: string, part: FirewallPart): Promise<void> {
  if (part.rules === "filter") await removeIptablesRules(uuid, "filter");
  else if (part.rules === "firewalld") await removeTrusted(part.sources);
  else for (const chain of listForwardChains()) removeCommented(chain, `id: "${uuid}"`);
}

const hostOf = ({ address }: CniAddress): string => address.split("/")[0] ?? "";

function openChain(
  host: { readonly note: (line: string) => void },
  chain: ForwardChain,
  { uuid, admitted }: { readonly uuid: string; readonly admitted: readonly Admitted[] },
): void {
  const rules = admitted.flatMap(({ network, addresses }) =>
    addresses.flatMap((address) => rulesFor(chain, address, commentOf(network, uuid))),
  );
  try {
    insertRules(chain, rules);
  } catch (error) {
    if (!(error instanceof Fault) || error.details["errno"] !== "EPERM") throw error;
    const place = `${chain.family} ${chain.table} ${chain.name}`;
    host.note(`networking: the chain ${quote(place)} may refuse the pod: its owner locks it`);
  }
}

/** As the reference plugins write it; nft(8) reads comments up to 128 characters. */
const commentOf = (network: string, uuid: string): string =>
  `name: "${network.slice(0, 64)}" id: "${uuid}"`;

/** Rules that let one address through one chain; none where the chain never sees its family. */
function rulesFor(
  { family }: Pick<ForwardChain, "family">,
  address: CniAddress,
  comment: string,
): Rule[] {
  const own = address.version === 4 ? "ip" : "ip6";
  if (family !== "inet" && family !== own) return [];
  const first = family === "inet" ? familyIs(own) : [];
  const host = wire(alone(parseCidr(address.address)));
  const rule = (...steps: Expression[][]): Rule => ({
    expressions: [...first, ...steps.flat(), ...accept()],
    comment,
  });
  return [
    rule(addressIs("source", host)),
    rule(addressIs("destination", host), isAnswer()),
    rule(addressIs("destination", host), isRedirected()),
  ];
}

/** UUIDs of the pods for which firewalls hold rules. */
export async function podsInFirewalls(): Promise<string[]> {
  const chains = hasNftables() ? listForwardChains() : [];
  const comments = chains.flatMap((chain) => commentedRules(chain).map(({ comment }) => comment));
  const lines = [...comments, ...(await sourcesOfRules())];
  const uuids = lines.map((line) => /id: \\?"([0-9a-f-]{36})\\?"/.exec(line)?.[1]);
  return [...new Set(uuids.filter((uuid) => uuid !== undefined))];
}
