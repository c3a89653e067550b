/** Chains of plugins, namespaces of others, and what a reboot leaves. */
import { beforeAll, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { IMAGE_NAME } from "./fixtures/aci.ts";
import { eventually } from "./harness/background.ts";
import { refused, succeeded } from "./harness/expectations.ts";
import { feature } from "./harness/feature.ts";

const PLUGINS = existsSync("/usr/lib/cni/tuning")
  ? undefined
  : "it needs the CNI plugins (Debian: containernetworking-plugins)";

feature("rkt run --net: chains and namespaces", { lacks: PLUGINS }, (world) => {
  beforeAll(async () => {
    await world().store();
    await world().machine.shell(`mkdir -p ${world().config}/net.d`);
  });

  const configure = (file: string, document: object): Promise<number> =>
    Bun.write(join(world().config, "net.d", file), JSON.stringify(document));
  const script = async (net: string, text: string, flags: string[] = []): Promise<string> => {
    const argv = ["run", `--net=${net}`, ...flags, IMAGE_NAME, "--exec=/bin/sh", "--", "-c", text];
    return succeeded(await world().rkt(argv));
  };
  const ipam = (subnet: string): object => ({
    type: "host-local",
    ranges: [[{ subnet }]],
    routes: [{ dst: "0.0.0.0/0" }],
  });

  /** The plugins of Kubernetes' and podman's default networks. */
  for (const cniVersion of ["0.3.1", "0.4.0", "1.0.0"]) {
    test(`a list of plugins, version ${cniVersion}: each sees the result before it`, async () => {
      await configure("10-chain.conflist", {
        cniVersion,
        name: "chain",
        plugins: [
          {
            type: "bridge",
            bridge: "br72",
            isGateway: true,
            ipMasq: true,
            ipam: ipam("10.72.0.0/24"),
          },
          { type: "portmap", capabilities: { portMappings: true } },
          ...(cniVersion === "0.3.1" ? [] : [{ type: "firewall" }]), // it knows no older one
          { type: "tuning", sysctl: { "net.core.somaxconn": "321" } },
        ],
      });
      const look = "ip -4 -o addr show dev eth0; cat /proc/sys/net/core/somaxconn";
      const text = await script("chain", look, ["--port=8080:80"]);
      expect(text).toMatch(/inet 10\.72\.0\.\d+\/24/);
      expect(text).toEndWith("\n321\n");
      const rules = await world().machine.shell("nft list ruleset | grep -cF 10.72. || :");
      expect(rules, "the firewall plugin was told to forget").toBe("0\n");
    });
  }

  test("what is not understood here goes to the plugin, and the next ones follow", async () => {
    await configure("20-real.conflist", {
      cniVersion: "1.0.0",
      name: "real",
      plugins: [
        { type: "bridge", bridge: "br72", vlan: 0, ipam: ipam("10.73.0.0/24") },
        { type: "tuning", mtu: 1399 },
      ],
    });
    const text = await script("real", "ip -4 -o addr show dev eth0; cat /sys/class/net/eth0/mtu");
    expect(text).toMatch(/inet 10\.73\.0\.\d+\/24/);
    expect(text).toEndWith("\n1399\n");
  });

  test("a chain with the plugin bandwidth shapes the link, and nothing stays", async () => {
    await configure("25-slow.conflist", {
      cniVersion: "1.0.0",
      name: "slow",
      plugins: [
        { type: "ptp", ipMasq: true, ipam: ipam("10.76.0.0/24") },
        { type: "bandwidth", ingressRate: 8_000_000, ingressBurst: 8_000_000 },
      ],
    });
    const file = join(world().directory, "uuid-slow");
    const pod = await world().start([
      ...["run", "--net=slow", `--uuid-file-save=${file}`, IMAGE_NAME],
      ...["--exec=/bin/sleep", "--", "1000"],
    ]);
    const shaped = await eventually("the link is shaped", async () => {
      const { stdout } = await world().machine.run(["tc", "qdisc", "show"]);
      return /^qdisc tbf .*$/m.exec(stdout)?.[0];
    });
    expect(shaped).toContain("rate 8Mbit");
    succeeded(await world().rkt(["stop", (await Bun.file(file).text()).trim()]));
    await pod.finished;
    await eventually("the link goes, and its shape with it", async () => {
      const left = await world().machine.shell("tc qdisc show | grep -c tbf || :");
      return left === "0\n" || undefined;
    });
  });

  test("a chain that breaks in the middle is undone from there", async () => {
    await configure("30-broken.conflist", {
      cniVersion: "1.0.0",
      name: "broken",
      plugins: [
        { type: "ptp", ipMasq: true, ipam: ipam("10.74.0.0/24") },
        { type: "tuning", sysctl: { "net.no.such": "1" } },
      ],
    });
    const finished = await world().rkt(["run", "--net=broken", IMAGE_NAME, "--exec=/bin/true"]);
    expect(refused(finished)).toContain("failed to setup network: ");
    const leases = await world().machine.shell("ls /var/lib/cni/networks/broken");
    expect(leases).not.toMatch(/^10\./m);
    // The kernel takes the link with the pod's namespace, a moment after the command.
    await eventually("the link is gone", async () => {
      const links = await world().machine.shell("ip -o link | grep -c veth || :");
      return links === "0\n" || undefined;
    });
  });

  test("several networks at once, in the order of their files, in both families", async () => {
    await configure("05-six.conf", {
      cniVersion: "1.0.0",
      name: "six",
      type: "ptp",
      ipMasq: true,
      ipam: {
        type: "host-local",
        ranges: [[{ subnet: "10.75.0.0/24" }], [{ subnet: "fd75::/64" }]],
        routes: [{ dst: "::/0" }],
      },
    });
    const text = await script("default,six", "ip -o addr; ping -c1 -W5 fd75::1 | grep -c ttl=");
    expect(text).toMatch(/eth0 +inet 10\.75\.0\.\d+\/24/);
    expect(text).toMatch(/eth0 +inet6 fd75::\d+\/64 scope global/);
    expect(text).toMatch(/eth1 +inet 172\.16\.28\.\d+\/24/);
    expect(text).toEndWith("\n1\n");
  });

  test("ns: joins a namespace that is there, and leaves it as it was", async () => {
    await world().machine.shell(
      "ip netns add theirs; ip -n theirs link add mark type veth peer name other",
    );
    const text = await script("ns:/run/netns/theirs", "ip -o link | cut -d: -f2");
    expect(text).toContain(" mark");
    expect(text).not.toContain("eth0");
    expect(await world().machine.shell("ip -n theirs -o link")).toContain("mark");
    await world().machine.shell("ip netns del theirs; umount /run/netns; rmdir /run/netns");
  });

  test("pod: joins the namespace of a pod that runs", async () => {
    const file = join(world().directory, "uuid-host");
    const wait = ["--exec=/bin/sleep", "--", "1000"];
    const pod = await world().start(["run", `--uuid-file-save=${file}`, IMAGE_NAME, ...wait]);
    const uuid = await eventually("the first pod runs", async () => {
      if (!existsSync(file)) return undefined;
      const uuid = (await Bun.file(file).text()).trim();
      return (await world().rkt(["enter", uuid, "/bin/true"])).status === 0 ? uuid : undefined;
    });
    const address = "ip -4 -o addr show dev eth0 | awk '{print $4}'";
    const own = succeeded(await world().rkt(["enter", uuid, "/bin/sh", "-c", address]));
    expect(own).toStartWith("172.16.28.");
    expect(await script(`pod:${uuid.slice(0, 8)}`, address)).toBe(own);
    succeeded(await world().rkt(["stop", uuid]));
    await pod.finished;
    const gone = await world().rkt(["run", `--net=pod:${uuid}`, IMAGE_NAME, "--exec=/bin/true"]);
    expect(gone.status).toBe(254);
    expect(gone.stderr).toContain("join the network of pod");
  });

  test("after a reboot the leases are all that is left, and gc returns them", async () => {
    const leases = "ls /var/lib/cni/networks/default | grep -c '^[0-9]' || :";
    const killed = await world().start(["run", IMAGE_NAME, "--exec=/bin/sleep", "--", "1000"]);
    await eventually("the pod has an address", async () =>
      (await world().machine.shell(leases)) === "1\n" ? true : undefined,
    );
    await killed.signal("KILL");
    await killed.finished;
    await world().machine.shell(`until [ -z "$(ip -o link show type veth)" ]; do sleep 0.05; done
      nft list tables | awk '/rkt-/ {print $3}' | xargs -r -n1 nft delete table ip`);
    expect(await world().machine.shell(leases)).toBe("1\n");
    succeeded(await world().rkt(["gc", "--grace-period=0s"]));
    expect(await world().machine.shell(leases)).toBe("0\n");
  });

  test("the bridge and the chains of the plugins are taken away", async () => {
    await world().machine.shell(`ip link del br72; iptables -F; iptables -X`);
    await world().machine.shell("ip6tables -F; ip6tables -X; rm -rf /run/cni /run/xtables.lock");
  });
});
