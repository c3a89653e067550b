/**
 * CNI documents: configurations of net.d, results of every version, errors, and the value of --net.
 */
import { describe, expect, test } from "bun:test";
import { assert, property, string } from "fast-check";
import { BUILT_IN_NETWORKS } from "./cni-builtin.ts";
import { parseCniError, parseCniResult, parseNetwork } from "./cni.ts";
import { type NetworkSelection, parseNetFlag, printNetFlag } from "./net-flag.ts";

const NO_DNS = { nameservers: [], search: [], options: [] };

describe("parseNetwork", () => {
  test("reads what rkt needs and keeps the whole for the plugin", () => {
    const document = {
      cniVersion: "0.4.0",
      name: "containers",
      type: "bridge",
      bridge: "br0",
      ipMasq: true,
      ipam: { type: "host-local", subnet: "10.1.0.0/16" },
      args: { a: 1 },
      dns: { nameservers: ["10.1.0.1"], domain: "x.test", search: ["a"], options: ["ndots:1"] },
    };
    const { cniVersion, name, type, ipMasq, args, dns } = document;
    expect(parseNetwork(JSON.stringify(document))).toEqual({
      cniVersion,
      name,
      type,
      ipMasq,
      args,
      dns,
      ipamType: "host-local",
      document,
    });
  });
  test("fills in what is left out", () => {
    expect(parseNetwork('{"name":"n","type":"loopback","ipam":{}}')).toEqual({
      name: "n",
      type: "loopback",
      cniVersion: "0.1.0",
      ipMasq: false,
      document: { name: "n", type: "loopback", ipam: {} },
    });
  });
  const bad = "parse network configuration:";
  test.each([
    ['{"type":"ptp"}', `${bad} no "name"`],
    ['{"name":"n"}', `${bad} no "type"`],
    ['{"name":"../n","type":"ptp"}', `${bad} "name" is not a valid name: "../n"`],
    ['{"name":"n","type":"/bin/sh"}', `${bad} "type" is not a valid name: "/bin/sh"`],
    [
      '{"name":"n","type":"ptp","ipam":{"type":"../x"}}',
      `${bad} "ipam.type" is not a valid name: "../x"`,
    ],
    [
      '{"name":"n","type":"ptp","ipMasq":"yes"}',
      'read "ipMasq": want true or false, found a string',
    ],
    [
      '{"name":"n","type":"ptp","dns":{"nameservers":["x"]}}',
      'read "dns.nameservers": "x" is no IP address',
    ],
  ])("refuses %p", (text, message) => {
    expect(() => parseNetwork(text)).toThrow(new Error(message));
  });
  test("the networks that come with rkt say of themselves what their documents say", () => {
    for (const network of BUILT_IN_NETWORKS) {
      expect(parseNetwork(JSON.stringify(network.document))).toEqual(network);
    }
    expect(BUILT_IN_NETWORKS.map(({ name, ipMasq }) => [name, ipMasq])).toEqual([
      ["default-restricted", false],
      ["default", true],
    ]);
  });
});

