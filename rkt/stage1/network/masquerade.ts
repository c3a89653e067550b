/**
 * Masquerading of pods where the kernel has no nftables, and a way through the machine's firewall:
 * what the reference plugins do with a dozen calls of iptables, in one, with
 * the same chains, rules and comments. Each rule names its pod, so that the rules of a pod that was
 * killed are found without its addresses.
 *
 * @see CNI plugins 1.1, pkg/ip/ipmasq_linux.go
 */
import { readFileSync } from "node:fs";
import type { CniAddress } from "@rkt/spec";
import { Fault } from "@shared/base";
import { isExecutable } from "../programs.ts";

/** The plugins whose `ipMasq` is understood here; others do it themselves. */
const PLUGINS: readonly string[] = ["ptp", "bridge"];

/** True where this file masquerades in place of the plugin. */
export function masqueradesFor(network: { type: string; ipMasq: boolean }): boolean {
  return network.ipMasq && PLUGINS.includes(network.type);
}

type IptablesTable = "nat" | "filter";

interface Family {
  readonly version: 4 | 6;
  readonly program: string;
  readonly multicast: string;
}

const FAMILIES: readonly Family[] = [
  { version: 4, program: "iptables", multicast: "224.0.0.0/4" },
  { version: 6, program: "ip6tables", multicast: "ff00::/8" },
];

export interface Masquerade {
  readonly network: string;
  readonly uuid: string;
  readonly addresses: readonly CniAddress[];
}

/** Lets the addresses reach the outside under the host's own. @throws {Fault} "unavailable" */
export async function addMasquerading(masquerade: Masquerade): Promise<void> {
  for (const family of FAMILIES) await restore(family, "nat", additionOf(masquerade, family));
}

/**
 * Lets the addresses through the FORWARD chain: connections that they begin, answers to them, and
 * what published ports let in.
 */
export async function addAcceptance(masquerade: Masquerade): Promise<void> {
  for (const family of FAMILIES) {
    await restore(family, "filter", acceptanceOf(masquerade, family));
  }
}

/** True where the kernel filters by the tables that iptables had before nftables. */
export function isLegacyFiltered(): boolean {
  return FAMILIES.some(({ version }) => {
    try {
      const path = `/proc/net/ip${version === 4 ? "" : "6"}_tables_names`;
      return readFileSync(path, "utf8").split("\n").includes("filter");
    } catch {
      return false; // they were never used
    }
  });
}

/** True where rules of iptables can be changed. */
export function hasIptables(): boolean {
  return findProgram("iptables-restore") !== undefined;
}

/** Every rule of the FORWARD chains and of masquerading, as iptables-save prints it. */
export async function sourcesOfRules(): Promise<string[]> {
  const tables = ["filter", "nat"] as const;
  const texts = await Promise.all(
    FAMILIES.flatMap((family) => tables.map((table) => save(family, table))),
  );
  return texts.flatMap((text) => text.split("\n").filter((line) => line.startsWith("-A ")));
}

async function save(family: Family, table: IptablesTable): Promise<string> {
  const program = findProgram(`${family.program}-save`);
  if (program === undefined) return "";
  return await Bun.spawn([program, "-t", table], { stderr: "ignore" }).stdout.text();
}

const ANSWERS = "-m conntrack --ctstate RELATED,ESTABLISHED,DNAT";

/** The lines for iptables-restore that let one family's addresses through. Pure. */
export function acceptanceOf(
  { network, uuid, addresses }: Masquerade,
  { version }: Pick<Family, "version">,
): string[] {
  const comment = `-m comment --comment "name: \\"${network}\\" id: \\"${uuid}\\""`;
  return addresses
    .filter((each) => each.version === version)
    .map(({ address }) => address.split("/")[0] ?? "")
    .flatMap((address) => [
      `-I FORWARD -d ${address} ${ANSWERS} ${comment} -j ACCEPT`,
      `-I FORWARD -s ${address} ${comment} -j ACCEPT`,
    ]);
}

/** Removes what the tables of IPv4 and IPv6 hold for the pod; nothing where there is nothing. */
export async function removeIptablesRules(uuid: string, table: IptablesTable): Promise<void> {
  await Promise.all(
    FAMILIES.map(async (family) => {
      await restore(family, table, removalOf(uuid, await save(family, table)));
    }),
  );
}

/** The lines for iptables-restore that masquerade one family's addresses. Pure. */
export function additionOf(
  { network, uuid, addresses }: Masquerade,
  { version, multicast }: Pick<Family, "version" | "multicast">,
): string[] {
  const own = addresses.filter((each) => each.version === version);
  if (own.length === 0) return [];
  const hash = new Bun.CryptoHasher("sha512").update(network + uuid).digest("hex");
  const chain = `CNI-${hash.slice(0, 24)}`;
  const comment = `-m comment --comment "name: \\"${network}\\" id: \\"${uuid}\\""`;
  return [
    `:${chain} - [0:0]`,
    ...own.flatMap(({ address }) => [
      `-A ${chain} -d ${address} ${comment} -j ACCEPT`,
      `-A ${chain} ! -d ${multicast} ${comment} -j MASQUERADE`,
      `-A POSTROUTING -s ${address.split("/")[0] ?? ""} ${comment} -j ${chain}`,
    ]),
  ];
}

/** The lines for iptables-restore that take away the rules and chains of a pod. Pure. */
export function removalOf(uuid: string, saved: string): string[] {
  const rules = saved
    .split("\n")
    .filter((line) => line.startsWith("-A ") && line.includes(`id: \\"${uuid}\\"`));
  const ownChains = new Set(rules.map((rule) => rule.split(" ")[1] ?? ""));
  const builtIn = (chain: string): boolean => chain === "POSTROUTING" || chain === "FORWARD";
  for (const chain of ownChains) if (builtIn(chain)) ownChains.delete(chain);
  const jumps = rules.filter((rule) => builtIn(rule.split(" ")[1] ?? ""));
  return [
    ...jumps.map((rule) => rule.replace("-A", "-D")),
    ...[...ownChains].flatMap((chain) => [`-F ${chain}`, `-X ${chain}`]),
  ];
}

async function restore(
  family: Family,
  table: IptablesTable,
  lines: readonly string[],
): Promise<void> {
  if (lines.length === 0) return;
  const program = findProgram(`${family.program}-restore`);
  if (program === undefined) {
    throw new Fault(
      "missing-program",
      `masquerade: program "${family.program}-restore" not found`,
      {
        hint: "install it: apt-get install iptables",
      },
    );
  }
  const child = Bun.spawn([program, "--noflush", "--wait", "5"], {
    stdin: Buffer.from([`*${table}`, ...lines, "COMMIT", ""].join("\n")),
    stdout: "ignore",
    stderr: "pipe",
  });
  const [errors, status] = await Promise.all([child.stderr.text(), child.exited]);
  if (status !== 0) throw new Fault("unavailable", `masquerade: ${errors.trim()}`);
}

function findProgram(name: string): string | undefined {
  return ["/usr/sbin", "/sbin"].map((each) => `${each}/${name}`).find(isExecutable);
}
