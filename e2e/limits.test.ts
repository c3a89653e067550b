/**
 * `rkt run --memory --cpu`: limits arrive in the control groups of the app, whichever layout the
 * machine has.
 */
import { beforeAll, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { IMAGE_NAME } from "./fixtures/aci.ts";
import { eventually } from "./harness/background.ts";
import { refused, succeeded } from "./harness/expectations.ts";
import { feature } from "./harness/feature.ts";
import type { World } from "./harness/world.ts";

const UNIFIED = existsSync("/sys/fs/cgroup/cgroup.controllers");
/** Hierarchies of version 1, mounted where Debian and systemd mount them. */
const LEGACY = existsSync("/sys/fs/cgroup/memory");

/**
 * Starts a sleeping app with the flags and returns the files of its control groups, then stops it.
 */
async function limitsOf(
  world: World,
  flags: string[],
  files: readonly string[],
): Promise<string[]> {
  const argv = ["run", "--net=none", IMAGE_NAME, ...flags, "--exec=/bin/sleep", "--", "600"];
  const pod = await world.start(argv);
  const uuid = await eventually("the app runs", async () => {
    const { stdout } = await world.rkt(["list", "--full", "--no-legend"]);
    return /^([0-9a-f-]{36})\t.*\trunning\t/m.exec(stdout)?.[1];
  });
  const pid = await eventually(
    "the app sleeps",
    async () =>
      (await world.machine.run(["pgrep", "-x", "sleep"])).stdout.trim().split("\n")[0] || undefined,
  );
  const groups = await world.machine.shell(`cat /proc/${pid}/cgroup`);
  const found = files.map((file) => {
    const controller = file.split(".")[0] ?? "";
    const path = UNIFIED ? unifiedPath(groups) : legacyPath(groups, controller);
    return readFileSync(`${path}/${file}`, "utf8").trim();
  });
  succeeded(await world.rkt(["stop", "--force", uuid]));
  await pod.finished;
  return found;
}

function unifiedPath(groups: string): string {
  return `/sys/fs/cgroup${/^0::(.*)$/m.exec(groups)?.[1] ?? ""}`;
}

function legacyPath(groups: string, controller: string): string {
  const line = groups
    .split("\n")
    .find((each) => each.split(":")[1]?.split(",").includes(controller));
  return `/sys/fs/cgroup/${controller}${line?.split(":")[2] ?? ""}`;
}

const lacks = UNIFIED || LEGACY ? undefined : "no memory controller is mounted in /sys/fs/cgroup";

feature("rkt run with limits", { lacks }, (world) => {
  beforeAll(async () => {
    await world().store();
  });

  test("--memory is the app's limit", async () => {
    const file = UNIFIED ? "memory.max" : "memory.limit_in_bytes";
    expect(await limitsOf(world(), ["--memory=64Mi"], [file])).toEqual([String(64 << 20)]);
  });

  test("--cpu is a share of time per period", async () => {
    const files = UNIFIED ? ["cpu.max"] : ["cpu.cfs_quota_us", "cpu.cfs_period_us"];
    const found = await limitsOf(world(), ["--cpu=500m"], files);
    const [quota = 0, period = 1] = found.join(" ").split(" ").map(Number);
    expect(quota / period).toBe(0.5);
  });

  test("an app that needs more memory than its limit is ended, and the pod says so", async () => {
    const hungry = "x=$(head -c 100000000 /dev/zero | tr '\\0' x); echo survived";
    const argv = [
      "run",
      "--net=none",
      IMAGE_NAME,
      "--memory=32Mi",
      "--exec=/bin/sh",
      "--",
      "-c",
      hungry,
    ];
    const finished = await world().rkt(argv);
    expect(finished.status).not.toBe(0);
    expect(finished.stdout).not.toContain("survived");
  });

  test("the image's own limits count, and the command line's win", async () => {
    const isolators = [{ name: "resource/memory", value: { limit: "128Mi" } }];
    await world().store({ app: { isolators } });
    const file = UNIFIED ? "memory.max" : "memory.limit_in_bytes";
    expect(await limitsOf(world(), [], [file])).toEqual([String(128 << 20)]);
    expect(await limitsOf(world(), ["--memory=96Mi"], [file])).toEqual([String(96 << 20)]);
  });

  test("a limit that is no quantity is refused", async () => {
    const argv = ["run", "--net=none", IMAGE_NAME, "--memory=much"];
    expect(refused(await world().rkt(argv))).toContain("memory");
  });
});

feature("rkt run where only cgroup v2 is to be seen", { cgroups: "unified" }, (world) => {
  beforeAll(async () => {
    await world().store();
  });

  test("a pod runs", async () => {
    expect(succeeded(await world().script("echo runs"))).toBe("runs\n");
  });

  test("a limit is set where the controller is there, otherwise one warning names it", async () => {
    const controllers = await world().machine.shell("cat /sys/fs/cgroup/cgroup.controllers");
    const finished = await world().script("echo runs", ["--memory=64Mi"].slice(1));
    expect(succeeded(finished)).toBe("runs\n");
    const argv = ["run", "--net=none", IMAGE_NAME, "--memory=64Mi", "--exec=/bin/true"];
    const limited = await world().rkt(argv);
    succeeded(limited);
    const warned = limited.stderr.split("\n").filter((line) => /warning: .*memory/.test(line));
    expect(warned).toHaveLength(controllers.split(/\s/).includes("memory") ? 0 : 1);
  });
});
