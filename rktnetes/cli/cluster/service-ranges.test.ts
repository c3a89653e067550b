import { expect, test } from "bun:test";
import { parseFlags } from "../flags/flags.ts";
import {
  rangeTexts,
  readServiceRanges,
  SERVICE_RANGE_FLAG,
  serverAddresses,
} from "./service-ranges.ts";

function read(text: string): ReturnType<typeof readServiceRanges> {
  const argv = [`--${SERVICE_RANGE_FLAG.name}=${text}`];
  return readServiceRanges(parseFlags([SERVICE_RANGE_FLAG], argv).flags);
}

test("a range is read as objects have it, and the server has its first address", () => {
  const ranges = read("10.0.0.7/24,fd00:0::/112");
  expect(rangeTexts(ranges)).toEqual(["10.0.0.0/24", "fd00::/112"]);
  expect(serverAddresses(ranges)).toEqual(["10.0.0.1", "fd00::1"]);
});

for (const text of ["", "10.0.0.0", "10.0.0.0/24,10.1.0.0/24", "10.0.0.0/24,", "a/b"]) {
  test(`refused: ${JSON.stringify(text)}`, () => {
    expect(() => read(text)).toThrow("--service-cluster-ip-range");
  });
}
