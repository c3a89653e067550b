/**
 * Limits and devices beyond rkt 1.30, each by its effect inside of the app: processes, resources of
 * a process, processors, shared memory, kernel parameters, devices, file systems in memory; limits
 * of a whole pod.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { IMAGE_NAME } from "./fixtures/aci.ts";
import { refused, succeeded } from "./harness/expectations.ts";
import { feature } from "./harness/feature.ts";

feature("limits where only cgroup v2 is to be seen", { cgroups: "unified" }, (world) => {
  beforeAll(async () => {
    await world().store();
  });

  test.each([
    ["pids", ["--pod-pids-limit=5"], ["--pids-limit=5"]],
    ["memory", ["--pod-memory=64Mi"], ["--memory=64Mi"]],
    ["cpu", ["--pod-cpu=500m"], ["--cpu=500m"]],
  ])("%s: in force for app and pod, or one warning for each", async (controller, pod, app) => {
    const all = await world().machine.shell("cat /sys/fs/cgroup/cgroup.controllers");
    const file = controller === "cpu" ? "cpu.max" : `${controller}.max`;
    const finished = await world().rkt([
      ...["run", "--net=none", ...pod, IMAGE_NAME, ...app, "--exec=/bin/sh", "--", "-c"],
      `cat /sys/fs/cgroup/${file} 2>/dev/null || echo none`,
    ]);
    const limit = succeeded(finished);
    const warned = finished.stderr.match(
      new RegExp(`warning: .* without ${controller} limit`, "g"),
    );
    if (!all.split(/\s/).includes(controller)) {
      expect(limit).toBe("none\n");
      expect(warned).toHaveLength(2);
    } else {
      expect(limit).toMatch(/^(5|67108864|50000 100000)\n$/);
      expect(warned).toBeNull();
    }
  });
});

feature("rkt run with limits that appc does not know", {}, (world) => {
  beforeAll(async () => {
    await world().store();
  });
  const app = (flags: readonly string[], script: string) =>
    world().rkt([
      ...["run", "--net=none", IMAGE_NAME, ...flags, "--exec=/bin/sh", "--", "-c", script],
    ]);

  test("--pids-limit: a process more is refused", async () => {
    const fork = "for i in 1 2 3 4 5 6 7 8; do sleep 1 & done; wait";
    const limited = await app(["--pids-limit=5"], fork);
    expect(limited.status).not.toBe(0);
    expect(limited.stderr).toContain("can't fork");
    expect(succeeded(await app(["--pids-limit=50"], fork))).toBe("");
  });

  test("--ulimit: soft and hard, one number for both, and no limit", async () => {
    const flags = ["--ulimit=nofile=100:200", "--ulimit=core=unlimited", "--ulimit=stack=1048576"];
    const script = "ulimit -Sn; ulimit -Hn; ulimit -c; ulimit -s";
    expect(succeeded(await app(flags, script))).toBe("100\n200\nunlimited\n1024\n");
  });

  test.each(["nofile", "nofile=5:4", "nofile=x", "files=5", "=5"])(
    "--ulimit=%s is refused",
    async (text) => {
      const finished = await app([`--ulimit=${text}`], "true");
      expect(finished.status).not.toBe(0);
      expect(finished.stderr).toContain("limit");
    },
  );

  test("--cpuset-cpus: the app sees those processors", async () => {
    expect(succeeded(await app(["--cpuset-cpus=0"], "nproc"))).toBe("1\n");
  });

  test("--shm-size is the size of /dev/shm", async () => {
    const argv = ["run", "--net=none", "--shm-size=8Mi", IMAGE_NAME, "--exec=/bin/sh", "--", "-c"];
    const script = "df -k /dev/shm | tail -n 1 | awk '{print $2}'";
    expect(succeeded(await world().rkt([...argv, script]))).toBe("8192\n");
    expect(succeeded(await app([], script))).toBe("65536\n");
  });

  test("--sysctl sets parameters of the pod and leaves those of the machine", async () => {
    const before = await world().machine.shell("cat /proc/sys/net/core/somaxconn");
    const flags = ["--sysctl=net.core.somaxconn=77", "--sysctl=kernel.msgmax=9000"];
    const argv = ["run", "--net=none", ...flags, IMAGE_NAME, "--exec=/bin/sh", "--", "-c"];
    const script = "cat /proc/sys/net/core/somaxconn /proc/sys/kernel/msgmax";
    expect(succeeded(await world().rkt([...argv, script]))).toBe("77\n9000\n");
    expect(await world().machine.shell("cat /proc/sys/net/core/somaxconn")).toBe(before);
  });

  test.each([
    ["vm.swappiness=1", "it is one of the whole machine"],
    ["net.core.nothing=1", "net.core.nothing"],
    ["kernel.msgmax/../../vm/swappiness=1", "whole machine"],
  ])("--sysctl=%s is refused", async (text, words) => {
    const argv = ["run", "--net=none", `--sysctl=${text}`, IMAGE_NAME];
    expect(refused(await world().rkt(argv))).toContain(words);
  });

  test("--sysctl of a network that is the host's is refused", async () => {
    const argv = ["run", "--net=host", "--sysctl=net.core.somaxconn=1", IMAGE_NAME];
    expect(refused(await world().rkt(argv))).toContain("shares the host's net namespace");
  });

  test("the sysctl isolator of an image counts", async () => {
    const isolators = [{ name: "os/unix/sysctl", value: { "net.core.somaxconn": "33" } }];
    await world().store({ name: "example.test/sysctl", app: { isolators } });
    const argv = ["run", "--net=none", "example.test/sysctl", "--exec=/bin/cat", "--"];
    expect(succeeded(await world().rkt([...argv, "/proc/sys/net/core/somaxconn"]))).toBe("33\n");
  });

  test("--tmpfs: empty, of that size and mode, for one app", async () => {
    const flags = ["--tmpfs=/etc:size=1Mi,mode=0700", "--tmpfs=/srv:ro"];
    const script =
      "ls /etc | wc -l; stat -c %a /etc; df -k /etc | tail -n 1 | awk '{print $2}'; " +
      "touch /srv/x 2>/dev/null || echo refused";
    expect(succeeded(await app(flags, script))).toBe("0\n700\n1024\nrefused\n");
  });

  test("--volume kind=tmpfs is shared by the apps of a pod and never written to disk", async () => {
    const typeOf = "grep ' /v ' /proc/self/mounts | cut -d' ' -f3";
    const finished = await world().rkt([
      ...["run", "--net=none", "--volume=v,kind=tmpfs,size=2Mi", "--mount=volume=v,target=/v"],
      ...[
        IMAGE_NAME,
        "--name=one",
        "--exec=/bin/sh",
        "--",
        "-c",
        "echo shared >/v/new; mv /v/new /v/f",
      ],
      ...["---", IMAGE_NAME, "--name=two", "--exec=/bin/sh", "--", "-c"],
      `until cat /v/f 2>/dev/null; do sleep 0.05; done; ${typeOf}`,
    ]);
    expect(succeeded(finished)).toBe("two: shared\ntwo: tmpfs\n");
  });

  test("an unprivileged app gets what --caps-retain names, in all sets", async () => {
    const script = "grep Cap /proc/self/status | tr -s '\\t\\n' ' '";
    const asked = await app(
      ["--user=1000", "--group=100", "--caps-retain=CAP_NET_BIND_SERVICE"],
      script,
    );
    const set = "0000000000000400";
    expect(succeeded(asked)).toBe(
      `CapInh: ${set} CapPrm: ${set} CapEff: ${set} CapBnd: ${set} CapAmb: ${set} `,
    );
    const plain = succeeded(await app(["--user=1000", "--group=100"], script));
    expect(plain).toContain("CapPrm: 0000000000000000 CapEff: 0000000000000000");
    const binds = "httpd -f -p 80 & sleep 0.2; kill -0 $! && echo bound; kill $!";
    const port = ["--user=1000", "--group=100"];
    expect(succeeded(await app([...port, "--caps-retain=CAP_NET_BIND_SERVICE"], binds))).toBe(
      "bound\n",
    );
  });

  describe("--device", () => {
    test("a device of the host can be opened, under its name or another", async () => {
      const script = "head -c 3 /dev/mine | wc -c; stat -c %t:%T /dev/mine";
      expect(succeeded(await app(["--device=/dev/zero:/dev/mine:r"], script))).toBe("3\n1:5\n");
    });

    test("without write access writing is refused; others stay out of reach", async () => {
      const script = "echo x 2>/dev/null >/dev/mine || echo refused";
      expect(succeeded(await app(["--device=/dev/kmsg:/dev/mine:r"], script))).toBe("refused\n");
      const other = "mknod /tmp/kmsg c 1 11; head -c1 /tmp/kmsg 2>/dev/null || echo refused";
      expect(succeeded(await app(["--device=/dev/zero:/dev/mine"], other))).toBe("refused\n");
    });

    test("a directory stands for the devices in it", async () => {
      const directory = join(world().directory, "devices");
      mkdirSync(directory);
      await world().machine.shell(`mknod ${directory}/one c 1 5; mknod ${directory}/two c 1 3`);
      const finished = await app([`--device=${directory}:/dev/set:rw`], "ls /dev/set");
      expect(succeeded(finished)).toBe("one\ntwo\n");
    });

    test("an image that asks for devices gets only those that somebody gave", async () => {
      const isolators = [{ name: "os/linux/devices", value: { set: ["/dev/kmsg"] } }];
      await world().store({ name: "example.test/greedy", app: { isolators } });
      const run = (...flags: string[]) =>
        world().rkt([
          ...["run", "--net=none", "example.test/greedy", ...flags, "--exec=/bin/sh", "--", "-c"],
          "ls /dev/kmsg /dev/mine 2>/dev/null; true",
        ]);
      expect(refused(await run())).toContain("asks for devices of the host");
      expect(succeeded(await run("--device=/dev/zero:/dev/mine"))).toBe("/dev/mine\n");
    });

    test("works with a user namespace", async () => {
      const argv = [
        "run",
        "--net=none",
        "--private-users",
        IMAGE_NAME,
        "--device=/dev/zero:/dev/mine",
      ];
      const finished = await world().rkt([
        ...argv,
        "--exec=/bin/sh",
        "--",
        "-c",
        "head -c 3 /dev/mine | wc -c",
      ]);
      expect(succeeded(finished)).toBe("3\n");
    });

    test.each(["/dev/none", "/etc/passwd", "dev/zero", "/dev/zero:/x:q"])(
      "%s is refused",
      async (text) => {
        const finished = await app([`--device=${text}`], "true");
        expect(finished.status).not.toBe(0);
        expect(finished.stderr).toContain("add device");
      },
    );

    test("a volume whose source is a device can be used", async () => {
      const argv = ["run", "--net=none", "--volume=d,kind=host,source=/dev/zero", IMAGE_NAME];
      const finished = await world().rkt([
        ...[...argv, "--mount=volume=d,target=/dev/mine", "--exec=/bin/sh", "--", "-c"],
        "head -c 3 /dev/mine | wc -c",
      ]);
      expect(succeeded(finished)).toBe("3\n");
    });
  });

  describe("--device of the container device interface", () => {
    const directory = "/var/run/cdi";
    const specification = {
      cdiVersion: "0.6.0",
      kind: "example.test/unit",
      devices: [
        {
          name: "one",
          containerEdits: {
            env: ["UNIT=one"],
            deviceNodes: [{ path: "/dev/unit", hostPath: "/dev/zero", permissions: "r" }],
          },
        },
      ],
      containerEdits: { env: ["UNITS=yes"], additionalGids: [4321] },
    };
    const yaml = `kind: example.test/file
devices:
- name: "0"
  containerEdits:
    mounts:
    - {hostPath: /etc/hostname, containerPath: /unit-file, options: [ro, bind]}
`;
    beforeAll(async () => {
      await world().machine.shell(
        `mkdir -p ${directory}; printf %s '${JSON.stringify(specification)}' >${directory}/a.json
         printf %s '${yaml}' >${directory}/b.yaml`,
      );
    });
    afterAll(async () => {
      await world().machine.shell(`rm -r ${directory}`);
    });

    test("a name brings its node, its variables, its groups", async () => {
      const script = "head -c 3 /dev/unit | wc -c; echo $UNIT $UNITS; id -G";
      const text = succeeded(await app(["--device=example.test/unit=one"], script));
      expect(text).toMatch(/^3\none yes\n.*4321/);
    });

    test("YAML is read too; a mount is made", async () => {
      const finished = await app(
        ["--device=example.test/file=0"],
        "test -s /unit-file && echo there",
      );
      expect(succeeded(finished)).toBe("there\n");
    });

    test("a name that nobody has is refused", async () => {
      const line = refused(await app(["--device=example.test/unit=two"], "true"));
      expect(line).toContain('add device "example.test/unit=two"');
    });
  });

  describe("limits of the pod", () => {
    const pod = (flags: readonly string[], script: string) =>
      world().rkt([
        "run",
        "--net=none",
        ...flags,
        IMAGE_NAME,
        "--exec=/bin/sh",
        "--",
        "-c",
        script,
      ]);

    test("--pod-pids-limit counts the processes of all apps", async () => {
      const fork = "for i in 1 2 3 4 5 6 7 8; do sleep 1 & done; wait";
      const limited = await pod(["--pod-pids-limit=5"], fork);
      expect(limited.status).not.toBe(0);
      expect(limited.stderr).toContain("can't fork");
    });

    test("--pod-memory ends what needs more", async () => {
      const hungry = "x=$(head -c 100000000 /dev/zero | tr '\\0' x); echo survived";
      const finished = await pod(["--pod-memory=32Mi"], hungry);
      expect(finished.status).not.toBe(0);
      expect(finished.stdout).not.toContain("survived");
    });

    test("isolators of a pod manifest count", async () => {
      const prepared = await world().rkt(["prepare", "--quiet", "--pod-pids-limit=5", IMAGE_NAME]);
      const manifest = await world().rkt(["cat-manifest", succeeded(prepared).trim()]);
      expect(succeeded(manifest)).toContain('"os/linux/pids-limit"');
      const path = join(world().directory, "pod.json");
      const exec = '"exec":["/bin/sh","-c","true | true | true | true | true | true"]';
      writeFileSync(path, manifest.stdout.replace(/"exec": \[[^\]]*\]/, exec));
      const limited = await world().rkt(["run", "--net=none", `--pod-manifest=${path}`]);
      expect(limited.stderr).toContain("can't fork");
    });
  });
});
