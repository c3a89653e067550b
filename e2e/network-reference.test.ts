/**
 * Networks made in process beside the same networks made by the reference plugins: links,
 * addresses, routes, leases and settings must be equal. The plugins are called by hand, as a
 * runtime calls them.
 */
import { beforeAll, expect, test } from "bun:test";
import { chmodSync, existsSync } from "node:fs";
import { join } from "node:path";
import { IMAGE_NAME } from "./fixtures/aci.ts";
import { succeeded } from "./harness/expectations.ts";
import { feature } from "./harness/feature.ts";

const PLUGINS = existsSync("/usr/lib/cni/ptp")
  ? undefined
  : "it needs the CNI plugins (Debian: containernetworking-plugins)";

const ranges = [
  [{ subnet: "10.71.0.0/24", rangeStart: "10.71.0.10", rangeEnd: "10.71.0.20" }],
  [{ subnet: "fd71::/64" }],
];
const local = (ipam: object): object => ({ type: "host-local", ...ipam });

/** What is compared, with the reason. */
const NETWORKS: readonly (readonly [string, string, object])[] = [
  [
    "ptp as the default network is",
    "",
    {
      type: "ptp",
      cniVersion: "0.1.0",
      ipam: local({ subnet: "10.71.0.0/24", routes: [{ dst: "0.0.0.0/0" }] }),
    },
  ],
  [
    "ptp without a route, with an MTU and a gateway",
    "",
    {
      type: "ptp",
      cniVersion: "0.3.1",
      mtu: 1400,
      ipam: local({ subnet: "10.71.0.0/24", gateway: "10.71.0.254" }),
    },
  ],
  [
    "ptp in both families, with ranges and routes",
    "",
    {
      type: "ptp",
      cniVersion: "0.4.0",
      ipam: local({ ranges, routes: [{ dst: "0.0.0.0/0" }, { dst: "::/0" }] }),
    },
  ],
  [
    "ptp with an address that is asked for",
    "IP=10.71.0.77",
    { type: "ptp", cniVersion: "0.4.0", ipam: local({ subnet: "10.71.0.0/24" }) },
  ],
  [
    "a bridge without a gateway",
    "",
    {
      type: "bridge",
      cniVersion: "0.4.0",
      bridge: "br71",
      ipam: local({ subnet: "10.71.0.0/24", routes: [{ dst: "10.99.0.0/16" }] }),
    },
  ],
  [
    "a bridge that is the default gateway, in both families",
    "",
    {
      type: "bridge",
      cniVersion: "1.0.0",
      bridge: "br71",
      isDefaultGateway: true,
      ipam: local({ ranges }),
    },
  ],
  [
    "a bridge with hairpin mode and an MTU",
    "",
    {
      type: "bridge",
      cniVersion: "1.0.0",
      bridge: "br71",
      isGateway: true,
      hairpinMode: true,
      mtu: 1400,
      ipam: local({ subnet: "10.71.0.0/24", routes: [{ dst: "0.0.0.0/0" }] }),
    },
  ],
  [
    "a bridge in promiscuous mode",
    "",
    {
      type: "bridge",
      cniVersion: "1.0.0",
      bridge: "br71",
      isGateway: true,
      promiscMode: true,
      ipam: local({ subnet: "10.71.0.0/24" }),
    },
  ],
  [
    "a bridge whose network has several ranges, routes by another gateway, and name servers",
    "",
    {
      type: "bridge",
      cniVersion: "0.3.1",
      bridge: "br71",
      isGateway: true,
      dns: { nameservers: ["192.0.2.53"], domain: "example.test", search: ["a.test", "b.test"] },
      ipam: local({
        ranges: [
          [
            { subnet: "10.71.0.0/24", rangeStart: "10.71.0.200", rangeEnd: "10.71.0.200" },
            { subnet: "10.71.8.0/24", gateway: "10.71.8.9" },
          ],
        ],
        routes: [{ dst: "10.99.0.0/16", gw: "10.71.0.77" }, { dst: "10.98.0.0/16" }],
      }),
    },
  ],
  [
    "a bridge with an address that is asked for, and an MTU",
    "IgnoreUnknown=1;IP=10.71.0.99", // else this plugin refuses what it does not read itself
    {
      type: "bridge",
      cniVersion: "1.0.0",
      bridge: "br71",
      isDefaultGateway: true,
      mtu: 1300,
      ipam: local({ ranges: [[{ subnet: "10.71.0.0/24", gateway: "10.71.0.254" }]] }),
    },
  ],
  [
    "leases elsewhere, and name servers of a file",
    "",
    {
      type: "ptp",
      cniVersion: "1.0.0",
      ipam: local({
        subnet: "10.71.0.0/24",
        dataDir: "/run/compare/leases",
        resolvConf: "/run/compare/resolv.conf",
        routes: [{ dst: "0.0.0.0/0" }],
      }),
    },
  ],
  [
    "IPv6 alone",
    "",
    {
      type: "ptp",
      cniVersion: "1.0.0",
      ipam: local({ ranges: [[{ subnet: "fd71:1::/64" }]], routes: [{ dst: "::/0" }] }),
    },
  ],
];

