/** A full disk, and a machine that was switched off: nothing is lost, and nothing stays. */
import { afterEach, beforeAll, expect, test } from "bun:test";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { IMAGE_NAME, writeAci } from "./fixtures/aci.ts";
import type { Finished } from "./fixtures/process.ts";
import { eventually } from "./harness/background.ts";
import { succeeded } from "./harness/expectations.ts";
import { feature } from "./harness/feature.ts";

const PLUGINS = existsSync("/usr/lib/cni/ptp")
  ? undefined
  : "it needs the CNI plugins (Debian: containernetworking-plugins)";

/** A data directory on a small file system of its own, in the machine's mounts only. */
const SMALL = "/mnt";

feature("a full disk", { setUp: `mount -t tmpfs -o size=12m tmpfs ${SMALL}` }, (world) => {
  const rkt = (...argv: string[]): Promise<Finished> => world().rkt(argv, { data: SMALL });
  const fill = async (): Promise<void> => {
    await world().machine.shell(`dd if=/dev/zero of=${SMALL}/ballast bs=64k 2>/dev/null || :
      dd if=/dev/zero of=${SMALL}/ballast2 bs=1 count=4096 2>/dev/null || :`);
  };
  const free = async (): Promise<void> => {
    await world().machine.shell(`rm -f ${SMALL}/ballast ${SMALL}/ballast2`);
  };
  const script = (text: string, ...argv: string[]): Promise<Finished> =>
    rkt("run", "--net=none", ...argv, IMAGE_NAME, "--exec=/bin/sh", "--", "-c", text);

  beforeAll(async () => {
    const aci = writeAci(world().directory, "small.aci");
    succeeded(await rkt("fetch", "--insecure-options=image", aci));
  });

  afterEach(async () => {
    await free();
    succeeded(await rkt("gc", "--grace-period=0s", "--expire-prepared=0s"));
    expect(succeeded(await rkt("list", "--no-legend"))).toBe("");
  });

  test("a pod that cannot be made is refused in one line, and leaves nothing", async () => {
    await fill();
    const finished = await script("echo ran");
    expect(finished).toMatchObject({ status: 254, stdout: "" });
    expect(finished.stderr).toMatch(/no space left on device/i);
    expect(succeeded(await rkt("list", "--no-legend"))).toBe("");
  });

  test("an app that runs goes on, and its exit status is not lost", async () => {
    const shared = join(world().directory, "shared");
    mkdirSync(shared);
    const volume = `--volume=shared,kind=host,source=${shared}`;
    const mount = "--mount=volume=shared,target=/shared";
    const wait = "until [ -e /shared/go ]; do sleep 0.1; done; exit 7";
    const uuid = succeeded(await script(wait, "-d", volume, mount)).trim();
    await fill();
    expect(succeeded(await rkt("list", "--no-legend"))).toContain("\trunning\t");
    writeFileSync(join(shared, "go"), "");
    succeeded(await rkt("status", "--wait=30s", uuid));
    const status = succeeded(await rkt("status", uuid));
    expect(status).toContain("state=exited\n");
    expect(status).toContain("app-busybox=7\n");
  });

  test("pods can be collected while the disk is full", async () => {
    succeeded(await script("true"));
    await fill();
    succeeded(await rkt("gc", "--grace-period=0s"));
    expect(succeeded(await rkt("list", "--no-legend"))).toBe("");
  });
});

feature("a reboot", { lacks: PLUGINS }, (world) => {
  beforeAll(async () => {
    await world().store();
  });

  test("pods that ran are seen as exited, and their leases and rules go", async () => {
    const run = ["run", "-d", "--pod-name=kept", "--port=8099:80", IMAGE_NAME, "--exec=/bin/sleep"];
    const uuid = succeeded(await world().rkt([...run, "--", "600"])).trim();
    const prepare = ["prepare", IMAGE_NAME, "--exec=/bin/echo", "--", "after the reboot"];
    const prepared = succeeded(await world().rkt(prepare)).trim();
    // All processes end at once, and what lives in memory only goes with them.
    const ppid = `${world().data}/pods/run/${uuid}/ppid`;
    await world().machine.shell(`kill -KILL $(cat ${ppid})`);
    await eventually("the kernel has ended the pod", async () => {
      const { stdout } = await world().rkt(["status", uuid]);
      return stdout.includes("state=exited") || undefined;
    });
    await world().machine.shell(`nft flush ruleset
      ip -o link | grep -o 'veth[^@:]*' | xargs -rn1 ip link del; :`);
    const remove = `sh -c 'rmdir "$0"/* "$0"; :' {} ';'`;
    await world().machine.shell(
      `find /sys/fs/cgroup -type d -name 'rkt-${uuid}' -prune -exec ${remove}`,
    );
    const list = succeeded(await world().rkt(["list", "--full", "--no-legend"]));
    expect(list).toMatch(new RegExp(`^${uuid}\t.*\texited\t`, "m"));
    expect(list).toMatch(new RegExp(`^${prepared}\t.*\tprepared\t`, "m"));
    const again = await world().rkt(["run-prepared", "--net=none", prepared]);
    expect(succeeded(again)).toBe("after the reboot\n");
    succeeded(await world().rkt(["gc", "--grace-period=0s"]));
    expect(world().pods()).toEqual([]);
    expect(await world().residue()).toEqual([]);
  });
});
