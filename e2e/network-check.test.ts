/**
 * `rkt net list`, `rkt net check` and `rkt net gc`: what there is, what is broken, what is left.
 */
import { beforeAll, expect, test } from "bun:test";
import { chmodSync, existsSync } from "node:fs";
import { join } from "node:path";
import { IMAGE_NAME } from "./fixtures/aci.ts";
import { type Background, eventually } from "./harness/background.ts";
import { refused, succeeded } from "./harness/expectations.ts";
import { feature } from "./harness/feature.ts";

const PLUGINS = existsSync("/usr/lib/cni/bridge")
  ? undefined
  : "it needs the CNI plugins (Debian: containernetworking-plugins)";

const GHOST = "00000000-0000-4000-8000-00000000000a";

feature("rkt net", { lacks: PLUGINS }, (world) => {
  beforeAll(async () => {
    await world().store();
    await world().machine.shell(`mkdir -p ${world().config}/net.d`);
  });

  const configure = (file: string, document: object): Promise<number> =>
    Bun.write(join(world().config, "net.d", file), JSON.stringify(document));
  const remove = (...files: string[]): Promise<string> =>
    world().machine.shell(`cd ${world().config}/net.d; rm ${files.join(" ")}`);

  interface Sleeper {
    readonly pod: Background;
    readonly uuid: string;
    /** Words that put a program into the pod's network namespace. */
    readonly inside: string;
  }

  async function sleeper(net: string): Promise<Sleeper> {
    const file = join(world().directory, `uuid-${crypto.randomUUID()}`);
    const flags = [`--net=${net}`, `--uuid-file-save=${file}`];
    const pod = await world().start([
      "run",
      ...flags,
      IMAGE_NAME,
      "--exec=/bin/sleep",
      "--",
      "600",
    ]);
    const runs = eventually("the pod runs", async () => {
      if (!existsSync(file)) return undefined;
      const name = (await Bun.file(file).text()).trim();
      return (await world().rkt(["enter", name, "/bin/true"])).status === 0 ? name : undefined;
    });
    const uuid = await Promise.race([runs, pod.finished.then(({ stderr }) => assertRuns(stderr))]);
    const pid = (await Bun.file(`${world().data}/pods/run/${uuid}/pid`).text()).trim();
    return { pod, uuid, inside: `nsenter --net=/proc/${pid}/ns/net` };
  }

  const assertRuns = (stderr: string): never => {
    throw new Error(`the pod ended: ${stderr}`);
  };

  async function stop({ pod, uuid }: Sleeper): Promise<void> {
    succeeded(await world().rkt(["stop", uuid]));
    await pod.finished;
  }

  /** The states of a report, without those that are well. */
  async function problems(argv: readonly string[] = []): Promise<string[]> {
    const { stdout } = await world().rkt(["net", "check", "--format=json", ...argv]);
    const findings = JSON.parse(stdout) as readonly { readonly problem?: string }[];
    return findings.flatMap(({ problem }) => problem ?? []);
  }

  test("list: built-in networks, and files that take their place", async () => {
    await configure("10-lists.conflist", {
      name: "listed",
      cniVersion: "1.0.0",
      plugins: [
        { type: "bridge", ipam: { type: "host-local", ranges: [[{ subnet: "10.78.0.0/24" }]] } },
        { type: "portmap", capabilities: { portMappings: true } },
      ],
    });
    const table = succeeded(await world().rkt(["net", "list"])).replace(/\t+/g, "|");
    const file = `${world().config}/net.d/10-lists.conflist`;
    expect(table.split("\n")).toEqual([
      "NAME|TYPE|PLUGINS|CNI|SUBNETS|FILE",
      `listed|bridge|portmap|1.0.0|10.78.0.0/24|${file}`,
      "default-restricted|ptp|-|0.1.0|172.31.0.0/16|built in",
      "default|ptp|-|0.1.0|172.16.28.0/24|built in",
      "",
    ]);
    await remove("10-lists.conflist");
  });

  test("check: a pod whose networks are whole, made here and by plugins", async () => {
    await configure("20-far.conf", {
      name: "far",
      type: "bridge",
      cniVersion: "1.0.0",
      bridge: "br79",
      vlan: 0, // not understood here: the plugin is called
      ipam: { type: "host-local", ranges: [[{ subnet: "10.79.0.0/24" }]] },
    });
    await configure("30-br.conf", {
      name: "br",
      type: "bridge",
      cniVersion: "0.4.0",
      bridge: "br78",
      isGateway: true,
      ipam: { type: "host-local", ranges: [[{ subnet: "10.78.0.0/24" }]] },
    });
    const pod = await sleeper("default,far,br");
    const table = succeeded(await world().rkt(["net", "check"])).replace(/\t+/g, "|");
    const short = pod.uuid.slice(0, 8);
    expect(table.split("\n")).toEqual([
      "POD|NETWORK|TYPE|INTERFACE|STATE",
      `${short}|far|bridge|eth0|ok`,
      `${short}|br|bridge|eth1|ok`,
      `${short}|default|ptp|eth2|ok`,
      `${short}|-|rules in nftables|-|ok`,
      "",
    ]);
    expect(await problems([pod.uuid.slice(0, 8)])).toEqual([]);
    await stop(pod);
  });

  test("check: everything that can break is named", async () => {
    const pod = await sleeper("default,far,br");
    const { machine } = world();
    await machine.shell(`${pod.inside} ip address flush dev eth0
      ${pod.inside} ip address flush dev eth2
      ${pod.inside} ip link set eth1 down
      ip link set br78 down
      nft delete table ip rkt-${pod.uuid}
      grep -l ${pod.uuid} /var/lib/cni/networks/br/10.* | xargs rm`);
    const { status, stderr } = await world().rkt(["net", "check"]);
    expect(status).toBe(254);
    expect(stderr).toContain("hint: a pod that is started again gets its network anew");
    const found = await problems();
    const all = found.join("\n");
    expect(all, "the plugin's words").toMatch(/10\.79\.0\.\d+.*eth0|eth0.*10\.79\.0\.\d+/);
    expect(all).toMatch(/the address 172\.16\.28\.\d+\/24 is gone from "eth2"/);
    expect(all).toContain('the route to 0.0.0.0/0 is gone from "eth2"');
    expect(all).toContain('the pod\'s link "eth1" is down');
    expect(all).toContain('the bridge "br78" is down');
    expect(all).toMatch(
      /the lease of 10\.78\.0\.\d+\/24 is gone from \/var\/lib\/cni\/networks\/br/,
    );
    expect(all).toContain(`the table "rkt-${pod.uuid}" is gone`);
    await stop(pod);
    expect(await problems(), "nothing is left of it").toEqual([]);
    await machine.shell("ip link del br79; ip link del br78");
    await remove("20-far.conf", "30-br.conf");
  });

  test("check: a pod that was killed has not given anything back until gc", async () => {
    const pod = await sleeper("default");
    await pod.pod.signal("KILL");
    await pod.pod.finished;
    expect(await problems()).toEqual(["the pod is exited and its networks were not given back"]);
    const named = await world().rkt(["net", "check", pod.uuid]);
    expect(refused(named)).toEndWith("it is exited");
    succeeded(await world().rkt(["gc", "--grace-period=0s"]));
    expect(await problems()).toEqual([]);
  });

  test("gc: what is of no pod goes, what others have stays", async () => {
    const pod = await sleeper("default");
    const leases = "/var/lib/cni/networks/default";
    const lease = `${leases}/172.16.28.200`;
    await world().machine.shell(`printf '${GHOST}\\r\\neth0' >${lease}
      printf 'a-container-of-podman\\r\\neth0' >${leases}/172.16.28.201
      nft add table ip rkt-${GHOST}; nft add table ip mine
      ip link add stray type veth peer name other
      ip link set stray alias 'rkt ${GHOST} eth0'`);
    const found = await problems();
    expect(found.join("\n")).toContain(`a lease of a pod that is not there: ${lease}`);
    expect(found.join("\n")).toContain(`a table of a pod that is not there: rkt-${GHOST}`);
    expect(found.join("\n")).toContain("a link of a pod that is not there: stray");
    const said = succeeded(await world().rkt(["net", "gc"]));
    expect(said).toContain(`removed lease ${lease} of pod ${GHOST}`);
    expect(await problems()).toEqual([]);
    const kept = await world().machine.shell(`ls ${leases}; nft list tables`);
    expect(kept).toContain("172.16.28.201");
    expect(kept).toContain(`table ip rkt-${pod.uuid}`);
    expect(kept).toContain("table ip mine");
    expect(kept).not.toContain(GHOST);
    expect(await problems([pod.uuid]), "the pod that runs is whole").toEqual([]);
    await stop(pod);
    await world().machine.shell(`rm ${leases}/172.16.28.201
      nft delete table ip mine`);
  });

  test("gc: a pod of another data directory keeps what it has", async () => {
    const pod = await sleeper("default");
    const other = join(world().directory, "other");
    await world().machine.shell(`mkdir -p ${other}`);
    expect(succeeded(await world().rkt(["net", "gc"], { data: other }))).toBe("");
    expect(await problems([pod.uuid])).toEqual([]);
    await stop(pod);
  });

  /** A plugin as CNI 1.1 describes it, which notes what it is asked. */
  const NEW_PLUGIN = `#!/bin/sh
input=$(cat)
echo "$CNI_COMMAND $input" >>"$(dirname "$0")/calls"
case $CNI_COMMAND in
ADD) cat <<'END'
{"cniVersion":"1.1.0",
 "interfaces":[{"name":"eth0","sandbox":"/pod","mtu":1400,"socketPath":"/run/s","pciID":"0:1"}],
 "ips":[{"address":"10.80.0.2/24","gateway":"10.80.0.1","interface":0}],
 "routes":[{"dst":"0.0.0.0/0","gw":"10.80.0.1",
  "mtu":1400,"advmss":1360,"priority":5,"table":254,"scope":0}],
 "dns":{}}
END
;;
STATUS) [ ! -e "$(dirname "$0")/ill" ] || { echo '{"code":50,"msg":"not ready yet"}'; exit 1; } ;;
esac
`;

  test("CNI 1.1: results keep their new fields; CHECK, STATUS and GC are asked", async () => {
    const directory = join(world().config, "net.d");
    await Bun.write(join(directory, "modern"), NEW_PLUGIN);
    chmodSync(join(directory, "modern"), 0o755);
    await configure("40-modern.conflist", {
      name: "modern",
      cniVersion: "0.4.0",
      cniVersions: ["0.4.0", "1.0.0", "1.1.0"],
      plugins: [{ type: "modern" }, { type: "modern", second: true }],
    });
    const pod = await sleeper("modern");
    const calls = async (command: string): Promise<string[]> => {
      const lines = (await Bun.file(join(directory, "calls")).text()).split("\n");
      return lines.filter((line) => line.startsWith(`${command} `));
    };
    expect((await calls("ADD"))[1], "the second of the chain").toContain('"cniVersion":"1.1.0"');
    const passed = (await calls("ADD"))[1];
    expect(passed).toContain('"mtu":1400,"socketPath":"/run/s","pciID":"0:1"');
    expect(passed).toContain('"advmss":1360,"priority":5,"table":254,"scope":0');
    expect(await problems()).toEqual([]);
    expect(await calls("CHECK")).toHaveLength(2);
    expect((await calls("CHECK"))[0]).toContain('"prevResult"');
    await Bun.write(join(directory, "ill"), "");
    expect(await problems()).toEqual(Array(2).fill('plugin "modern": not ready yet'));
    succeeded(await world().rkt(["net", "gc"]));
    const inUse = `"cni.dev/valid-attachments":[{"containerID":"${pod.uuid}","ifname":"eth0"}]`;
    expect((await calls("GC"))[0]).toContain(inUse);
    await stop(pod);
    const deleted = await calls("DEL");
    expect(
      deleted.map((line) => line.includes('"second"')),
      "last first",
    ).toEqual([true, false]);
    expect(deleted[0]).toContain('"prevResult"');
    await remove("40-modern.conflist", "modern", "calls", "ill");
  });
});
