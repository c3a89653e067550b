/** What running pods use, and their processes. */
import { beforeAll, expect, test } from "bun:test";
import { IMAGE_NAME } from "./fixtures/aci.ts";
import { eventually } from "./harness/background.ts";
import { refused, succeeded } from "./harness/expectations.ts";
import { feature } from "./harness/feature.ts";

interface Usage {
  readonly pod: string;
  readonly app: string;
  readonly cpu_percent: number | null;
  readonly memory_bytes: number | null;
  readonly memory_limit_bytes: number | null;
  readonly pids: number | null;
  readonly networks: readonly { readonly name: string; readonly received_bytes: number }[];
}

feature("rkt top and stats", {}, (world) => {
  let uuid = "";

  beforeAll(async () => {
    await world().store();
    const app = (name: string, script: string, ...flags: string[]): string[] => [
      IMAGE_NAME,
      `--name=${name}`,
      ...flags,
      "--exec=/bin/sh",
      "--",
      "-c",
      script,
      "---",
    ];
    const busy = app("busy", "while :; do :; done", "--user=1000", "--group=100", "--memory=64Mi");
    const idle = app("idle", "dd if=/dev/zero bs=1M count=20 of=/dev/shm/x; sleep 600 & sleep 700");
    const argv = ["run", "-d", "--net=default", ...busy, ...idle];
    uuid = succeeded(await world().rkt(argv)).trim();
  });

  const usage = async (): Promise<Usage[]> => {
    const argv = ["stats", "--no-stream", "--interval=300ms", "--format=json"];
    return JSON.parse(succeeded(await world().rkt(argv))) as Usage[];
  };

  test("top lists the processes by app, with the host's pids", async () => {
    const lines = await eventually("all processes", async () => {
      const text = succeeded(await world().rkt(["top", "--no-legend", uuid]));
      return /sleep 700/.test(text) ? text.trimEnd().split("\n") : undefined;
    });
    const rows = lines.map((line) => line.split(/\t+/));
    expect(rows.map(([pod, app, user]) => [pod, app, user])).toEqual([
      [uuid.slice(0, 8), "busy", "1000"],
      [uuid.slice(0, 8), "idle", "0"],
      [uuid.slice(0, 8), "idle", "0"],
      ...rows.slice(3).map(() => [uuid.slice(0, 8), "idle", "0"]),
    ]);
    expect(rows[0]?.at(-1)).toBe("/bin/sh -c while :; do :; done");
    const pid = rows[0]?.[3] ?? "";
    const command = await world().machine.shell(`tr '\\0' ' ' </proc/${pid}/cmdline`);
    expect(command).toStartWith("/bin/sh -c while");
    expect(succeeded(await world().rkt(["top"]))).toStartWith("UUID");
  });

  test("stats tells processor time, memory, limits, processes and the network", async () => {
    await eventually("the busy app is busy, the other is not", async () => {
      const apps = await usage();
      const [busy, idle] = apps;
      expect(apps.map(({ pod, app }) => [pod, app])).toEqual([
        [uuid, "busy"],
        [uuid, "idle"],
      ]);
      if ((busy?.cpu_percent ?? 0) < 20 || (idle?.cpu_percent ?? 100) > 10) return undefined;
      expect(busy).toMatchObject({ memory_limit_bytes: 64 << 20, pids: 1 });
      expect(idle?.memory_bytes).toBeGreaterThan(20 << 20);
      expect(idle?.memory_limit_bytes).toBeNull();
      expect(idle?.pids).toBeGreaterThanOrEqual(2);
      expect(busy?.networks.map(({ name }) => name)).toEqual(["eth0"]);
      return apps;
    });
  });

  test("stats as a table, again and again until it is interrupted", async () => {
    const once = succeeded(await world().rkt(["stats", "--no-stream", "--interval=100ms", uuid]));
    const [legend, busy, idle] = once.split("\n");
    expect(legend).toStartWith("UUID");
    expect(busy).toMatch(new RegExp(`^${uuid.slice(0, 8)}\\s+busy\\s+\\d+\\.\\d%.*64MiB`));
    expect(idle).toMatch(/^\s+idle\s/);
    const argv = ["stats", "--interval=50ms", "--no-legend", "--format=json"];
    const live = await world().start(argv);
    await Bun.sleep(1500);
    await live.signal("INT");
    const { stdout } = await live.finished;
    expect(stdout.trimEnd().split("\n").length).toBeGreaterThan(1);
  });

  test("a pod that has ended has no processes, and uses nothing", async () => {
    const ended = await world().script("true");
    succeeded(ended);
    const other =
      world()
        .pods()
        .find((each) => each !== uuid) ?? "";
    const top = await world().rkt(["top", other]);
    expect(refused(top)).toBe(`top: pod "${other}" isn't currently running`);
    expect((await usage()).every(({ pod }) => pod === uuid)).toBe(true);
    succeeded(await world().rkt(["stop", "--force", uuid]));
    succeeded(await world().rkt(["status", "--wait=20s", uuid]));
    expect(await usage()).toEqual([]);
  });
});
