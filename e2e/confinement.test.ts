/** What an app may not do and may not see, by default. */
import { beforeAll, expect, test } from "bun:test";
import { IMAGE_NAME } from "./fixtures/aci.ts";
import { succeeded } from "./harness/expectations.ts";
import { feature } from "./harness/feature.ts";
import { eventually } from "./harness/background.ts";

feature("confinement of an app", {}, (world) => {
  beforeAll(async () => {
    await world().store();
  });
  const says = async (script: string, ...argv: string[]): Promise<string> =>
    succeeded(await world().script(script, argv));
  const status = (...flags: string[]) =>
    world().rkt([
      ...["run", "--net=none", IMAGE_NAME, ...flags, "--exec=/bin/grep", "--"],
      ...["-E", "^(Cap|NoNewPrivs|Seccomp:)", "/proc/self/status"],
    ]);

  test("rkt's fourteen capabilities, no more, none inherited", async () => {
    const text = succeeded(await status());
    for (const set of ["CapPrm", "CapEff", "CapBnd"]) {
      expect(text).toContain(`${set}:\t00000000a80425fb`);
    }
    expect(text).toContain("CapInh:\t0000000000000000");
    expect(text).toContain("CapAmb:\t0000000000000000");
  });

  test("--caps-retain leaves only what it names", async () => {
    expect(succeeded(await status("--caps-retain=CAP_KILL"))).toContain(
      "CapEff:\t0000000000000020",
    );
  });

  test("--caps-remove takes away what it names", async () => {
    expect(succeeded(await status("--caps-remove=CAP_KILL"))).toContain(
      "CapBnd:\t00000000a80425db",
    );
  });

  test("another user than root has no effective capability", async () => {
    const text = succeeded(await status("--user=1000", "--group=100"));
    expect(text).toContain("CapEff:\t0000000000000000");
  });

  test("a seccomp filter is in force and answers EPERM instead of killing", async () => {
    expect(succeeded(await status())).toContain("Seccomp:\t2");
    // No capability is needed for a new user namespace: only the filter refuses it.
    const unshare = ["--exec=/bin/sh", "--", "-c", "unshare -U true 2>&1; echo status $?"];
    const run = ["run", "--net=none", IMAGE_NAME, ...unshare];
    expect(succeeded(await world().rkt(run))).toMatch(/Operation not permitted\nstatus [1-9]/);
    const lifted = await world().rkt(["--insecure-options=seccomp", ...run]);
    expect(succeeded(lifted)).toBe("status 0\n");
  });

  test("mounting is refused", async () => {
    for (const forbidden of ["unshare -m true", "mount -t tmpfs none /tmp", "umount /tmp"]) {
      const finished = await world().rkt([
        ...["run", "--net=none", IMAGE_NAME],
        ...["--exec=/bin/sh", "--", "-c", `${forbidden} 2>&1; echo status $?`],
      ]);
      expect(succeeded(finished)).toMatch(/(not permitted|permission denied).*\nstatus [1-9]/);
    }
  });

  test("--seccomp=mode=remove takes away what it names", async () => {
    const finished = await world().rkt([
      ...["run", "--net=none", IMAGE_NAME, "--seccomp=mode=remove,errno=ENOSYS,chmod,fchmodat"],
      ...["--exec=/bin/sh", "--", "-c", "chmod 700 /tmp 2>&1 || :"],
    ]);
    expect(succeeded(finished)).toContain("Function not implemented");
  });

  test("--insecure-options=all-run lifts capabilities, filter and masks", async () => {
    const finished = await world().rkt([
      ...["run", "--insecure-options=all-run", "--net=none", IMAGE_NAME],
      ...["--exec=/bin/grep", "--", "-E", "^(CapEff|Seccomp:)", "/proc/self/status"],
    ]);
    expect(succeeded(finished)).toContain("Seccomp:\t0");
    expect(finished.stdout).not.toContain("a80425fb");
  });

  test("kernel secrets are masked and kernel switches are read-only", async () => {
    expect(await says("cat /proc/kcore 2>/dev/null | head -c 4 | wc -c")).toBe("0\n");
    expect(await says("ls /sys/firmware 2>/dev/null | wc -l")).toBe("0\n");
    expect(await says("echo b 2>/dev/null >/proc/sysrq-trigger || echo refused")).toBe("refused\n");
    expect(await says("echo 0 2>/dev/null >/proc/sys/kernel/panic || echo refused")).toBe(
      "refused\n",
    );
    const group = "$(dirname $(find /sys/fs/cgroup -name cgroup.procs | head -n 1))";
    expect(await says(`mkdir ${group}/mine 2>/dev/null || echo refused`)).toBe("refused\n");
  });

  test("no mount of the host is visible", async () => {
    const mounts = (await says("cat /proc/self/mounts")).split("\n").filter(Boolean);
    const targets = mounts.map((line) => line.split(" ")[1] ?? "");
    const allowed = /^\/$|^\/(proc|sys|dev|tmp|run|etc)(\/|$)/;
    expect(targets.filter((target) => !allowed.test(target))).toEqual([]);
    expect(mounts.join("\n")).not.toContain(world().directory.concat("/local"));
  });

  test("only the pod's processes are visible, and its own network", async () => {
    const pids = (await says("ls /proc | grep -c '^[0-9]'")).trim();
    expect(Number(pids)).toBeLessThan(10);
    expect(await says("ls /sys/class/net")).toBe("lo\n");
  });

  test("the usual devices exist and no disk does", async () => {
    expect(await says("ls /dev/null /dev/zero /dev/urandom /dev/tty | wc -l")).toBe("4\n");
    expect(await says("find /dev -type b | wc -l")).toBe("0\n");
    expect(
      await says("mknod /tmp/disk b 8 0 2>/dev/null; cat /tmp/disk 2>/dev/null || echo refused"),
    ).toBe("refused\n");
  });

  test("the host's mount table does not change while a pod runs", async () => {
    const table = (): Promise<string> => world().machine.shell("cat /proc/1/mountinfo");
    const before = await table();
    const pod = await world().start([
      "run",
      "--net=none",
      IMAGE_NAME,
      "--exec=/bin/sleep",
      "--",
      "600",
    ]);
    const uuid = await eventually("the pod runs", async () => {
      const { stdout } = await world().rkt(["list", "--full", "--no-legend"]);
      return /^([0-9a-f-]{36})\t.*\trunning\t/m.exec(stdout)?.[1];
    });
    expect(await table()).toBe(before);
    succeeded(await world().rkt(["stop", "--force", uuid]));
    await pod.finished;
    expect(await table()).toBe(before);
  });
});
