/** What one does with pods that exist: list, status, logs, enter, stop, rm, gc, cat-manifest. */
import { afterEach, beforeAll, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { IMAGE_NAME } from "./fixtures/aci.ts";
import { busyboxOci, writeLayout } from "./fixtures/oci.ts";
import { type Background, eventually } from "./harness/background.ts";
import { ended, refused, succeeded } from "./harness/expectations.ts";
import { feature } from "./harness/feature.ts";

interface Running {
  readonly pod: Background;
  readonly uuid: string;
}

feature("pods", {}, (world) => {
  let counter = 0;
  const started: Running[] = [];
  beforeAll(async () => {
    await world().store();
  });

  /** A test that fails in the middle must not spoil the next. */
  afterEach(async () => {
    for (const running of started.splice(0)) await end(running);
  });

  /** Starts a pod and waits until all its apps run. */
  async function start(...argv: string[]): Promise<Running> {
    const file = join(world().directory, `uuid-${counter++}`);
    const pod = await world().start(["run", "--net=none", `--uuid-file-save=${file}`, ...argv]);
    const uuid = await eventually("the pod runs", async () => {
      if (!existsSync(file)) return undefined;
      const uuid = (await Bun.file(file).text()).trim();
      const { status } = await world().rkt(["status", "--wait-ready=10s", uuid]);
      return status === 0 ? uuid : undefined;
    });
    started.push({ pod, uuid });
    return { pod, uuid };
  }

  const sleeping = (): Promise<Running> => start(IMAGE_NAME, "--exec=/bin/sleep", "--", "600");

  /** A pod that has ended with the given status. */
  async function exited(status = 0): Promise<string> {
    const file = join(world().directory, `uuid-${counter++}`);
    const argv = ["run", "--net=none", `--uuid-file-save=${file}`, IMAGE_NAME, "--exec=/bin/sh"];
    ended(await world().rkt([...argv, "--", "-c", `exit ${status}`]), status);
    return (await Bun.file(file).text()).trim();
  }

  async function end({ pod, uuid }: Running): Promise<void> {
    await world().rkt(["stop", "--force", uuid]);
    await pod.finished;
  }

  describe("list", () => {
    test("of nothing is the legend, and nothing without it", async () => {
      const data = join(world().directory, "nothing");
      expect(succeeded(await world().rkt(["list"], { data }))).toMatch(
        /^UUID\tAPP\tIMAGE NAME\tSTATE\tCREATED\tSTARTED\tNETWORKS\n$/,
      );
      expect(succeeded(await world().rkt(["list", "--no-legend"], { data }))).toBe("");
    });

    test("shows a running and an exited pod, one line per app", async () => {
      const running = await start(
        ...[IMAGE_NAME, "--name=one", "--exec=/bin/sleep", "--", "600", "---"],
        ...[IMAGE_NAME, "--name=two", "--exec=/bin/sleep", "--", "600"],
      );
      const done = await exited();
      const lines = succeeded(await world().rkt(["list", "--no-legend"])).split("\n");
      const first = lines.findIndex((line) => line.startsWith(running.uuid.slice(0, 8)));
      expect(lines[first]).toMatch(/^[0-9a-f]{8}\tone\texample\.test\/busybox:1\.0\.0\trunning\t/);
      expect(lines[first + 1]).toMatch(/^\t+two\texample\.test\/busybox:1\.0\.0/);
      expect(lines.join("\n")).toMatch(new RegExp(`^${done.slice(0, 8)}\t.*\texited\t`, "m"));
      await end(running);
    });

    test("--format=json carries the same facts", async () => {
      const uuid = await exited();
      const text = succeeded(await world().rkt(["list", "--format=json"]));
      const pods = JSON.parse(text) as { name: string; state: string; app_names: string[] }[];
      const pod = pods.find(({ name }) => name === uuid);
      expect(pod).toMatchObject({ state: "exited", app_names: ["busybox"] });
    });
  });

  describe("status", () => {
    test("of a running pod", async () => {
      const running = await sleeping();
      const text = succeeded(await world().rkt(["status", running.uuid]));
      expect(text).toMatch(
        /^state=running\ncreated=.+\nstarted=.+\nnetworks=\S*\npid=[1-9]\d*\nexited=false\n$/,
      );
      await end(running);
    });

    test("of an exited pod tells each app's status", async () => {
      const uuid = await exited(3);
      const text = succeeded(await world().rkt(["status", uuid]));
      expect(text).toContain("state=exited\n");
      expect(text).toContain("exited=true\napp-busybox=3\n");
    });

    test("--wait waits for the end", async () => {
      const running = await start(IMAGE_NAME, "--exec=/bin/sh", "--", "-c", "sleep 0.5; exit 4");
      const text = succeeded(await world().rkt(["status", "--wait", running.uuid]));
      expect(text).toContain("app-busybox=4\n");
      await running.pod.finished;
    });

    test("takes a unique prefix and refuses the rest", async () => {
      const uuid = await exited();
      succeeded(await world().rkt(["status", uuid.slice(0, 13)]));
      const none = refused(await world().rkt(["status", "nonsense"]));
      expect(none).toBe('status: problem retrieving pod: no matches found for "nonsense"');
    });
  });

  describe("logs", () => {
    test("shows what the apps wrote, apart from each other", async () => {
      const finished = await world().rkt([
        ...["run", "--net=none", `--uuid-file-save=${join(world().directory, "logged")}`],
        ...[IMAGE_NAME, "--name=one", "--exec=/bin/sh", "--", "-c", "echo 1a; echo 1b >&2", "---"],
        ...[IMAGE_NAME, "--name=two", "--exec=/bin/echo", "--", "2a"],
      ]);
      succeeded(finished);
      const uuid = (await Bun.file(join(world().directory, "logged")).text()).trim();
      const all = await world().rkt(["logs", uuid]);
      expect(succeeded(all) + all.stderr).toContain("one: 1a\n");
      const one = await world().rkt(["logs", "--app=one", uuid]);
      expect(`${succeeded(one)}${one.stderr}`.split("\n").sort()).toEqual(["", "1a", "1b"]);
      expect(succeeded(await world().rkt(["logs", "--app=two", uuid]))).toBe("2a\n");
    });

    test("--timestamps puts the time before each line", async () => {
      const running = await start(IMAGE_NAME, "--exec=/bin/sh", "--", "-c", "echo said; sleep 0.2");
      await running.pod.finished;
      const finished = await world().rkt(["logs", "--timestamps", running.uuid]);
      expect(succeeded(finished)).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+\S* said\n$/);
    });

    test("--follow goes on until the pod ends, --tail begins near the end", async () => {
      const script = "for i in 1 2 3 4 5 6 7 8; do echo line $i; sleep 0.1; done";
      const running = await start(IMAGE_NAME, "--exec=/bin/sh", "--", "-c", script);
      const followed = await world().rkt(["logs", "--follow", running.uuid]);
      expect(succeeded(followed)).toMatch(/line 1\n(line \d\n)+line 8\n$/);
      await running.pod.finished;
      const tail = await world().rkt(["logs", "--tail=2", running.uuid]);
      expect(succeeded(tail)).toBe("line 7\nline 8\n");
    });
  });

  describe("enter", () => {
    test("runs a command in the app's root, with its status", async () => {
      const running = await sleeping();
      const inside = await world().rkt([
        "enter",
        running.uuid,
        "/bin/sh",
        "-c",
        "hostname; exit 9",
      ]);
      expect(ended(inside, 9)).toBe(`rkt-${running.uuid}\n`);
      const typed = await world().rkt(["enter", running.uuid, "/bin/cat"], { input: "typed\n" });
      expect(succeeded(typed)).toBe("typed\n");
      await end(running);
    });

    test("is as confined as the app", async () => {
      const running = await sleeping();
      const status = ["-E", "^(CapBnd|Seccomp:)", "/proc/self/status"];
      const inside = await world().rkt(["enter", running.uuid, "/bin/grep", ...status]);
      expect(succeeded(inside)).toBe("CapBnd:\t00000000a80425fb\nSeccomp:\t2\n");
      await end(running);
    });

    test("has the app's user, groups, directory and environment, or others", async () => {
      const running = await start(
        ...[IMAGE_NAME, "--user=alice", "--group=users", "--supplementary-gids=10"],
        ...["--working-dir=/home", "--environment=COLOUR=blue", "--exec=/bin/sleep", "--", "600"],
      );
      const script = "id -u; id -g; id -G; pwd; echo $COLOUR $HOME";
      const inside = async (...flags: string[]): Promise<string> =>
        succeeded(await world().rkt(["enter", ...flags, running.uuid, "/bin/sh", "-c", script]));
      expect(await inside()).toBe("1000\n100\n100 10\n/home\nblue /home/alice\n");
      const other = ["--user=root", "--workdir=/srv", "--env=COLOUR=red", "--env=A=B=C"];
      expect(await inside(...other)).toBe("0\n0\n0\n/srv\nred /root\n");
      expect(await inside("--user=1000:wheel")).toContain("1000\n10\n10\n");
      const nobody = await world().rkt(["enter", "--user=nobody-here", running.uuid, "/bin/true"]);
      expect(refused(nobody)).toContain('"nobody-here" user not found');
      await end(running);
    });

    test("lives within the limits of the app", async () => {
      const running = await start(
        ...[IMAGE_NAME, "--pids-limit=3", "--ulimit=nofile=77", "--exec=/bin/sleep", "--", "600"],
      );
      const many = "for i in 1 2 3 4; do sleep 1 & done; wait";
      const inside = await world().rkt(["enter", running.uuid, "/bin/sh", "-c", many]);
      expect(inside.stderr).toContain("can't fork");
      const limit = ["enter", running.uuid, "/bin/sh", "-c", "ulimit -n"];
      expect(succeeded(await world().rkt(limit))).toBe("77\n");
      await end(running);
    });

    test.each([
      ["the host's user namespace", []],
      ["one of its own", ["--private-users"]],
    ])("--unconfined in %s: all capabilities, no filter, no limits", async (_, flags) => {
      const limit = ["--pids-limit=3", "--exec=/bin/sleep", "--", "600"];
      const running = await start(...flags, IMAGE_NAME, ...limit);
      const script = "hostname; id -u; true | true | true | true; cat /proc/self/status";
      const argv = ["enter", "--unconfined", running.uuid, "/bin/sh", "-c", script];
      const text = succeeded(await world().rkt(argv));
      expect(text).toStartWith(`rkt-${running.uuid}\n0\n`);
      expect(text).toContain("Seccomp:\t0\n");
      const held = BigInt(`0x${/^CapEff:\t(.*)$/m.exec(text)?.[1]}`);
      expect(held & (1n << 21n), "CAP_SYS_ADMIN").not.toBe(0n);
      await end(running);
    });

    test("needs --app where there are several", async () => {
      const running = await start(
        ...[IMAGE_NAME, "--name=one", "--exec=/bin/sleep", "--", "600", "---"],
        ...[IMAGE_NAME, "--name=two", "--exec=/bin/sleep", "--", "600"],
      );
      const unclear = await world().rkt(["enter", running.uuid, "/bin/true"]);
      expect(unclear.status).toBe(254);
      expect(unclear.stderr).toContain("pod contains multiple apps:");
      const clear = ["enter", "--app=two", running.uuid, "/bin/sh", "-c", "echo $AC_APP_NAME"];
      expect(succeeded(await world().rkt(clear))).toBe("two\n");
      await end(running);
    });

    test("refuses a pod that does not run", async () => {
      const uuid = await exited();
      const line = refused(await world().rkt(["enter", uuid, "/bin/true"]));
      expect(line).toBe(`enter: pod "${uuid}" isn't currently running`);
    });
  });

  describe("stop", () => {
    test("lets the app end in its own way", async () => {
      const script = "trap 'echo good bye; exit 0' TERM; while :; do sleep 0.1; done";
      const running = await start(IMAGE_NAME, "--exec=/bin/sh", "--", "-c", script);
      const stopped = await world().rkt(["stop", running.uuid]);
      expect(succeeded(stopped)).toBe(`"${running.uuid}"\n`);
      expect((await running.pod.finished).stdout).toContain("good bye");
      const again = await world().rkt(["stop", running.uuid]);
      expect(succeeded(again)).toContain(`pod "${running.uuid}" is already stopped`);
    });

    test("waits for each app, also when another has ended by the signal", async () => {
      const slow = "trap 'sleep 0.5; echo slow end; exit 0' TERM; while :; do sleep 0.1; done";
      const running = await start(
        ...[IMAGE_NAME, "--name=quick", "--exec=/bin/sleep", "--", "600", "---"],
        ...[IMAGE_NAME, "--name=slow", "--exec=/bin/sh", "--", "-c", slow],
      );
      succeeded(await world().rkt(["stop", running.uuid]));
      expect((await running.pod.finished).stdout).toContain("slow: slow end\n");
    });

    test("--timeout waits for the end, and kills what is still there then", async () => {
      const script = "trap '' TERM; echo deaf; while :; do sleep 0.1; done";
      const running = await start(IMAGE_NAME, "--exec=/bin/sh", "--", "-c", script);
      const stopped = await world().rkt(["stop", "--timeout=500ms", running.uuid]);
      expect(succeeded(stopped)).toBe(`"${running.uuid}"\n`);
      const text = succeeded(await world().rkt(["status", running.uuid]));
      expect(text).toContain("state=exited\n");
      expect(text).toContain("app-busybox=137\n");
      await running.pod.finished;
    });

    test("asks each app by the signal that its image names", async () => {
      const traps = "trap 'echo got INT; exit 0' INT; trap 'echo got TERM; exit 0' TERM";
      const script = `${traps}; while :; do sleep 0.1; done`;
      const image = busyboxOci({ config: { StopSignal: "SIGINT" } });
      const path = writeLayout(join(world().directory, "wishes"), image);
      succeeded(await world().rkt(["fetch", "--insecure-options=image", `oci:${path}`]));
      const running = await start(
        "--insecure-options=image",
        ...[`oci:${path}`, "--name=wish", "--exec=/bin/sh", "--", "-c", script, "---"],
        ...[IMAGE_NAME, "--name=plain", "--exec=/bin/sh", "--", "-c", script],
      );
      succeeded(await world().rkt(["stop", "--timeout=20s", running.uuid]));
      const { stdout } = await running.pod.finished;
      expect(stdout).toContain("wish: got INT\n");
      expect(stdout).toContain("plain: got TERM\n");
    });

    test("--force does not wait for an app that ignores signals", async () => {
      const script = "trap '' TERM; while :; do sleep 0.1; done";
      const running = await start(IMAGE_NAME, "--exec=/bin/sh", "--", "-c", script);
      succeeded(await world().rkt(["stop", "--force", running.uuid]));
      await running.pod.finished;
      const status = succeeded(await world().rkt(["status", running.uuid]));
      expect(status).toContain("state=exited\n");
    });
  });

  describe("rm and gc", () => {
    test("rm removes an exited pod and refuses a running one", async () => {
      const uuid = await exited();
      expect(succeeded(await world().rkt(["rm", uuid]))).toBe(`"${uuid}"\n`);
      expect(world().pods()).not.toContain(uuid);
      const running = await sleeping();
      const denied = await world().rkt(["rm", running.uuid]);
      expect(denied.status).toBe(254);
      expect(denied.stderr).toContain(`pod "${running.uuid}" is currently running`);
      await end(running);
    });

    test("gc marks first, and removes after the grace period", async () => {
      const uuid = await exited();
      const marked = await world().rkt(["gc"]);
      expect(marked.stderr).toContain(`moving pod "${uuid}" to garbage`);
      const list = succeeded(await world().rkt(["list", "--full", "--no-legend"]));
      expect(list).toMatch(new RegExp(`^${uuid}\t.*\texited garbage\t`, "m"));
      const swept = await world().rkt(["gc", "--grace-period=0s"]);
      expect(succeeded(swept)).toContain(`Garbage collecting pod "${uuid}"\n`);
      expect(world().pods()).not.toContain(uuid);
    });

    test("gc leaves running pods alone", async () => {
      const running = await sleeping();
      succeeded(await world().rkt(["gc", "--grace-period=0s"]));
      expect(world().pods()).toEqual([running.uuid]);
      await end(running);
    });

    test("gc removes a pod whose supervisor was killed, with all it had", async () => {
      const running = await sleeping();
      await running.pod.signal("KILL");
      await running.pod.finished;
      // The kernel takes a moment to end the pod's other processes.
      const [uuid = ""] = world().pods();
      succeeded(await world().rkt(["status", "--wait=30s", uuid]));
      succeeded(await world().rkt(["gc", "--grace-period=0s"]));
      expect(world().pods()).toEqual([]);
      expect(await world().residue()).toEqual([]);
    });
  });

  test("cat-manifest prints the pod manifest, pretty or not", async () => {
    const uuid = await exited();
    const pretty = succeeded(await world().rkt(["cat-manifest", uuid]));
    expect(pretty).toContain('\t"acKind": "PodManifest",\n');
    const plain = succeeded(await world().rkt(["cat-manifest", "--pretty-print=false", uuid]));
    expect(plain.trim().split("\n")).toHaveLength(1);
    expect(JSON.parse(plain)).toEqual(JSON.parse(pretty));
    expect(JSON.parse(plain)).toMatchObject({ apps: [{ name: "busybox" }] });
  });
});
