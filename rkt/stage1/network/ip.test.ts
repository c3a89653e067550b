import { describe, expect, test } from "bun:test";
import { bytesOf, networkOf, parseCidr, parseIp, printCidr, printIp } from "./ip.ts";

/** Texts of Go's net.IP.String, because leases are files with these names. */
const TEXTS: readonly (readonly [string, string, string])[] = [
  ["10.0.0.1", "10.0.0.1", "a dotted quad"],
  ["FD00::A", "fd00::a", "lower case"],
  ["fd00:0:0:1:0:0:0:2", "fd00:0:0:1::2", "the longer run of zeros"],
  ["1:0:0:2:3:0:0:4", "1::2:3:0:0:4", "the first of two runs"],
  ["1:0:2:3:4:5:6:7", "1:0:2:3:4:5:6:7", "one zero alone is not shortened"],
  ["::", "::", "all zeros"],
  ["::1", "::1", "zeros at the beginning"],
  ["fd00::", "fd00::", "zeros at the end"],
  ["10:0:0:0:10::", "10::10:0:0:0", "the first of two runs, behind a group that ends with 0"],
  ["::ffff:10.0.0.1", "10.0.0.1", "an IPv4 address in the clothes of IPv6"],
  ["64:ff9b::1.2.3.4", "64:ff9b::102:304", "a quad at the end"],
];

describe("printIp(parseIp())", () => {
  for (const [text, printed, reason] of TEXTS) {
    test(`${text}: ${reason}`, () => expect(printIp(parseIp(text))).toBe(printed));
  }
});

test("networkOf() keeps the prefix", () => {
  expect(printCidr(networkOf(parseCidr("10.1.2.3/20")))).toBe("10.1.0.0/20");
  expect(printCidr(networkOf(parseCidr("fd00::1:2/64")))).toBe("fd00::/64");
  expect(printCidr(networkOf(parseCidr("1.2.3.4/0")))).toBe("0.0.0.0/0");
});

test("bytesOf() is in the network's order", () => {
  expect([...bytesOf(parseIp("0.1.2.255"))]).toEqual([0, 1, 2, 255]);
  expect(Buffer.from(bytesOf(parseIp("fd00::1"))).toString("hex")).toBe(`fd${"0".repeat(29)}1`);
});

for (const text of ["10.0.0.0", "10.0.0.0/33", "10.0.0.0/8/8", "x/8", "fd00::/129", "1.2.3.4/"]) {
  test(`parseCidr() refuses ${text}`, () => expect(() => parseCidr(text)).toThrow());
}
