/** `rkt run --private-users`: root in the pod is nobody on the host, and all else goes on. */
import { beforeAll, expect, test } from "bun:test";
import { existsSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { IMAGE_NAME } from "./fixtures/aci.ts";
import { eventually } from "./harness/background.ts";
import { refused, succeeded } from "./harness/expectations.ts";
import { feature } from "./harness/feature.ts";
import { RKT } from "./harness/world.ts";

feature("rkt run --private-users", { programs: { script: "bsdutils" } }, (world) => {
  let host = "";
  beforeAll(async () => {
    await world().store();
    host = join(world().directory, "host");
    mkdirSync(host, { mode: 0o700 });
    writeFileSync(join(host, "file"), "of the host\n", { mode: 0o600 });
  });
  const users = (script: string, ...flags: string[]) =>
    world().script(script, ["--private-users", ...flags]);

  interface Running extends AsyncDisposable {
    readonly uuid: string;
    /** As the host sees the app's process. */
    readonly owner: number;
  }

  /** A pod that sleeps `seconds`, a number that no other pod of this file sleeps. */
  async function sleeper(seconds: number, ...flags: string[]): Promise<Running> {
    const started = await world().rkt([
      ...["run", "-d", "--private-users", ...flags, IMAGE_NAME],
      ...["--exec=/bin/sleep", "--", String(seconds)],
    ]);
    const uuid = succeeded(started).trim();
    const owner = await eventually("the app sleeps", async () => {
      const list = await world().machine.shell("ps -e -o uid=,args=");
      return new RegExp(`^ *(\\d+) /bin/sleep ${seconds}$`, "m").exec(list)?.[1];
    });
    return {
      uuid,
      owner: Number(owner),
      [Symbol.asyncDispose]: async () => {
        succeeded(await world().rkt(["stop", "--force", uuid]));
        await eventually("the pod has ended", async () => {
          const { stdout } = await world().rkt(["status", uuid]);
          return stdout.includes("state=exited") ? true : undefined;
        });
      },
    };
  }

  test("the app is root of 65536 ids and owns the files of its image", async () => {
    const script = "id -u; cat /proc/self/uid_map; stat -c %u:%g /bin/busybox /etc/owned-by-alice";
    expect(succeeded(await users(script))).toMatch(/^0\n +0 +\d{7,} +65536\n0:0\n1000:100\n$/);
  });

  test("what it writes has its ids on disk, and export gives them back", async () => {
    const before = new Set(world().pods());
    const owners = "echo x >/mine; chmod 4755 /mine; mkdir /d; chown 7:8 /d";
    const finished = await users(`${owners}; rm /etc/owned-by-alice; stat -c %u:%g:%a /mine /d`);
    expect(succeeded(finished)).toBe("0:0:4755\n7:8:755\n");
    const uuid = world()
      .pods()
      .find((each) => !before.has(each));
    const out = join(world().directory, "out.aci");
    succeeded(await world().rkt(["export", uuid ?? "", out]));
    const list = await world().machine.shell(`tar -tvzf ${out} --numeric-owner`);
    expect(list).toMatch(/-rwsr-xr-x 0\/0 .* rootfs\/mine$/m);
    expect(list).toMatch(/drwxr-xr-x 7\/8 .* rootfs\/d\/?$/m);
    expect(list).not.toContain("owned-by-alice");
  });

  test("--no-overlay: the same in a copied tree", async () => {
    const script = "echo x >/mine; stat -c %u:%g /mine /etc/owned-by-alice";
    expect(succeeded(await users(script, "--no-overlay"))).toBe("0:0\n1000:100\n");
  });

  test.each([
    ["a name", "alice", "1000:100"],
    ["a number", "1234", "1234:100"],
    ["the owner of a path", "/etc/owned-by-alice", "1000:100"],
  ])("--user by %s; the app writes to its standard output by name", async (_, user, expected) => {
    const finished = await world().rkt([
      ...["run", "--net=none", "--private-users", IMAGE_NAME, `--user=${user}`, "--group=users"],
      ...["--exec=/bin/sh", "--", "-c", "echo $(id -u):$(id -g) >/dev/stdout"],
    ]);
    expect(succeeded(finished)).toBe(`${expected}\n`);
  });

  test("filter and masks are in force, and mounting is refused", async () => {
    const script = "grep Seccomp: /proc/self/status; ls /sys/firmware 2>/dev/null | wc -l";
    expect(succeeded(await users(script))).toBe("Seccomp:\t2\n0\n");
    const mount = await users("mount -t tmpfs none /tmp 2>&1; echo status $?");
    expect(succeeded(mount)).toMatch(/status [1-9]/);
  });

  test("two pods have two ranges; enter and logs work; on the host they are nobody", async () => {
    await using one = await sleeper(4001, "--net=none");
    await using two = await sleeper(4002, "--net=none");
    expect(one.owner).toBeGreaterThanOrEqual(1_048_576);
    expect(Math.abs(one.owner - two.owner)).toBeGreaterThanOrEqual(65_536);
    const map = await world().rkt(["enter", two.uuid, "/bin/cat", "/proc/self/uid_map"]);
    expect(succeeded(map).trim().split(/\s+/)).toEqual(["0", String(two.owner), "65536"]);
    succeeded(
      await world().rkt(["enter", one.uuid, "/bin/sh", "-c", "echo said >/proc/1/fd/1 || :"]),
    );
  });

  test("a range of one's own choice, refused while another pod has part of it", async () => {
    await using pod = await sleeper(4003, "--net=none", "--private-users=3000000:70000");
    expect(pod.owner).toBe(3_000_000);
    const again = await users("true", "--private-users=3069999:10");
    expect(refused(again)).toContain("another pod has some of them");
    const wrong = await users("true", "--private-users=0:5");
    expect(wrong.status).not.toBe(0);
    expect(wrong.stderr).toContain('read a range of ids "0:5": it is not UID:COUNT');
  });

  test("the range of a pod that was removed is free again", async () => {
    const own = "--private-users=4000000:1000";
    succeeded(await users("true", own));
    expect(refused(await users("true", own))).toContain("another pod");
    succeeded(await world().rkt(["gc", "--grace-period=0s"]));
    succeeded(await users("true", own));
  });

  test("run-prepared keeps the range of prepare", async () => {
    const prepared = await world().rkt([
      ...["prepare", "--quiet", "--private-users=5000000:65536", IMAGE_NAME],
      ...["--exec=/bin/cat", "--", "/proc/self/uid_map"],
    ]);
    const run = await world().rkt(["run-prepared", "--net=none", succeeded(prepared).trim()]);
    expect(succeeded(run).trim().split(/\s+/)).toEqual(["0", "5000000", "65536"]);
  });

  test("a volume of the host keeps its owners in the pod, and what is written there", async () => {
    const volume = `--volume=v,kind=host,source=${host}`;
    const finished = await world().rkt([
      ...["run", "--net=none", "--private-users", volume, IMAGE_NAME],
      ...["--mount=volume=v,target=/v", "--exec=/bin/sh", "--", "-c"],
      "cat /v/file; stat -c %u /v/file; echo new >/v/new; chown 1000:100 /v/new",
    ]);
    expect(succeeded(finished)).toBe("of the host\n0\n");
    const { uid, gid } = statSync(join(host, "new"));
    expect([uid, gid]).toEqual([1000, 100]);
  });

  test("apps share an empty volume, which begins with what the image has there", async () => {
    const finished = await world().rkt([
      ...["run", "--net=none", "--private-users", "--volume=v,kind=empty,uid=1000,gid=100"],
      ...["--mount=volume=v,target=/etc", IMAGE_NAME, "--name=one", "--exec=/bin/sh", "--", "-c"],
      ...["echo x >/etc/new && mv /etc/new /etc/done", "---", IMAGE_NAME, "--name=two"],
      ...["--exec=/bin/sh", "--", "-c"],
      "until cat /etc/done 2>/dev/null; do sleep 0.05; done; stat -c %u:%g /etc/owned-by-alice",
    ]);
    expect(succeeded(finished)).toBe("two: x\ntwo: 1000:100\n");
  });

  test("the default network, published ports and the pod's own host name work", async () => {
    const page = "mkdir /www; echo page >/www/index.html; hostname; ip route | grep -c default";
    await using pod = await sleeper(4004, "--hostname=shifted", "--port=127.0.0.1:8099:80/tcp");
    const inside = ["enter", pod.uuid, "/bin/sh", "-c"];
    expect(succeeded(await world().rkt([...inside, page]))).toBe("shifted\n1\n");
    succeeded(await world().rkt([...inside, "httpd -p 80 -h /www"]));
    const got = await world().machine.shell("curl -s http://127.0.0.1:8099/");
    expect(got).toBe("page\n");
  });

  test.each(["--net=host", "--ipc=parent"])(
    "%s: what belongs to the host is bound",
    async (flag) => {
      const script = "ls /sys/class >/dev/null && cat /proc/self/uid_map";
      const finished = await world().rkt([
        ...["run", flag, "--private-users", IMAGE_NAME, "--exec=/bin/sh", "--", "-c", script],
      ]);
      expect(succeeded(finished)).toContain("65536");
    },
  );

  test("the shared memory of the pod can be used by every app", async () => {
    expect(succeeded(await users("echo x >/dev/shm/x && stat -c %u /dev/shm/x"))).toBe("0\n");
  });

  test("all of it ends with its supervisor, however that ends", async () => {
    const { uuid } = await sleeper(4005, "--net=none");
    await world().machine.shell(`kill -KILL $(cat ${world().data}/pods/run/${uuid}/ppid)`);
    await eventually("nothing of it runs", async () => {
      const list = await world().machine.shell("ps -e -o args=");
      return /sleep 4005|unshare --user/.test(list) ? undefined : true;
    });
    expect(succeeded(await world().rkt(["list", "--no-legend"]))).toContain("exited");
  });

  test("an app that is added later lives in the same range", async () => {
    const app = (...argv: string[]) =>
      world().rkt(["app", ...argv], { as: ["env", "RKT_EXPERIMENT_APP=true"] });
    const sandbox = ["sandbox", "-d", "--net=none", "--private-users=6000000:65536"];
    const uuid = succeeded(await app(...sandbox)).trim();
    const command = ["--name=late", "--exec=/bin/sleep", "--", "4006"];
    succeeded(await app("add", uuid, IMAGE_NAME, ...command));
    succeeded(await app("start", uuid, "--app=late"));
    await eventually("the app sleeps", async () => {
      const list = await world().machine.shell("ps -e -o uid=,args=");
      return /^ *6000000 .*sleep 4006$/m.test(list) ? true : undefined;
    });
    const owner = ["exec", "--app=late", uuid, "/bin/stat", "-c", "%u", "/bin/busybox"];
    expect(succeeded(await app(...owner))).toBe("0\n");
    succeeded(await world().rkt(["stop", "--force", uuid]));
  });

  test("--interactive on a terminal", async () => {
    const rkt = `${RKT} --dir=${world().data} --local-config=${world().config}`;
    const command = `${rkt} run --net=none --private-users --interactive ${IMAGE_NAME}`;
    const inside = "test -t 0 && tty && echo typed >$(tty) && id -u";
    const line = `${command} --exec=/bin/sh -- -c '${inside}'`;
    const { stdout } = await world().machine.run(["script", "-qec", line, "/dev/null"]);
    // The end of its input, which script(1) tells the terminal, may come before the text.
    expect(stdout).toMatch(/\/dev\/(console|pts\/\d+)\r\n(\^@)?typed\r\n0\r\n/);
  });

  test("the range outlives no pod directory", async () => {
    succeeded(await world().rkt(["gc", "--grace-period=0s", "--expire-prepared=0s"]));
    expect(existsSync(join(world().data, "pods/run"))).toBe(true);
    expect(world().pods()).toEqual([]);
  });
});
