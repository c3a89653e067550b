/**
 * Masquerading rules of a pod whose network namespace is gone. The reference plugins find the rules
 * to remove by the addresses inside the namespace, and leave them behind without it; each rule
 * names the pod in its comment.
 */
import { existsSync } from "node:fs";
import { Fault } from "@shared/base";

const DIRECTORIES = ["/usr/sbin", "/sbin"];

/**
 * Removes what the nat tables of IPv4 and IPv6 hold for the pod; nothing where there is nothing.
 */
export function removeMasquerading(uuid: string): void {
  for (const family of ["iptables", "ip6tables"]) {
    const directory = DIRECTORIES.find((each) => existsSync(`${each}/${family}-restore`));
    if (directory === undefined) continue;
    const saved = Bun.spawnSync([`${directory}/${family}-save`, "-t", "nat"]).stdout.toString();
    const commands = removalOf(uuid, saved);
    if (commands.length === 0) continue;
    const text = ["*nat", ...commands, "COMMIT", ""].join("\n");
    const restore = Bun.spawnSync([`${directory}/${family}-restore`, "--noflush"], {
      stdin: Buffer.from(text),
    });
    if (restore.exitCode === 0) continue;
    throw new Fault("unavailable", `remove masquerading: ${restore.stderr.toString().trim()}`);
  }
}

/** The lines for iptables-restore that take away the rules and chains of a pod. Pure. */
export function removalOf(uuid: string, saved: string): string[] {
  const rules = saved
    .split("\n")
    .filter((line) => line.startsWith("-A ") && line.includes(`id: \\"${uuid}\\"`));
  const ownChains = new Set(rules.map((rule) => rule.split(" ")[1] ?? ""));
  ownChains.delete("POSTROUTING");
  const jumps = rules.filter((rule) => rule.startsWith("-A POSTROUTING "));
  return [
    ...jumps.map((rule) => rule.replace("-A", "-D")),
    ...[...ownChains].flatMap((chain) => [`-F ${chain}`, `-X ${chain}`]),
  ];
}
