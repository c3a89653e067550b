import { afterAll, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { kernel } from "@shared/linux";
import { candidates, heldBy, readHostLocal, releaseLeases, takeLeases } from "./host-local.ts";
import { parseIp, printCidr, printIp } from "./ip.ts";

const dataDir = mkdtempSync(join(tmpdir(), "leases-"));
const directory = join(dataDir, "n");
afterAll(() => rmSync(dataDir, { recursive: true }));
beforeEach(() => rmSync(directory, { recursive: true, force: true }));

const read = (ipam: object) => {
  const config = readHostLocal("n", { type: "host-local", dataDir, ...ipam });
  if (config === undefined) throw new Error("not understood");
  return config;
};
const pod = (containerId: string) => ({ containerId, interfaceName: "eth0" });

describe("candidates()", () => {
  const order = (ranges: object[], last?: string): string[] => {
    const [set = []] = read({ ranges: [ranges] }).sets;
    const from = last === undefined ? undefined : parseIp(last);
    return [...candidates(set, from)].map(({ ip }) => printIp(ip));
  };
  const small = { subnet: "10.0.0.0/29" };
  test("without a last one: from the start, without gateway and broadcast", () => {
    expect(order([small]).map((ip) => ip.at(-1))).toEqual(["2", "3", "4", "5", "6"]);
  });
  test("after the last one, and round", () => {
    expect(order([small], "10.0.0.4").map((ip) => ip.at(-1))).toEqual(["5", "6", "2", "3", "4"]);
  });
  test("a last one of another range counts as none", () => {
    expect(order([small], "10.9.0.4")[0]).toBe("10.0.0.2");
  });
  test("through all ranges of a set, each address once", () => {
    const second = { subnet: "10.1.0.0/24", rangeStart: "10.1.0.7", rangeEnd: "10.1.0.8" };
    const all = order([small, second], "10.0.0.6");
    expect(all.slice(0, 3)).toEqual(["10.1.0.7", "10.1.0.8", "10.0.0.2"]);
    expect(new Set(all).size).toBe(all.length);
    expect(all).toHaveLength(7);
  });
});

describe("takeLeases()", () => {
  test("writes what the plugin writes", () => {
    const [lease] = takeLeases({ kernel }, read({ subnet: "10.0.0.0/29" }), pod("a"), undefined);
    expect(lease && printCidr(lease.address)).toBe("10.0.0.2/29");
    expect(readdirSync(directory).sort()).toEqual(["10.0.0.2", "last_reserved_ip.0", "lock"]);
    expect(readFileSync(join(directory, "10.0.0.2"), "utf8")).toBe("a\r\neth0");
    expect(readFileSync(join(directory, "last_reserved_ip.0"), "utf8")).toBe("10.0.0.2");
  });

  test("the pod after the last address is told so, and what is returned is given again", () => {
    const config = read({ subnet: "10.0.0.0/24" });
    for (let number = 2; number <= 254; number++) {
      takeLeases({ kernel }, config, pod(`pod-${number}`), undefined);
    }
    const one = (): unknown => takeLeases({ kernel }, config, pod("late"), undefined);
    expect(one).toThrow("no IP addresses available in range set: 10.0.0.1-10.0.0.254");
    expect(readdirSync(directory).filter((name) => name.startsWith("."))).toEqual([]);
    releaseLeases({ kernel }, directory, pod("pod-77"));
    one();
    expect(heldBy(directory, pod("late")).map(printIp)).toEqual(["10.0.0.77"]);
  });

  const full = { ranges: [[{ subnet: "10.0.0.0/29" }], [{ subnet: "fd00::/125" }]] };
  test("takes nothing where one family has nothing left", () => {
    const config = read(full);
    releaseLeases({ kernel }, directory, pod("none"));
    for (const last of [2, 3, 4, 5, 6, 7]) writeFileSync(join(directory, `fd00::${last}`), "other");
    const take = (): unknown => takeLeases({ kernel }, config, pod("a"), undefined);
    expect(take).toThrow("no IP addresses available in range set: fd00::1-fd00::7");
    expect(heldBy(directory, pod("a"))).toEqual([]);
  });

  test.each([
    ["10.0.0.1", "requested ip 10.0.0.1 is subnet's gateway"],
    ["10.9.0.1", "failed to allocate all requested IPs: 10.9.0.1"],
    ["10.0.0.5", "requested IP address 10.0.0.5 is not available in range set 10.0.0.1-10.0.0.6"],
  ])("an address that is asked for and not to be had: %p", (ip, message) => {
    const config = read(full);
    takeLeases({ kernel }, config, pod("other"), parseIp("10.0.0.5"));
    const ask = (): unknown => takeLeases({ kernel }, config, pod("a"), parseIp(ip));
    expect(ask).toThrow(message);
    expect(heldBy(directory, pod("a"))).toEqual([]);
  });
});

test.each([
  [{ subnet: "10.0.0.0/24", unknown: 1 }, "a field that only the plugin may know"],
  [{ ranges: [[{ subnet: "10.0.0.0/24", more: 1 }]] }, "such a field of a range"],
  [{ subnet: "10.0.0.0/24", routes: [{ dst: "0.0.0.0/0", mtu: 1 }] }, "such a field of a route"],
  [{}, "no range at all"],
])("readHostLocal() leaves %p to the plugin: %s", (ipam, _reason) => {
  expect(readHostLocal("n", { type: "host-local", ...ipam })).toBeUndefined();
});

test.each([
  [{ subnet: "10.0.0.0/31" }, "network 10.0.0.0/31 too small to allocate from"],
  [{ subnet: "10.0.0.7/24" }, "network has host bits set"],
  [{ subnet: "10.0.0.0/24", rangeStart: "10.1.0.1" }, "rangeStart 10.1.0.1 not in network"],
])("readHostLocal() refuses %p", (ipam, message) => {
  expect(() => readHostLocal("n", { type: "host-local", ...ipam })).toThrow(message);
});