const IN_POD = `
ip -details -oneline link show dev eth0
ip -oneline address show dev eth0
ip -4 route; ip -6 route
cat /proc/sys/net/ipv4/conf/eth0/arp_notify`;

const ON_HOST = `
ip -details -oneline link | grep -E 'veth|br71' || :
ip -oneline address | grep -vE ': lo|fe80' || :
ip -4 route; ip -6 route
bridge -details link
cat /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv6/conf/all/forwarding
cd /var/lib/cni/networks/compared 2>/dev/null || cd /run/compare/leases/compared
for file in [0-9f]* last*; do echo "$file: $(tr '\\r\\n' '!/' <"$file")"; done`;

/** A plugin that keeps the result of the one before it. */
const KEEPER = `#!/bin/sh
[ "$CNI_COMMAND" != ADD ] || { cat >/run/compare/result; echo '{"cniVersion":"1.0.0"}'; }
`;

/** What a plugin that is chained after the first is told of, without what differs each time. */
function resultOf(text: string): unknown {
  const parsed = JSON.parse(text) as { readonly prevResult?: unknown };
  const plain = JSON.stringify(parsed.prevResult ?? parsed)
    .replace(/veth[0-9a-f]+/g, "veth")
    .replace(/[0-9a-f]{2}(:[0-9a-f]{2}){5}/g, "MAC")
    .replace(/"sandbox":"[^"]*"/g, '"sandbox":"POD"');
  return JSON.parse(plain);
}

