/** Pods beside a real firewalld, with its D-Bus, on a machine of their own. */
import { beforeAll, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { IMAGE_NAME } from "./fixtures/aci.ts";
import { lacksPackage } from "./fixtures/debian-program.ts";
import { eventually } from "./harness/background.ts";
import { succeeded } from "./harness/expectations.ts";
import { feature } from "./harness/feature.ts";

const PACKAGES = ["firewalld", "python3-firewall", "python3-nftables", "python3-cap-ng"];
const PARTS = {
  dbus: "/usr/bin/dbus-daemon",
  polkitd: "/usr/lib/polkit-1/polkitd",
  "python3-dbus": "/usr/lib/python3/dist-packages/dbus",
  "python3-gi": "/usr/lib/python3/dist-packages/gi",
  systemd: "/usr/bin/busctl",
};

function lacks(): string | undefined {
  const archive = PACKAGES.map(lacksPackage).find((reason) => reason !== undefined);
  const part = Object.entries(PARTS).find(([, path]) => !existsSync(path));
  return archive ?? (part && `it needs ${part[1]} (Debian: ${part[0]})`);
}

const ARCHIVES = join(import.meta.dir, "../.cache/debian");
const OUTSIDE = "10.9.0.2";
const WIRE = "10.9.0.1";
const CALL = `busctl --system call org.fedoraproject.FirewallD1 /org/fedoraproject/FirewallD1`;

/** firewalld over the machine's /usr, and its bus; all of it ends with the machine. */
const START = `
mkdir -p /run/dbus /run/packages /var/lib/dbus
for name in ${PACKAGES.join(" ")}; do dpkg-deb -x ${ARCHIVES}/"$name"_*.deb /run/packages; done
cd /run/packages/usr/share/polkit-1/actions
cp org.fedoraproject.FirewallD1.server.policy.choice org.fedoraproject.FirewallD1.policy
cd /
mount -t overlay -o lowerdir=/run/packages/usr:/usr overlay /usr
dbus-uuidgen --ensure=/var/lib/dbus/machine-id
dbus-daemon --system --fork --nopidfile
/usr/bin/python3 -sP /usr/sbin/firewalld --nopid --nofork >/run/firewalld.log 2>&1 &
tries=0
until ${CALL} org.fedoraproject.FirewallD1 getDefaultZone >/dev/null 2>&1; do
  tries=$((tries + 1)); [ $tries -lt 150 ] || { cat /run/firewalld.log >&2; exit 1; }; sleep 0.2
done
# What these start by themselves is there before anything is compared.
${CALL} org.fedoraproject.FirewallD1.zone addSource ss trusted 192.0.2.1 >/dev/null
`;

feature("rkt run beside firewalld", { lacks: lacks(), setUp: START }, (world) => {
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
  });

  const sources = async (): Promise<string> =>
    await world().machine.shell(`${CALL} org.fedoraproject.FirewallD1.zone getSources s trusted`);

  test("it refuses what is forwarded, pods come through, then it forgets them", async () => {
    const file = join(world().directory, "uuid");
    const before = await sources();
    const serve = "mkdir /www; echo the page >/www/index.html; exec httpd -f -p 80 -h /www";
    const pod = await world().start([
      ...["run", `--uuid-file-save=${file}`, "--port=web:8080", IMAGE_NAME],
      ...["--exec=/bin/sh", "--", "-c", serve],
    ]);
    const uuid = await eventually("the pod serves", async () => {
      if (!existsSync(file)) return undefined;
      const name = (await Bun.file(file).text()).trim();
      const probe = ["enter", name, "/bin/wget", "-q", "-O", "-", "http://127.0.0.1/"];
      return (await world().rkt(probe)).stdout === "the page\n" ? name : undefined;
    });
    expect(await sources()).toContain("172.16.28.");
    const ping = ["enter", uuid, "/bin/ping", "-c1", "-W5", OUTSIDE];
    expect(succeeded(await world().rkt(ping)), "out").toContain("1 packets received");
    const get = `ip netns exec outside timeout 10 busybox wget -q -O - http://${WIRE}:8080/`;
    expect(await world().machine.shell(get), "in").toBe("the page\n");
    const removal = `${CALL} org.fedoraproject.FirewallD1.zone removeSource ss trusted`;
    await world().machine.shell(`${removal} \\
      $(sed 's/.*"ip":"\\([0-9.]*\\)".*/\\1/' ${world().data}/pods/run/${uuid}/net-info.json)`);
    const refused = await world().rkt(ping);
    expect(refused.status, "without its zone").not.toBe(0);
    succeeded(await world().rkt(["stop", uuid]));
    await pod.finished;
    expect(await sources()).toBe(before);
  });

  test("the outside is taken away", async () => {
    await world().machine.shell("ip link del wire; ip netns del outside; umount /run/netns");
    await world().machine.shell("rmdir /run/netns");
  });
});
