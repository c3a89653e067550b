/**
 * Isolators that rkt parsed and ignored, profiles of system calls, volumes to the last submount.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { IMAGE_NAME } from "./fixtures/aci.ts";
import { refused, succeeded } from "./harness/expectations.ts";
import { feature } from "./harness/feature.ts";

feature("isolation", {}, (world) => {
  beforeAll(async () => {
    await world().store();
  });
  const app = (flags: readonly string[], script: string) =>
    world().rkt([
      ...["run", "--net=none", IMAGE_NAME, ...flags, "--exec=/bin/sh", "--", "-c", script],
    ]);
  /** Stores an image with one isolator and runs a script in it. */
  const isolated = async (name: string, value: unknown, script: string) => {
    const image = `example.test/${name.replaceAll("/", "-")}`;
    await world().store({ name: image, app: { isolators: [{ name, value }] } });
    return await world().rkt(["run", "--net=none", image, "--exec=/bin/sh", "--", "-c", script]);
  };

  describe("--seccomp=profile=FILE", () => {
    const profile = (document: object): string => {
      const path = join(world().directory, "profile.json");
      writeFileSync(path, JSON.stringify(document));
      return `--seccomp=profile=${path}`;
    };
    const ALL_BUT = {
      defaultAction: "SCMP_ACT_ALLOW",
      archMap: [{ architecture: "SCMP_ARCH_X86_64", subArchitectures: ["SCMP_ARCH_X86"] }],
    };
    const chmod = "chmod 700 /tmp 2>&1; echo status $?";

    test("a rule refuses a call with its errno", async () => {
      const rule = { names: ["chmod", "fchmodat", "fchmodat2"], action: "SCMP_ACT_ERRNO" };
      const flag = profile({ ...ALL_BUT, syscalls: [{ ...rule, errnoRet: 38 }] });
      expect(succeeded(await app([flag], chmod))).toMatch(/Function not implemented\nstatus 1\n/);
    });

    test("rules for a capability count only for apps that have it", async () => {
      const rule = { names: ["chmod", "fchmodat"], action: "SCMP_ACT_ERRNO" };
      const excludes = { caps: ["CAP_SYS_ADMIN"] };
      const flag = profile({ ...ALL_BUT, syscalls: [{ ...rule, excludes }] });
      expect(succeeded(await app([flag], chmod))).toContain("status 1");
      const able = ["--caps-retain=CAP_SYS_ADMIN,CAP_CHOWN,CAP_SETUID,CAP_SETGID"];
      expect(succeeded(await app([flag, ...able], chmod))).toBe("status 0\n");
    });

    test("arguments are compared", async () => {
      const args = [{ index: 1, value: 0o700, op: "SCMP_CMP_EQ" }];
      const names = { names: ["chmod"], action: "SCMP_ACT_ERRNO", args };
      const at = { ...names, names: ["fchmodat"], args: [{ ...args[0], index: 2 }] };
      const flag = profile({ ...ALL_BUT, syscalls: [names, at] });
      expect(succeeded(await app([flag], chmod))).toContain("status 1");
      expect(succeeded(await app([flag], chmod.replace("700", "755")))).toBe("status 0\n");
    });

    test("what nothing allows is refused, and the app starts under a narrow profile", async () => {
      const few = `access arch_prctl brk clone clone3 close dup2 fork vfork execve exit exit_group
        fcntl fstat geteuid getpid getppid getuid ioctl mmap mprotect munmap newfstatat open
        openat poll prctl prlimit64 read readlink rseq rt_sigaction rt_sigprocmask
        rt_sigreturn set_robust_list set_tid_address setresgid setresuid setgroups stat
        uname wait4 write writev getrandom futex getcwd`;
      const names = few.split(/\s+/);
      const flag = profile({
        ...{ defaultAction: "SCMP_ACT_ERRNO", defaultErrnoRet: 1 },
        syscalls: [{ names, action: "SCMP_ACT_ALLOW" }],
      });
      const script = "echo runs; mkdir /x 2>/dev/null || echo refused";
      expect(succeeded(await app([flag], script))).toBe("runs\nrefused\n");
    });

    test("is part of the pod: a prepared one needs the file no more", async () => {
      const rule = { names: ["chmod", "fchmodat"], action: "SCMP_ACT_ERRNO" };
      const flag = profile({ ...ALL_BUT, syscalls: [rule] });
      const image = [IMAGE_NAME, flag, "--exec=/bin/sh", "--", "-c", chmod];
      const uuid = succeeded(await world().rkt(["prepare", "--quiet", ...image])).trim();
      writeFileSync(join(world().directory, "profile.json"), "gone");
      const run = await world().rkt(["run-prepared", "--net=none", uuid]);
      expect(succeeded(run)).toContain("status 1");
    });

    test.each([
      ['{"defaultAction":"SCMP_ACT_MAYBE"}', "SCMP_ACT_MAYBE"],
      ["{,}", "line 1, column 2"],
    ])("%s is refused", async (text, words) => {
      const path = join(world().directory, "bad.json");
      writeFileSync(path, text);
      const finished = await app([`--seccomp=profile=${path}`], "true");
      expect(finished.status).not.toBe(0);
      expect(finished.stderr).toContain(words);
    });
  });

  describe("isolators of images", () => {
    const context = { user: "u", role: "r", type: "t", level: "s0" };
    test.each([
      ["os/linux/apparmor-profile", { profile: "none-such" }, "/sys/module/apparmor", "AppArmor"],
      ["os/linux/selinux-context", context, "/sys/fs/selinux/enforce", "SELinux"],
    ])("%s: in force, or a warning says why not", async (name, value, sign, words) => {
      const has = await world().machine.shell(`test -e ${sign} && echo yes || echo no`);
      const finished = await isolated(name, value, "echo runs");
      if (has === "no\n") {
        expect(succeeded(finished)).toBe("runs\n");
        expect(finished.stderr).toMatch(new RegExp(`warning: .*this kernel runs without ${words}`));
      } else expect(refused(finished)).toContain("start app");
    });

    test("resource/network-bandwidth: a warning says what to use", async () => {
      const value = { default: true, limit: "1M" };
      const finished = await isolated("resource/network-bandwidth", value, "echo runs");
      expect(succeeded(finished)).toBe("runs\n");
      expect(finished.stderr).toContain("bandwidth");
    });

    test.each([
      ["resource/block-bandwidth", "bps"],
      ["resource/block-iops", "iops"],
    ])("%s reaches every disk, or a warning says why not", async (name, word) => {
      const script =
        `cat /sys/fs/cgroup/io.max /sys/fs/cgroup/blkio/blkio.throttle.read_${word}_device ` +
        "2>/dev/null; true";
      const finished = await isolated(name, { default: true, limit: "1000000" }, script);
      const limits = succeeded(finished);
      const disks = await world().machine.shell("ls /sys/block | grep -vE '^(loop|ram|zram)' || :");
      const warned = /warning: .*(io|blkio) limit/.test(finished.stderr);
      if (!warned && disks !== "") expect(limits).toMatch(/^\d+:\d+ .*1000000/m);
      else expect(limits).not.toContain("1000000");
    });

    test("os/linux/no-new-privileges", async () => {
      const grep = "grep NoNewPrivs /proc/self/status";
      expect(succeeded(await isolated("os/linux/no-new-privileges", true, grep))).toContain("\t1");
      expect(succeeded(await app([], grep))).toContain("\t0");
    });

    test("os/linux/oom-score-adj", async () => {
      const script = "cat /proc/self/oom_score_adj";
      expect(succeeded(await isolated("os/linux/oom-score-adj", 555, script))).toBe("555\n");
    });
  });

  describe("volumes with mounts below", () => {
    let host = "";
    beforeAll(async () => {
      host = join(world().directory, "tree");
      mkdirSync(join(host, "sub"), { recursive: true });
      await world().machine.shell(
        `mount -t tmpfs -o mode=777 tmpfs ${host}/sub; echo below >${host}/sub/file`,
      );
    });
    afterAll(async () => {
      await world().machine.shell(`umount ${host}/sub`);
    });
    const below = async (options: string, ...flags: string[]) => {
      await world().machine.shell(`rm -f ${host}/x ${host}/sub/x`); // those of another root
      return world().rkt([
        ...["run", "--net=none", ...flags, `--volume=v,kind=host,source=${host}${options}`],
        ...[IMAGE_NAME, "--mount=volume=v,target=/v", "--exec=/bin/sh", "--", "-c"],
        "cat /v/sub/file; for p in /v/x /v/sub/x; do touch $p 2>/dev/null || echo refused; done",
      ]);
    };

    test.each([[[]], [["--private-users"]]])(
      "are there unless told otherwise %j",
      async (flags) => {
        expect(succeeded(await below("", ...flags))).toBe("below\n");
        const alone = await below(",recursive=false", ...flags);
        expect(alone.stdout).not.toContain("below");
      },
    );

    test.each([[[]], [["--private-users"]]])("are read-only with readOnly %j", async (flags) => {
      const finished = await below(",readOnly=true", ...flags);
      expect(succeeded(finished)).toBe("below\nrefused\nrefused\n");
    });
  });

  describe("volumes with names", () => {
    const named = (volume: string, script: string, ...flags: string[]) =>
      world().rkt([
        ...["run", "--net=none", ...flags, `--volume=${volume}`, IMAGE_NAME],
        ...["--mount=volume=v,target=/etc", "--exec=/bin/sh", "--", "-c", script],
      ]);
    const volumes = async (): Promise<{ name: string; path: string; pods: string[] }[]> =>
      JSON.parse(succeeded(await world().rkt(["volume", "ls", "--format=json"])));

    test("begin with what the image has there, and outlive the pod", async () => {
      const first = await named("v,kind=named,source=data", "ls /etc/passwd; echo kept >/etc/x");
      expect(succeeded(first)).toBe("/etc/passwd\n");
      succeeded(await world().rkt(["gc", "--grace-period=0s"]));
      expect(succeeded(await named("v,kind=named,source=data", "cat /etc/x"))).toBe("kept\n");
      const [{ path } = { path: "" }] = await volumes();
      expect(readFileSync(join(path, "x"), "utf8")).toBe("kept\n");
    });

    test("keep their owners whether a pod has a user namespace or not", async () => {
      const script = "echo y >/etc/y; chown 7:8 /etc/y; stat -c %u:%g /etc/y";
      const shifted = await named("v,kind=named,source=data", script, "--private-users");
      expect(succeeded(shifted)).toBe("7:8\n");
      const plain = await named("v,kind=named,source=data", "stat -c %u:%g /etc/y");
      expect(succeeded(plain)).toBe("7:8\n");
    });

    test("are made, listed, shown and removed; not while a pod has one", async () => {
      const made = ["volume", "create", "--mode=0700", "--uid=1000", "--gid=100", "own"];
      expect(succeeded(await world().rkt(made))).toBe("own\n");
      expect((await volumes()).map(({ name }) => name)).toEqual(["data", "own"]);
      const stat = await named("v,kind=named,source=own", "stat -c %a:%u:%g /etc");
      expect(succeeded(stat)).toBe("700:1000:100\n");
      const uuid = succeeded(
        await world().rkt([
          ...["prepare", "--quiet", "--volume=own,kind=named", IMAGE_NAME],
          "--mount=volume=own,target=/v",
        ]),
      ).trim();
      const held = refused(await world().rkt(["volume", "rm", "own"]));
      expect(held).toContain(`pod "${uuid}" uses it`);
      const shown = await world().rkt(["volume", "inspect", "own"]);
      expect(JSON.parse(succeeded(shown))).toMatchObject([{ name: "own", pods: [uuid] }]);
      succeeded(await world().rkt(["rm", uuid]));
      expect(succeeded(await world().rkt(["volume", "rm", "own", "data"]))).toBe("own\ndata\n");
      expect(succeeded(await world().rkt(["volume", "ls"]))).toBe("NAME\tPODS\tPATH\n");
      expect(refused(await world().rkt(["volume", "inspect", "own"]))).toContain('"own"');
    });

    test.each(["v,kind=named,source=/etc", "v,kind=named,source=../x", "v,kind=named,mode=9"])(
      "--volume=%s is refused",
      async (text) => {
        const finished = await named(text, "true");
        expect(finished.status).not.toBe(0);
        expect(finished.stderr).toContain("invalid value in --volume");
      },
    );
  });
});
