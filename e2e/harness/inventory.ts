/**
 * All that a pod may leave on a machine, as sorted lines: mounts, links, addresses, rules, leases,
 * network namespaces, control groups, processes. Taken before and after, the two must be equal.
 */
import type { Machine } from "./machine.ts";

/** Lines such as `link cni0` or `process sleep 60`. */
export type Inventory = readonly string[];

/** Each prints one line per thing found; commands that find nothing must still succeed. */
const PROBES: Readonly<Record<string, string>> = {
  mount: "cut -d' ' -f5,9- /proc/1/mountinfo",
  link: "ip -oneline link | cut -d: -f2",
  address: "ip -oneline address | awk '{print $2, $4}'",
  route: "ip route show table all | grep -v ' dev lo '",
  // Tables and built-in chains that iptables makes on first use stay; rules and own chains count.
  rule: "(iptables-save; ip6tables-save) | grep -E '^-A|^:[^ ]+ - '",
  nft: "nft list tables | grep -vE '^table ip6? (filter|nat|mangle|raw|security)$'",
  // Leases, states of runtimes, sockets. Locks and the last address given are there for good.
  file: "find /run /var/lib ! -type d ! -name '*lock' ! -name 'last_reserved_ip.*'",
  // Not the machine's init, and not this line itself.
  process: "ps -e -o pid=,stat=,args= | grep -vE '^ *1 |ps -e -o|grep -vE'",
};

/**
 * What is there now. `uuids` are those of the test's own pods: other tests of this machine make
 * control groups too.
 */
export async function takeInventory(machine: Machine, uuids: Iterable<string>): Promise<Inventory> {
  const lines: string[] = [];
  for (const [kind, probe] of Object.entries(PROBES)) {
    const found = await machine.shell(`{ ${probe}; } 2>/dev/null || :`);
    lines.push(
      ...found
        .split("\n")
        .filter(Boolean)
        .map((line) => `${kind} ${line.trim()}`),
    );
  }
  return [...lines, ...(await controlGroups(machine, uuids))].sort();
}

/** A control group is ours when its name has the first eight characters of one of our UUIDs. */
async function controlGroups(machine: Machine, uuids: Iterable<string>): Promise<string[]> {
  const ours = [...uuids].map((uuid) => uuid.slice(0, 8));
  const found = await machine.shell("find /sys/fs/cgroup -type d 2>/dev/null || :");
  return found
    .split("\n")
    .filter((path) => ours.some((uuid) => path.includes(uuid)))
    .map((path) => `cgroup ${path}`);
}

/** Lines of `after` that `before` lacks, and the reverse, marked with `+` and `-`. */
export function inventoryDifference(before: Inventory, after: Inventory): string[] {
  const left = [...before];
  const added = after.filter((line) => {
    const at = left.indexOf(line);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
  return [...added.map((line) => `+ ${line}`), ...left.map((line) => `- ${line}`)];
}
