/** `rkt run --port`: published ports, whoever asks for them and whatever firewall there is. */
import { beforeAll, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { IMAGE_NAME } from "./fixtures/aci.ts";
import { type Background, eventually } from "./harness/background.ts";
import { refused, succeeded } from "./harness/expectations.ts";
import { feature } from "./harness/feature.ts";

/** A second machine beside the test's: its address, and the test machine's on the same wire. */
const OUTSIDE = "10.9.0.2";
const WIRE = "10.9.0.1";

feature("rkt run --port", {}, (world) => {
  beforeAll(async () => {
    const ports = [{ name: "web", protocol: "tcp", port: 80 }];
    await world().store({ app: { ports } });
    await world().machine.shell(`
      ip netns add outside
      ip link add wire type veth peer name eth0 netns outside
      ip addr add ${WIRE}/24 dev wire
      ip link set wire up
      ip -n outside addr add ${OUTSIDE}/24 dev eth0
      ip -n outside link set eth0 up
      ip -n outside route add default via ${WIRE}`);
    // The neighbours know each other before the first test.
    await world().machine.shell(`ip netns exec outside busybox ping -c1 -W5 ${WIRE}`);
  });

  interface Server {
    readonly pod: Background;
    readonly uuid: string;
  }

  /** A pod that serves its own name until it is stopped. */
  async function server(name: string, flags: readonly string[]): Promise<Server> {
    const file = join(world().directory, `uuid-${name}`);
    const serve = `mkdir /www; echo page of ${name} >/www/index.html; exec httpd -f -p 80 -h /www`;
    const pod = await world().start([
      ...["run", `--uuid-file-save=${file}`, ...flags, IMAGE_NAME, `--name=${name}`],
      ...["--exec=/bin/sh", "--", "-c", serve],
    ]);
    const uuid = await eventually(`${name} serves`, async () => {
      if (!existsSync(file)) return undefined;
      const uuid = (await Bun.file(file).text()).trim();
      const probe = ["enter", uuid, "/bin/wget", "-q", "-O", "-", "http://127.0.0.1/"];
      const { stdout } = await world().rkt(probe);
      return stdout === `page of ${name}\n` ? uuid : undefined;
    });
    return { pod, uuid };
  }

  async function stop({ pod, uuid }: Server): Promise<void> {
    succeeded(await world().rkt(["stop", uuid]));
    await pod.finished;
  }

  const get = (url: string, before: string = ""): Promise<string> =>
    world().machine.shell(`${before} timeout 10 busybox wget -q -O - http://${url}/`);
  const fromOutside = (port: number): Promise<string> =>
    get(`${WIRE}:${port}`, "ip netns exec outside");

  test("a port of the image, by name: from outside, from the host and its loopback", async () => {
    const web = await server("named", ["--port=web:8080"]);
    const page = "page of named\n";
    expect(await fromOutside(8080)).toBe(page);
    expect(await get(`${WIRE}:8080`)).toBe(page);
    expect(await get("127.0.0.1:8080")).toBe(page);
    const loop = ["enter", web.uuid, "/bin/wget", "-q", "-O", "-", `http://${WIRE}:8080/`];
    expect(succeeded(await world().rkt(loop)), "the pod itself, by the host").toBe(page);
    await stop(web);
  });

  test("::1, where clients look first, on the default network and on one of IPv6", async () => {
    const six = { type: "host-local", ranges: [[{ subnet: "fd76::/64" }]] };
    const conf = { name: "six", type: "ptp", cniVersion: "1.0.0", ipMasq: true, ipam: six };
    await world().machine.shell(`mkdir -p ${world().config}/net.d`);
    await Bun.write(join(world().config, "net.d/10-six.conf"), JSON.stringify(conf));
    for (const net of ["default", "six"]) {
      const web = await server(`on-${net}`, [`--net=${net}`, "--port=web:8086"]);
      expect(await get("[::1]:8086")).toBe(`page of on-${net}\n`);
      const second = await world().rkt(["run", "--port=[::1]:8086:80", IMAGE_NAME]);
      expect(refused(second)).toEndWith("publish port 8086/tcp: it is in use on this host");
      await stop(web);
    }
    await world().machine.shell(`rm ${world().config}/net.d/10-six.conf`);
  });

  test("::1 alone, and a range of ports", async () => {
    const flags = ["--port=[::1]:8087:80", "--port=8090-8092:79-81", "--port=0:79-80"];
    const web = await server("alone", flags);
    expect(await get("[::1]:8087")).toBe("page of alone\n");
    const elsewhere = await world().machine.run(["busybox", "nc", "-w", "2", WIRE, "8087"]);
    expect(elsewhere.status).not.toBe(0);
    expect(await fromOutside(8091)).toBe("page of alone\n");
    await stop(web);
    const said = (await web.pod.finished).stderr;
    expect(said).toMatch(
      /host port \d+\/tcp leads to port 79\n.*host port \d+\/tcp leads to port 80/,
    );
    const uneven = await world().rkt(["run", "--port=8090-8092:80-81", IMAGE_NAME]);
    expect(uneven.status).toBe(254);
    expect(uneven.stderr).toContain("are not as many ports on either side");
  });

  test("two numbers, and an address of the host", async () => {
    const web = await server("numbered", ["--port=127.0.0.1:8081:80/tcp"]);
    expect(await get("127.0.0.1:8081")).toBe("page of numbered\n");
    const refused = await world().machine.run(["busybox", "nc", "-w", "2", WIRE, "8081"]);
    expect(refused.status).not.toBe(0);
    await stop(web);
  });

  test("any free port of the host, which is told", async () => {
    const web = await server("any", ["--port=web:0"]);
    const rules = await world().machine.shell("nft list ruleset");
    const port = /tcp dport (\d+) dnat/.exec(rules)?.[1];
    expect(await get(`127.0.0.1:${port}`)).toBe("page of any\n");
    await stop(web);
    expect((await web.pod.finished).stderr).toContain(`host port ${port}/tcp leads to port 80`);
  });

  test("a port that another pod has is refused, and free again afterwards", async () => {
    const first = await server("first", ["--port=web:8082"]);
    const second = await world().rkt(["run", "--port=8082:80", IMAGE_NAME, "--exec=/bin/true"]);
    expect(refused(second)).toEndWith("publish port 8082/tcp: it is in use on this host");
    expect(await fromOutside(8082)).toBe("page of first\n");
    await stop(first);
    const third = await server("third", ["--port=web:8082"]);
    expect(await fromOutside(8082)).toBe("page of third\n");
    await stop(third);
  });

  test("a port that a program of the host has is refused too", async () => {
    const machine = world().machine;
    await machine.shell("busybox nc -l -p 8083 >/dev/null 2>&1 & echo $! >/run/nc; sleep 0.2");
    const finished = await world().rkt(["run", "--port=8083:80", IMAGE_NAME, "--exec=/bin/true"]);
    await machine.shell("kill $(cat /run/nc); rm /run/nc");
    expect(refused(finished)).toEndWith("publish port 8083/tcp: it is in use on this host");
  });

  test("a pod that was killed does not keep its port from the next", async () => {
    const killed = await server("killed", ["--port=web:8084"]);
    await killed.pod.signal("KILL");
    await killed.pod.finished;
    const next = await server("next", ["--port=web:8084"]);
    expect(await fromOutside(8084)).toBe("page of next\n");
    await stop(next);
  });

  test("a firewall that refuses to forward lets pods through, then is as before", async () => {
    const machine = world().machine;
    await machine.shell("iptables -P FORWARD DROP; iptables -A FORWARD -s 192.0.2.1 -j ACCEPT");
    const before = await machine.shell("iptables -S FORWARD");
    const web = await server("behind", ["--port=web:8085"]);
    expect(await fromOutside(8085)).toBe("page of behind\n");
    const ping = ["enter", web.uuid, "/bin/ping", "-c1", "-W5", OUTSIDE];
    expect(succeeded(await world().rkt(ping))).toContain("1 packets received");
    const { stdout: status } = await world().rkt(["status", web.uuid]);
    const address = /default:ip4=([0-9.]+)/.exec(status)?.[1];
    const straight = ["ip", "netns", "exec", "outside", "busybox", "nc", "-w", "1"];
    const { status: uninvited } = await machine.run([...straight, `${address}`, "80"]);
    expect(uninvited, "a connection that nobody published").not.toBe(0);
    await stop(web);
    expect(await machine.shell("iptables -S FORWARD")).toBe(before);
    await machine.shell("iptables -P FORWARD ACCEPT; iptables -D FORWARD -s 192.0.2.1 -j ACCEPT");
  });

  /** Firewalls as people write them with nft, in tables of their own. */
  const FOREIGN: Readonly<Record<string, string>> = {
    "a table of inet with a policy": `add table inet strict
      add chain inet strict forward { type filter hook forward priority 0; policy drop; }`,
    "a table of ip whose last rule refuses": `add table ip last
      add chain ip last f { type filter hook forward priority -5; }
      add rule ip last f reject`,
    "the chain of iptables, made with nft": `add table ip filter
      add chain ip filter FORWARD { type filter hook forward priority 0; policy drop; }`,
  };
  for (const [name, lines] of Object.entries(FOREIGN)) {
    const lack = name.includes("iptables") ? "/usr/sbin/iptables-restore" : undefined;
    test(`a firewall in ${name} lets pods through, then is as before`, async () => {
      const { machine } = world();
      if (lack !== undefined) await machine.shell("nft delete table ip filter 2>/dev/null || :");
      await machine.shell(`nft '${lines}'`);
      const before = await machine.shell("nft list ruleset");
      // Without iptables nothing but nftables is left.
      if (lack !== undefined) await machine.shell(`mount --bind /dev/null ${lack}`);
      const web = await server("strict", ["--port=web:8088"]);
      expect(await fromOutside(8088)).toBe("page of strict\n");
      const ping = ["enter", web.uuid, "/bin/ping", "-c1", "-W5", OUTSIDE];
      expect(succeeded(await world().rkt(ping))).toContain("1 packets received");
      const { stdout: status } = await world().rkt(["status", web.uuid]);
      const address = /default:ip4=([0-9.]+)/.exec(status)?.[1] ?? "";
      const straight = ["ip", "netns", "exec", "outside", "busybox", "nc", "-w", "1"];
      const { status: uninvited } = await machine.run([...straight, address, "80"]);
      expect(uninvited, "a connection that nobody published").not.toBe(0);
      await stop(web);
      expect(await machine.shell("nft list ruleset")).toBe(before);
      if (lack !== undefined) await machine.shell(`umount ${lack}`);
      const table = lines.split("\n")[0]?.replace("add", "delete");
      await machine.shell(`nft '${table}'`);
    });
  }

  test("the outside sees the host's address, not the pod's", async () => {
    const rules = `ip netns exec outside nft 'add table ip seen; add chain ip seen input
      { type filter hook input priority 0; }; add rule ip seen input ip saddr ${WIRE} icmp type
      echo-request counter'`;
    await world().machine.shell(rules.replace(/\n\s+/g, " "));
    const argv = ["run", IMAGE_NAME, "--exec=/bin/ping", "--", "-c1", "-W5", OUTSIDE];
    expect(succeeded(await world().rkt(argv))).toContain("1 packets received");
    expect(await world().machine.shell("ip netns exec outside nft list table ip seen")).toContain(
      "packets 1 ",
    );
  });

  test("the outside is taken away", async () => {
    await world().machine.shell(
      "ip link del wire; ip netns del outside; umount /run/netns; rmdir /run/netns",
    );
  });
});
