/** Addresses against the runtime's own judge, which is too slow to load for it. */
import { expect, test } from "bun:test";
import { isIP } from "node:net";
import { array, assert, constantFrom, ipV4, ipV6, property } from "fast-check";
import { ipVersion } from "./ip-address.ts";

test.each([
  ["1.2.3.4", 4],
  ["0.0.0.0", 4],
  ["255.255.255.255", 4],
  ["256.1.1.1", undefined],
  ["1.2.3", undefined],
  ["01.2.3.4", undefined],
  ["::", 6],
  ["::1", 6],
  ["1::", 6],
  ["fd00::1:2", 6],
  ["1:2:3:4:5:6:7:8", 6],
  ["1:2:3:4:5:6:7::", 6],
  ["::ffff:1.2.3.4", 6],
  ["1:2:3:4:5:6:1.2.3.4", 6],
  ["1:2:3:4:5:6:7:1.2.3.4", undefined],
  ["1.2.3.4::", undefined],
  ["1::2::3", undefined],
  [":::", undefined],
  [":1", undefined],
  ["1:", undefined],
  ["12345::", undefined],
  ["fe80::1%eth0", undefined],
  ["", undefined],
  ["localhost", undefined],
])("%p is of version %p", (text, version) => {
  expect(ipVersion(text)).toBe(version as never);
});

test("agrees with node:net on addresses and on what only looks like them", () => {
  const part = constantFrom(":", "::", ".", "0", "1", "ffff", "1.2.3.4", "255", "g", "fd00");
  const pieces = array(part, { maxLength: 12 }).map((parts) => parts.join(""));
  assert(
    property(ipV4(), ipV6(), pieces, (v4, v6, text) => {
      expect(ipVersion(v4)).toBe(4);
      expect(ipVersion(v6)).toBe(6);
      expect(ipVersion(text) ?? 0).toBe(isIP(text));
    }),
    { numRuns: 2000 },
  );
});
