import { describe, expect, test } from "bun:test";
import { podGroupFiles, resourcesOf, unenforceable } from "./resources.ts";

const ALL = ["memory", "cpu", "pids", "cpuset", "blkio"];
const DISKS = [{ major: 254, minor: 0 }];
const LIMITS = {
  memoryLimitBytes: 1000,
  cpuLimitMilli: 500,
  cpuShares: 1024,
  pidsLimit: 7,
  blockBandwidthBytes: 100,
  blockOperations: 10,
};
const written = (layout: "unified" | "legacy"): string[] =>
  podGroupFiles(LIMITS, layout, DISKS).map(({ file, value }) => `${file} ${value}`);

describe("podGroupFiles()", () => {
  test("version 2", () => {
    expect(written("unified")).toEqual([
      ...["memory.max 1000", "cpu.max 50000 100000", "cpu.weight 39", "pids.max 7"],
      "io.max 254:0 rbps=100 wbps=100 riops=10 wiops=10",
    ]);
  });

  test("version 1; the period of a quota comes before it", () => {
    expect(written("legacy")).toEqual([
      ...["memory.limit_in_bytes 1000", "cpu.cfs_period_us 100000", "cpu.cfs_quota_us 50000"],
      ...["cpu.shares 1024", "pids.max 7"],
      "blkio.throttle.read_bps_device 254:0 100",
      "blkio.throttle.write_bps_device 254:0 100",
      "blkio.throttle.read_iops_device 254:0 10",
      "blkio.throttle.write_iops_device 254:0 10",
    ]);
  });

  test("what nobody limits is not written", () => {
    expect(podGroupFiles({}, "unified", DISKS)).toEqual([]);
  });
});

test("a limit without its controller is left out, and named", () => {
  const rest = { deviceRules: [], disks: DISKS };
  expect(resourcesOf({ isolators: LIMITS, controllers: ["pids"], ...rest })).toEqual({
    pids: { limit: 7 },
  });
  expect(unenforceable(LIMITS, ["pids"])).toEqual(["memory", "cpu", "blkio"]);
  expect(unenforceable(LIMITS, ALL)).toEqual([]);
  expect(unenforceable({}, [])).toEqual([]);
});

test("devices are refused but for those that are allowed", () => {
  const rule = { allow: true, type: "c", major: 1, minor: 5, access: "r" } as const;
  const input = { isolators: {}, controllers: ALL, deviceRules: [rule], disks: [] };
  expect(resourcesOf(input).devices).toEqual([{ allow: false, access: "rwm" }, rule]);
});
