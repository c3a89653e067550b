/** Many pods: at once, one after the other, and one more than a network has addresses. */
import { beforeAll, expect, test } from "bun:test";
import { IMAGE_NAME } from "./fixtures/aci.ts";
import { refused, succeeded } from "./harness/expectations.ts";
import { feature } from "./harness/feature.ts";
import { crowd, leaks, soak } from "./harness/soak.ts";

const LEASES = "/var/lib/cni/networks/default";

feature("rkt run: many pods", {}, (world) => {
  beforeAll(async () => {
    await world().store();
  });

  test("pods that start at once have an address each, and give all of it back", async () => {
    const { failures, addresses } = await crowd(world(), 40);
    expect(failures).toEqual([]);
    expect(new Set(addresses).size).toBe(40);
    const left = await world().machine.shell(`ls ${LEASES} | grep -c '^[0-9]' || :`);
    expect(left).toBe("0\n");
  });

  test("runs in a row, some of them killed, leave nothing", async () => {
    const { before, after, failures } = await soak(world(), 50);
    expect(failures).toEqual([]);
    expect(leaks(before, after), JSON.stringify([before, after])).toEqual([]);
  });

  test("a /24 has 253 addresses for pods; the one after them is told so", async () => {
    const filled = Array.from({ length: 252 }, (_, index) => `172.16.28.${index + 2}`);
    const lease = (ip: string): string => `printf 'somebody\\r\\neth0' >${LEASES}/${ip}`;
    await world().machine.shell(`mkdir -p ${LEASES}\n${filled.map(lease).join("\n")}`);
    const look = ["--exec=/bin/ip", "--", "-4", "-o", "addr", "show", "dev", "eth0"];
    const last = succeeded(await world().rkt(["run", IMAGE_NAME, ...look]));
    expect(last, "the 253rd").toContain("172.16.28.254/24");
    await world().machine.shell(lease("172.16.28.254"));
    const late = await world().rkt(["run", IMAGE_NAME, "--exec=/bin/true"]);
    expect(refused(late)).toContain(
      "no IP addresses available in range set: 172.16.28.1-172.16.28.254",
    );
    expect(late.stderr).toMatch(/^hint: end pods of this network, or give back .*rkt gc/m);
    await world().machine.shell(`rm ${LEASES}/172.*`);
  });
});
