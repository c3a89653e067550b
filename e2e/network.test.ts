/** `rkt run --net`: none, host and the default network, with the real CNI plugins. */
import { beforeAll, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { IMAGE_NAME } from "./fixtures/aci.ts";
import { type Background, eventually } from "./harness/background.ts";
import { refused, succeeded } from "./harness/expectations.ts";
import { feature } from "./harness/feature.ts";

const PLUGINS = existsSync("/usr/lib/cni/ptp")
  ? undefined
  : "it needs the CNI plugins (Debian: containernetworking-plugins)";

feature("rkt run --net", { lacks: PLUGINS }, (world) => {
  beforeAll(async () => {
    await world().store();
  });

  const script = async (net: string, text: string): Promise<string> => {
    const argv = ["run", `--net=${net}`, IMAGE_NAME, "--exec=/bin/sh", "--", "-c", text];
    return succeeded(await world().rkt(argv));
  };

  /**
   * A pod on the default network that serves one page until it is stopped; its address is known.
   */
  async function server(name: string): Promise<{ pod: Background; uuid: string; address: string }> {
    const file = join(world().directory, `uuid-${name}`);
    const serve = `mkdir /www; echo page of ${name} >/www/index.html; exec httpd -f -p 80 -h /www`;
    const pod = await world().start([
      ...["run", `--uuid-file-save=${file}`, IMAGE_NAME, `--name=${name}`],
      ...["--exec=/bin/sh", "--", "-c", serve],
    ]);
    const [uuid, address] = await eventually(`${name} is on the network`, async () => {
      if (!existsSync(file)) return undefined;
      const uuid = (await Bun.file(file).text()).trim();
      const { stdout } = await world().rkt(["status", uuid]);
      const address = /^networks=.*default:ip4=([0-9.]+)/m.exec(stdout)?.[1];
      return address === undefined ? undefined : ([uuid, address] as const);
    });
    return { pod, uuid, address };
  }

  async function stop(...servers: { pod: Background; uuid: string }[]): Promise<void> {
    succeeded(await world().rkt(["stop", ...servers.map(({ uuid }) => uuid)]));
    for (const { pod } of servers) await pod.finished;
  }

  const get = (address: string): string =>
    `until wget -q -O - http://${address}/ 2>/dev/null; do sleep 0.05; done`;
  const onHost = (text: string): Promise<string> =>
    world().machine.shell(text.replaceAll("wget", "busybox wget"));
  const leases = (): Promise<string> =>
    world().machine.shell("ls /var/lib/cni/networks/default 2>/dev/null | grep -c '^[0-9]' || :");

  test("none: only a loopback, and it works", async () => {
    expect(
      await script("none", "ip -o link | cut -d: -f2; ping -c1 -W1 127.0.0.1 | grep -c ttl="),
    ).toBe(" lo\n1\n");
  });

  test("host: the host's own interfaces", async () => {
    await world().machine.shell("ip link add marker type veth peer name other");
    try {
      expect(await script("host", "ip -o link | cut -d: -f2")).toContain("marker");
    } finally {
      await world().machine.shell("ip link del marker");
    }
  });

  test("default: an address in 172.16.28.0/24 and a default route", async () => {
    const text = await script("default", "ip -4 -o addr show dev eth0; ip route");
    expect(text).toMatch(/inet 172\.16\.28\.\d+\/24/);
    expect(text).toMatch(/^default via 172\.16\.28\.1 dev eth0/m);
  });

  test("default is what a pod gets without --net", async () => {
    const argv = ["run", IMAGE_NAME, "--exec=/bin/ip", "--", "-4", "-o", "addr"];
    expect(succeeded(await world().rkt(argv))).toMatch(/eth0 +inet 172\.16\.28\./);
  });

  test("default: the host reaches the pod and the pod reaches the host", async () => {
    const web = await server("web");
    expect(await onHost(get(web.address))).toBe("page of web\n");
    await stop(web);
    const listen =
      "printf 'HTTP/1.0 200 OK\\r\\n\\r\\nfrom the host' | busybox nc -l -p 8099 >/dev/null 2>&1 &";
    await world().machine.shell(`${listen} sleep 0.2`);
    expect(await script("default", "wget -q -O - http://172.16.28.1:8099/")).toBe("from the host");
  });

  test("two pods at once have different addresses and reach each other", async () => {
    const [first, second] = [await server("first"), await server("second")];
    expect(first.address).not.toBe(second.address);
    expect(await script("default", get(first.address))).toBe("page of first\n");
    const enter = ["enter", second.uuid, "/bin/sh", "-c", get(first.address)];
    expect(succeeded(await world().rkt(enter))).toBe("page of first\n");
    await stop(first, second);
  });

  test("rkt list shows the address of a running pod", async () => {
    const web = await server("listed");
    expect(succeeded(await world().rkt(["list"]))).toContain(`default:ip4=${web.address}`);
    await stop(web);
  });

  test("a pod that ends gives its address, its link and its rules back at once", async () => {
    await script("default", "true");
    expect((await leases()).trim()).toBe("0");
    expect(await world().machine.shell("ip route | grep -c 172.16.28. || :")).toBe("0\n");
    expect(await world().machine.shell("nft list ruleset | grep -c 172.16.28. || :")).toBe("0\n");
    await eventually("the kernel takes the link with the namespace", async () =>
      (await world().machine.shell("ip -o link show type veth")) === "" ? true : undefined,
    );
  });

  test("pods that start at the same moment", async () => {
    const show = "ip -4 -o addr show dev eth0 | awk '{print $4}'; sleep 0.5";
    const answers = await Promise.all(Array.from({ length: 24 }, () => script("default", show)));
    for (const answer of answers) expect(answer).toMatch(/^172\.16\.28\.\d+\/24\n$/);
    expect((await leases()).trim()).toBe("0");
  });

  test("an address that is asked for", async () => {
    const text = await script("default:IP=172.16.28.77", "ip -4 -o addr show dev eth0");
    expect(text).toContain("172.16.28.77/24");
  });

  test("a network of one's own from net.d", async () => {
    const conf = {
      name: "mine",
      type: "ptp",
      ipam: { type: "host-local", subnet: "10.77.0.0/24", routes: [{ dst: "0.0.0.0/0" }] },
    };
    await world().machine.shell(`mkdir -p ${world().config}/net.d`);
    await Bun.write(join(world().config, "net.d/10-mine.conf"), JSON.stringify(conf));
    expect(await script("mine", "ip -4 -o addr show dev eth0")).toContain("10.77.0.");
  });

  test("a network that does not exist is named", async () => {
    const argv = ["run", "--net=nothing", IMAGE_NAME];
    expect(refused(await world().rkt(argv))).toContain("networks not found: nothing");
  });

  test("a missing plugin is named, with what to install, and nothing stays behind", async () => {
    const conf = { name: "far", type: "macvlan", master: "lo", ipam: { type: "host-local" } };
    await world().machine.shell(`mkdir -p ${world().config}/net.d`);
    await Bun.write(join(world().config, "net.d/20-far.conf"), JSON.stringify(conf));
    const argv = ["run", "--net=default,far", IMAGE_NAME];
    const finished = await world().rkt(argv, { as: withoutPlugins() });
    await world().machine.shell(`rm ${world().config}/net.d/20-far.conf`);
    expect(refused(finished)).toContain('"macvlan"');
    expect(finished.stderr).toMatch(/^hint: .*containernetworking-plugins/m);
    expect((await leases()).trim()).toBe("0");
  });

  test("the default network needs no plugin", async () => {
    const argv = ["run", IMAGE_NAME, "--exec=/bin/ip", "--", "route"];
    expect(succeeded(await world().rkt(argv, { as: withoutPlugins() }))).toContain("default via");
  });
});

/** Words that start a program where no plugins are installed. */
function withoutPlugins(): string[] {
  const hide = (directory: string) => `[ ! -d ${directory} ] || mount -t tmpfs none ${directory}`;
  const hidden = ["/usr/lib/cni", "/opt/cni/bin", "/usr/lib/rkt/plugins/net"].map(hide).join("; ");
  return ["unshare", "--mount", "sh", "-c", `${hidden}; exec "$@"`, "sh"];
}