describe("parseCniResult", () => {
  const address = "172.16.28.2/24";
  const gateway = "172.16.28.1";
  const routes = [{ dst: "0.0.0.0/0" }, { dst: "10.0.0.0/8", gw: "172.16.28.9" }];
  const dns = { nameservers: ["8.8.8.8"] };
  test.each(["0.1.0", "0.2.0"])("of version %s", (cniVersion) => {
    const ip6 = { ip: "fd00::2/64" };
    const text = JSON.stringify({ cniVersion, ip4: { ip: address, gateway, routes }, ip6, dns });
    expect(parseCniResult(text)).toEqual({
      cniVersion,
      interfaces: [],
      ips: [
        { version: 4, address, gateway },
        { version: 6, address: "fd00::2/64" },
      ],
      routes,
      dns: { ...NO_DNS, ...dns },
    });
  });
  const interfaces = [
    { name: "veth0", mac: "aa:bb:cc:dd:ee:ff" },
    { name: "eth0", sandbox: "/proc/1/ns/net" },
  ];
  test.each([
    ["0.3.0", { version: "4" }],
    ["0.3.1", { version: "4" }],
    ["0.4.0", { version: "4" }],
    ["1.0.0", {}],
    ["1.1.0", {}],
  ])("of version %s", (cniVersion, extra) => {
    const ips = [{ ...extra, address, gateway, interface: 1 }];
    expect(parseCniResult(JSON.stringify({ cniVersion, interfaces, ips, routes, dns }))).toEqual({
      cniVersion,
      interfaces,
      ips: [{ version: 4, address, gateway, interface: 1 }],
      routes,
      dns: { ...NO_DNS, ...dns },
    });
  });
  test.each(["", " \n", "{}", '{"ip4":null,"ips":null,"dns":null}'])(
    "%p is a result without addresses",
    (text) => {
      expect(parseCniResult(text)).toEqual({
        cniVersion: "0.1.0",
        interfaces: [],
        ips: [],
        routes: [],
        dns: NO_DNS,
      });
    },
  );
  test.each([
    ['{"ip4":{"ip":"172.16.28.2"}}', 'read "ip4.ip": "172.16.28.2" is no IP address'],
    ['{"ip4":{"ip":"1.2.3.4/33"}}', 'read "ip4.ip": "1.2.3.4/33" is no IP address'],
    ['{"ip4":{"ip":"1.2.3.4/24/1"}}', 'read "ip4.ip": "1.2.3.4/24/1" is no IP address'],
    [
      '{"ips":[{"address":"fd00::1/129"}]}',
      'read "ips[0].address": "fd00::1/129" is no IP address',
    ],
    ['{"ips":[{}]}', 'read "ips[0].address": "" is no IP address'],
    ['{"routes":[{"dst":"default"}]}', 'read "routes[0].dst": "default" is no IP address'],
    ["ok", "parse CNI result: line 1, column 1: invalid character 'o'"],
  ])("refuses %p", (text, message) => {
    expect(() => parseCniResult(text)).toThrow(message);
  });
});

test.each([
  ['{"code":100,"msg":"no","details":"d"}', { code: 100, msg: "no", details: "d" }],
  ['{"cniVersion":"0.1.0","code":7,"msg":"no"}', { code: 7, msg: "no" }],
  ['{"msg":"no"}', undefined],
  ["panic: no", undefined],
  ["", undefined],
])("the error %p", (text, error) => {
  expect(parseCniError(text)).toEqual(error as never);
});

describe("parseNetFlag", () => {
  const custom = (...networks: [string, string?][]): NetworkSelection => ({
    mode: "custom",
    networks: networks.map(([name, args = ""]) => ({ name, args })),
  });
  test.each<[string, NetworkSelection, string]>([
    ["default", { mode: "default", networks: [{ name: "default", args: "" }] }, "alone"],
    ["default:", { mode: "default", networks: [{ name: "default", args: "" }] }, "no arguments"],
    ["host", { mode: "host", networks: [] }, "no namespace"],
    ["host,default", { mode: "host", networks: [] }, "rkt does not mind the rest"],
    ["none", { mode: "none", networks: [] }, "loopback"],
    ["none,default", { mode: "none", networks: [] }, "rkt does not mind the rest"],
    ["all", custom(["all"]), "whatever is configured"],
    [
      "ns:/run/netns/a,b",
      { mode: "host", networks: [], join: { path: "/run/netns/a,b" } },
      "a path",
    ],
    ["pod:1a2b", { mode: "host", networks: [], join: { pod: "1a2b" } }, "a pod"],
    ["pod:IP=10.0.0.1", custom(["pod", "IP=10.0.0.1"]), "a network of that name"],
    ["default:IP=172.16.28.7", custom(["default", "IP=172.16.28.7"]), "arguments"],
    ["a,b:IP=1.2.3.4;K=V", custom(["a"], ["b", "IP=1.2.3.4;K=V"]), "in the order typed"],
  ])("%p", (text, selection, _reason) => {
    expect(parseNetFlag(text)).toEqual(selection);
    expect(parseNetFlag(printNetFlag(selection))).toEqual(selection);
  });
  test.each([
    ["", "netname must not be empty"],
    ["a,", "netname must not be empty"],
    [":x", "netname must not be empty"],
    ["default,default", 'found duplicate netname "default"'],
    ["host:a=b", 'arguments are not supported by special netname "host"'],
    ["all:", 'arguments are not supported by special netname "all"'],
    ["a:b:c", 'network "a" provided with invalid arguments: [b c]'],
  ])("refuses %p", (text, message) => {
    expect(() => parseNetFlag(text)).toThrow(new Error(message));
  });
  test("what is printed means the same", () => {
    assert(
      property(string(), (text) => {
        let selection: NetworkSelection;
        try {
          selection = parseNetFlag(text);
        } catch {
          return;
        }
        expect(parseNetFlag(printNetFlag(selection))).toEqual(selection);
      }),
    );
  });
});