feature("networks beside the reference plugins", { lacks: PLUGINS }, (world) => {
  beforeAll(async () => {
    await world().store();
    await world().machine.shell(`mkdir -p ${world().config}/net.d /run/compare`);
    await Bun.write(keeper(), KEEPER);
    chmodSync(keeper(), 0o755);
  });

  const path = (): string => join(world().config, "net.d/10-compared.conf");
  const listPath = (): string => join(world().config, "net.d/10-compared.conflist");
  const keeper = (): string => join(world().config, "net.d/keeper");
  const settings = `echo 0 >/proc/sys/net/ipv4/ip_forward
    echo 0 >/proc/sys/net/ipv6/conf/all/forwarding`;
  const clean = `ip link del br71 2>/dev/null || :
    rm -rf /var/lib/cni/networks/compared /run/compare/*
    printf 'nameserver 192.0.2.9\\nsearch c.test\\noptions ndots:2\\n' >/run/compare/resolv.conf
    ${settings}`;

  interface Seen {
    readonly inside: string;
    readonly outside: string;
    /** What a plugin that is chained after the first is told. */
    readonly result: string;
  }

  /** The pod's view and the host's, while a pod is on the network. */
  async function inProcess(args: string): Promise<Seen> {
    const gate = "touch /gate/ready; while [ ! -e /gate/go ]; do sleep 0.05; done";
    const pod = await world().start([
      ...["run", `--net=compared${args === "" ? "" : `:${args}`}`],
      ...["--volume=gate,kind=host,source=/run/compare", IMAGE_NAME],
      ...["--mount=volume=gate,target=/gate", "--exec=/bin/sh", "--", "-c", gate],
    ]);
    await world().machine.shell("until [ -e /run/compare/ready ]; do sleep 0.05; done");
    const uuid = world().pods().at(-1) ?? "";
    const file = `${world().data}/pods/run/${uuid}/pid`;
    const inside = await world().machine.shell(
      `nsenter --net=/proc/$(cat ${file})/ns/net sh -c '${IN_POD}'`,
    );
    const outside = await world().machine.shell(ON_HOST);
    const recorded = await Bun.file(`${world().data}/pods/run/${uuid}/net/attachments.json`).text();
    expect(recorded, "no plugin was called").not.toContain("/usr/lib/cni");
    const result = await world().machine.shell("cat /run/compare/result 2>/dev/null || :");
    await world().machine.shell("touch /run/compare/go");
    expect((await pod.finished).status).toBe(0);
    succeeded(await world().rkt(["gc", "--grace-period=0s"]));
    return { inside, outside, result };
  }

  /** The same with a namespace that stands for the pod. */
  async function byPlugins(type: string, args: string): Promise<Seen> {
    const call = (command: string): string =>
      `CNI_COMMAND=${command} CNI_CONTAINERID=reference CNI_NETNS=/run/compare/net CNI_IFNAME=eth0
      CNI_ARGS='${args}' CNI_PATH=/usr/lib/cni
      /usr/lib/cni/${type} <${path()} >/run/compare/result`.replace(/\n\s+/g, " ");
    const { machine } = world();
    await machine.shell(`touch /run/compare/net
      unshare --net=/run/compare/net ip link set lo up
      ${call("ADD")}`);
    const inside = await machine.shell(`nsenter --net=/run/compare/net sh -c '${IN_POD}'`);
    const outside = await machine.shell(ON_HOST);
    const result = await machine.shell("cat /run/compare/result");
    await machine.shell(`${call("DEL")}; umount /run/compare/net; rm /run/compare/net`);
    return { inside, outside, result };
  }

  for (const [reason, args, document] of NETWORKS) {
    test(reason, async () => {
      const { type, cniVersion } = document as { type: string; cniVersion: string };
      const conf = { name: "compared", ...document };
      // A list of plugins needs results that can be passed on, which came with version 0.3.
      const isList = !cniVersion.startsWith("0.1.");
      const list = { name: "compared", cniVersion, plugins: [document, { type: "keeper" }] };
      await world().machine.shell(`${clean}; rm -f ${path()} ${listPath()}`);
      await Bun.write(isList ? listPath() : path(), JSON.stringify(isList ? list : conf));
      const ours = await inProcess(args);
      await world().machine.shell(`${clean}; rm -f ${path()} ${listPath()}`);
      await Bun.write(path(), JSON.stringify(conf));
      const theirs = await byPlugins(type, args);
      await world().machine.shell(clean);
      expect(withoutChance(ours.inside), "in the pod").toBe(withoutChance(theirs.inside));
      expect(withoutChance(ours.outside), "on the host").toBe(withoutChance(theirs.outside));
      if (isList) expect(resultOf(ours.result)).toEqual(resultOf(theirs.result));
    });
  }

  test("leases of both kinds live in one network", async () => {
    const conf = {
      name: "compared",
      type: "ptp",
      cniVersion: "1.0.0",
      ipam: local({ ranges: [[{ subnet: "10.71.0.0/29" }]] }),
    };
    await Bun.write(path(), JSON.stringify(conf));
    await world().machine.shell(`${clean}; mkdir -p /var/lib/cni/networks/compared
      cd /var/lib/cni/networks/compared
      for last in 2 3 5 6; do printf 'other\\r\\neth0' >10.71.0.$last; done`);
    const argv = ["run", "--net=compared", IMAGE_NAME, "--exec=/bin/ip", "--", "-4", "-o", "addr"];
    expect(succeeded(await world().rkt(argv)), "the one that is left").toContain("10.71.0.4/29");
    await world().machine.shell(
      "printf 'other\\r\\neth0' >/var/lib/cni/networks/compared/10.71.0.4",
    );
    const { status, stderr } = await world().rkt(argv);
    expect(status).toBe(254);
    expect(stderr).toContain("no IP addresses available in range set: 10.71.0.1-10.71.0.6");
    await world().machine.shell("rm -rf /var/lib/cni/networks/compared");
  });

  test("all is as before", async () => {
    await world().machine.shell(`rm -r ${path()} ${keeper()} /run/compare; ${settings}`);
  });
});

/** Without what differs each time: names and hardware addresses of links, indices, holders. */
function withoutChance(text: string): string {
  const lines = text
    .replace(/veth[0-9a-f]+/g, "veth")
    .replace(/(@if|^|\n)[0-9]+/g, "$1N")
    .replace(/[0-9a-f]{2}(:[0-9a-f]{2}){5}/g, "MAC")
    .replace(/8000\.[0-9a-f:]+/g, "ID")
    .replace(/fe80::[0-9a-f:]+/g, "LINKLOCAL")
    .replace(/link-netns(id)? \S+/g, "")
    .replace(/\b(gc_timer|hello_timer|tcn_timer|topology_change_timer|designated_\w+) +\S+/g, "")
    .replace(/\b(tentative|nodad)\b/g, "")
    .replace(/(: )[^!]+!!?\/?eth0/g, "$1HOLDER eth0")
    .replace(/ +/g, " ");
  return lines.split("\n").sort().join("\n");
}
