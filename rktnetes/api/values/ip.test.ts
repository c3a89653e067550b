import { describe, expect, test } from "bun:test";
import { contains, formatCidr, formatIp, parseCidr, parseIp } from "./ip.ts";

describe("addresses", () => {
  const spelled: readonly (readonly [text: string, canonical: string | undefined])[] = [
    ["10.96.0.1", "10.96.0.1"],
    ["010.096.0.01", "10.96.0.1"],
    ["256.0.0.1", undefined],
    ["10.0.0", undefined],
    ["", undefined],
    ["None", undefined],
    ["2001:DB8:0:0:0:0:0:1", "2001:db8::1"],
    ["::", "::"],
    ["::1", "::1"],
    ["1::", "1::"],
    ["1:0:0:2:0:0:0:3", "1:0:0:2::3"],
    ["::ffff:1.2.3.4", "::ffff:102:304"],
    ["1:2:3:4:5:6:7:8:9", undefined],
    ["1::2::3", undefined],
    ["1:2:3:4:5:6:7::8", undefined],
    [":1", undefined],
  ];
  for (const [text, canonical] of spelled) {
    test(`${text} is ${canonical ?? "no address"}`, () => {
      const ip = parseIp(text);
      expect(ip === undefined ? undefined : formatIp(ip)).toBe(canonical);
    });
  }
});

describe("networks", () => {
  test("the first address stands for all", () => {
    const cidr = parseCidr("10.96.7.7/16");
    expect(cidr === undefined ? "" : formatCidr(cidr)).toBe("10.96.0.0/16");
  });
  for (const text of ["10.0.0.0", "10.0.0.0/33", "x/8", "10.0.0.0/", "::/129"]) {
    test(`${text} is no network`, () => expect(parseCidr(text)).toBeUndefined());
  }
  const inside: readonly (readonly [cidr: string, ip: string, is: boolean])[] = [
    ["10.96.0.0/16", "10.96.255.255", true],
    ["10.96.0.0/16", "10.97.0.0", false],
    ["::/0", "10.96.0.0", false],
    ["fd00::/8", "fdff::1", true],
  ];
  for (const [cidrText, ipText, is] of inside) {
    test(`${cidrText} ${is ? "has" : "lacks"} ${ipText}`, () => {
      const [cidr, ip] = [parseCidr(cidrText), parseIp(ipText)];
      if (cidr === undefined || ip === undefined) throw new Error("the row is wrong");
      expect(contains(cidr, ip)).toBe(is);
    });
  }
});
