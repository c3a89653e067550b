/**
 * The App Container Executor of appc 0.8.11, clause by clause: a test for each, named after it. The
 * apps themselves look at what they were given, as the validator of the specification does.
 *
 * @see appc 0.8.11 ace.md, aci.md and pods.md
 */
import { beforeEach, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { IMAGE_NAME } from "./fixtures/aci.ts";
import type { Finished } from "./fixtures/process.ts";
import type { TarEntry } from "./fixtures/tar.ts";
import { ended, refused, succeeded } from "./harness/expectations.ts";
import { feature } from "./harness/feature.ts";

const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const PLUGINS = existsSync("/usr/lib/cni/ptp")
  ? undefined
  : "it needs CNI plugins (Debian: containernetworking-plugins)";

feature("App Container Executor", { lacks: PLUGINS }, (world) => {
  let shared = "";

  beforeEach(async () => {
    await world().rkt(["gc", "--grace-period=0s"]);
    shared = join(world().directory, "shared");
    rmSync(shared, { recursive: true, force: true });
    mkdirSync(shared);
  });

  const sh = (script: string): readonly string[] => ["/bin/sh", "-c", script];

  /** Stores an image with this app section and runs it as the only app. */
  async function runImage(
    app: Readonly<Record<string, unknown>>,
    options: { readonly more?: readonly TarEntry[]; readonly flags?: readonly string[] } = {},
  ): Promise<Finished> {
    const { more = [], flags = [] } = options;
    await world().store({ app, more });
    const own = flags.filter((flag) => !/^--(net|volume)/.test(flag));
    const pod = flags.filter((flag) => !own.includes(flag));
    return await world().rkt(["run", "--net=none", ...pod, IMAGE_NAME, ...own]);
  }

  /** What the app with this script prints. */
  const say = async (script: string, app = {}, options = {}): Promise<string> =>
    succeeded(await runImage({ exec: sh(script), ...app }, options));

  const sharedVolume = (): string => `--volume=shared,kind=host,source=${shared}`;
  const mountPoint = (path: string): object => ({ mountPoints: [{ name: "shared", path }] });

  test("each pod is assigned an RFC 4122 UUID", async () => {
    await say("true");
    await say("true");
    const uuids = world().pods();
    expect(new Set(uuids).size).toBe(2);
    for (const uuid of uuids) {
      expect(uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    }
  });

  test("each app starts in its own unique file system", async () => {
    await world().store();
    const app = (name: string): string[] => [
      IMAGE_NAME,
      `--name=${name}`,
      ...["--exec=/bin/sh", "--", "-c", `echo ${name} > /only; sleep 0.3; cat /only`, "---"],
    ];
    const finished = await world().rkt(["run", "--net=none", ...app("one"), ...app("two")]);
    expect(succeeded(finished).trim().split("\n").sort()).toEqual(["one: one", "two: two"]);
  });

  test("every execution of an app starts from a clean copy of its file system", async () => {
    const script = "ls /made 2>/dev/null; touch /made; echo done";
    expect(await say(script)).toBe("done\n");
    expect(await say(script)).toBe("done\n");
  });

  test("readOnlyRootFS mounts the root read-only, otherwise it is read-write", async () => {
    const script = "touch /made 2>&1; ls /made 2>&1";
    expect(await say(script)).toBe("/made\n");
    const readOnly = await runImage(
      { exec: sh(`${script}; touch /tmp/x 2>&1; true`) },
      { flags: ["--readonly-rootfs=true"] },
    );
    expect(succeeded(readOnly)).toBe(
      "touch: /made: Read-only file system\nls: /made: No such file or directory\n" +
        "touch: /tmp/x: Read-only file system\n",
    );
  });

  test("volumes are mounted at the mount points of their name", async () => {
    writeFileSync(join(shared, "given"), "from the host\n");
    const options = { flags: [sharedVolume()] };
    expect(await say("cat /data/given; echo back > /data/made", mountPoint("/data"), options)).toBe(
      "from the host\n",
    );
    expect(readFileSync(join(shared, "made"), "utf8")).toBe("back\n");
  });

  test("a mount point that is read-only makes its volume so", async () => {
    const app = { mountPoints: [{ name: "shared", path: "/data", readOnly: true }] };
    const output = await say("touch /data/x 2>&1; true", app, { flags: [sharedVolume()] });
    expect(output).toBe("touch: /data/x: Read-only file system\n");
  });

  test("a target that does not exist is created, as root's, with mode 0755", async () => {
    const script = "stat -c '%U %G %a' /not /not/there";
    const output = await say(script, mountPoint("/not/there/yet"), { flags: [sharedVolume()] });
    expect(output).toBe("root root 755\nroot root 755\n");
  });

  test("what is at the target is obscured", async () => {
    const more = [
      { path: "rootfs/data", kind: "directory" } as const,
      { path: "rootfs/data/hidden", kind: "file", bytes: "x" } as const,
    ];
    writeFileSync(join(shared, "shown"), "");
    const flags = [sharedVolume()];
    expect(await say("ls /data", mountPoint("/data"), { more, flags })).toBe("shown\n");
  });

  test("a missing volume source is an error, and is not created", async () => {
    const source = join(shared, "missing");
    const flags = [`--volume=shared,kind=host,source=${source}`];
    const finished = await runImage({ exec: sh("true"), ...mountPoint("/data") }, { flags });
    expect(refused(finished)).toContain("no such file or directory");
    expect(existsSync(source)).toBe(false);
  });

  test("a mount point without a volume gets an empty one, and the user is told", async () => {
    const app = { exec: sh("echo x > /data/x && cat /data/x"), ...mountPoint("/data") };
    const finished = await runImage(app);
    expect(succeeded(finished)).toBe("x\n");
    expect(finished.stderr).toContain('no volume specified for mount point "shared"');
  });

  test("a pod has a loopback interface and at least one address of layer 3", async () => {
    const output = await say(
      "ip -4 -o addr | awk '{print $2, $4}'",
      {},
      { flags: ["--net=default"] },
    );
    expect(output).toMatch(/^lo 127\.0\.0\.1\/8\neth0 172\.16\.28\.\d+\/24\n$/);
  });

  test("standard output and standard error are captured and persisted", async () => {
    const finished = await runImage({ exec: sh("echo out; echo err >&2") });
    expect(finished).toMatchObject({ status: 0, stdout: "out\n" });
    expect(finished.stderr).toEndWith("err\n");
    const [uuid = ""] = world().pods();
    const logs = await world().rkt(["logs", uuid]);
    expect(logs).toMatchObject({ status: 0, stdout: "out\n", stderr: "err\n" });
  });

  test("PATH, AC_APP_NAME and container are set", async () => {
    const output = await say("echo $PATH; echo $AC_APP_NAME; echo $container");
    expect(output).toBe(`${PATH}\nbusybox\nrkt\n`);
  });

  test("the app's environment wins over the executor's, but not its name", async () => {
    const environment = [
      { name: "PATH", value: "/bin" },
      { name: "AC_APP_NAME", value: "another" },
      { name: "OWN", value: "a b" },
    ];
    const output = await say("echo $PATH; echo $AC_APP_NAME; echo $OWN", { environment });
    expect(output).toBe("/bin\nbusybox\na b\n");
  });

  test("AC_METADATA_URL is not set for a pod that is not registered", async () => {
    expect(await say("echo ${AC_METADATA_URL-none}")).toBe("none\n");
  });

  test("the working directory is the root by default", async () => {
    expect(await say("pwd")).toBe("/\n");
  });

  test("the working directory is the app's workingDirectory", async () => {
    expect(await say("pwd", { workingDirectory: "/home/alice" })).toBe("/home/alice\n");
  });

  test("the user and the group may be names", async () => {
    expect(await say("id -u; id -g", { user: "alice", group: "wheel" })).toBe("1000\n10\n");
  });

  test("the user and the group may be numbers that no file knows", async () => {
    expect(await say("id -u; id -g", { user: "4321", group: "8765" })).toBe("4321\n8765\n");
  });

  test("the user and the group may be paths, whose owners are meant", async () => {
    const path = "/etc/owned-by-alice";
    expect(await say("id -u; id -g", { user: path, group: path })).toBe("1000\n100\n");
  });

  test("a user that the image does not have is an error", async () => {
    const finished = await runImage({ exec: sh("true"), user: "nobody-here" });
    expect(refused(finished)).toContain('"nobody-here" user not found');
  });

  test("supplementary groups are the app's, and none of the host's", async () => {
    const output = await say("id -G", { user: "1000", group: "100", supplementaryGIDs: [7, 8] });
    expect(output).toBe("100 7 8\n");
  });

  test("pre-start runs before the app, and post-stop after it, in its file system", async () => {
    const handlers = {
      eventHandlers: [
        { name: "pre-start", exec: sh("echo prepared > /state; echo pre") },
        { name: "post-stop", exec: sh("cat /state; echo post") },
      ],
    };
    const script = "cat /state; echo main >> /state";
    expect(await say(script, handlers)).toBe("pre\nprepared\nprepared\nmain\npost\n");
    const [uuid = ""] = world().pods();
    expect(succeeded(await world().rkt(["logs", uuid]))).toBe(
      "pre\nprepared\nprepared\nmain\npost\n",
    );
  });

  test("event handlers have the environment and the working directory of the app", async () => {
    const look = sh("echo $(id -u) $PATH $AC_APP_NAME $OWN $(pwd)");
    const app = {
      user: "1000",
      group: "100",
      workingDirectory: "/tmp",
      environment: [{ name: "OWN", value: "own" }],
      eventHandlers: [
        { name: "pre-start", exec: look },
        { name: "post-stop", exec: look },
      ],
    };
    const line = (uid: number): string => `${uid} ${PATH} busybox own /tmp\n`;
    expect(await say("echo $(id -u) $PATH $AC_APP_NAME $OWN $(pwd)", app)).toBe(
      line(0) + line(1000) + line(0),
    );
  });

  test("an app whose pre-start fails is not started", async () => {
    const eventHandlers = [{ name: "pre-start", exec: sh("exit 5") }];
    const finished = await runImage({ exec: sh("echo ran"), eventHandlers });
    expect(ended(finished, 5)).toBe("");
    expect(finished.stderr).toContain('the pre-start handler of app "busybox" ended with status 5');
  });

  test("post-stop runs after an app that was killed, and does not change its status", async () => {
    const eventHandlers = [{ name: "post-stop", exec: sh("echo cleaned up; exit 4") }];
    const finished = await runImage({ exec: sh("kill -KILL $$"), eventHandlers });
    expect(ended(finished, 137)).toBe("cleaned up\n");
  });

  test("post-stop runs when the pod is stopped", async () => {
    await world().store({
      app: {
        exec: sh("echo up; exec sleep 600"),
        eventHandlers: [{ name: "post-stop", exec: sh("echo cleaned up") }],
      },
    });
    const uuid = succeeded(await world().rkt(["run", "-d", "--net=none", IMAGE_NAME])).trim();
    succeeded(await world().rkt(["stop", "--timeout=30s", uuid]));
    expect(succeeded(await world().rkt(["logs", uuid]))).toContain("cleaned up\n");
  });

  test("an isolator that is not understood is not ignored in silence", async () => {
    const isolators = [{ name: "example.test/unheard-of", value: {} }];
    const finished = await world()
      .store({ app: { exec: sh("true"), isolators } })
      .then(
        () => world().rkt(["run", "--net=none", IMAGE_NAME]),
        (error: Error) => ({ status: 254, stderr: error.message }),
      );
    expect(finished.status).toBe(254);
    expect(finished.stderr).toContain("example.test/unheard-of");
  });

  test("isolators are enforced", async () => {
    const isolators = [
      { name: "os/linux/no-new-privileges", value: true },
      { name: "os/linux/oom-score-adj", value: 123 },
      { name: "os/linux/capabilities-retain-set", value: { set: ["CAP_CHOWN", "CAP_KILL"] } },
    ];
    const script = "grep -E 'CapBnd|NoNewPrivs' /proc/self/status; cat /proc/self/oom_score_adj";
    expect(await say(script, { isolators })).toBe(
      "CapBnd:\t0000000000000021\nNoNewPrivs:\t1\n123\n",
    );
  });

  /** Two apps of one pod; the first waits for the other. */
  async function pair(first: string, second: string): Promise<string> {
    await world().store();
    const app = (name: string, script: string): string[] => [
      IMAGE_NAME,
      `--name=${name}`,
      ...["--exec=/bin/sh", "--", "-c", script, "---"],
    ];
    const mount = "--mount=volume=shared,target=/shared";
    const argv = ["run", "--net=none", "--hostname=pod", sharedVolume(), mount];
    const finished = await world().rkt([
      ...argv,
      ...app("main", first),
      ...app("sidekick", second),
    ]);
    return succeeded(finished);
  }

  const NAMESPACES = "for n in net ipc uts; do readlink /proc/self/ns/$n; done > /shared";

  test("the apps of a pod share one network, one IPC and one UTS namespace", async () => {
    await pair(`${NAMESPACES}/main`, `${NAMESPACES}/sidekick`);
    const read = (name: string): string => readFileSync(join(shared, name), "utf8");
    expect(read("main")).toBe(read("sidekick"));
    expect(read("main")).toMatch(/^net:\[\d+\]\nipc:\[\d+\]\nuts:\[\d+\]\n$/);
    for (const [at, kind] of ["net", "ipc", "uts"].entries()) {
      const own = await world().machine.shell(`readlink /proc/self/ns/${kind}`);
      expect(read("main").split("\n")[at], kind).not.toBe(own.trim());
    }
  });

  test("a sidekick reaches the main app over loopback, and they share volumes", async () => {
    const main = "echo ready > /shared/ready; echo hello | nc -l -p 81";
    const sidekick =
      "until [ -e /shared/ready ] && nc -w 2 127.0.0.1 81 > /shared/heard; do sleep 0.1; done";
    await pair(main, sidekick);
    expect(readFileSync(join(shared, "heard"), "utf8")).toBe("hello\n");
  });

  test("the hostname is the pod's for every app", async () => {
    expect((await pair("hostname", "hostname")).trim().split("\n").sort()).toEqual([
      "main: pod",
      "sidekick: pod",
    ]);
  });

  test("failure of one app ends the pod, with its status", async () => {
    await world().store();
    const app = (name: string, script: string): string[] => [
      IMAGE_NAME,
      `--name=${name}`,
      ...["--exec=/bin/sh", "--", "-c", script, "---"],
    ];
    const finished = await world().rkt([
      ...["run", "--net=none"],
      ...app("well", "exec sleep 600"),
      ...app("bad", "exit 42"),
    ]);
    ended(finished, 42);
  });

  test("apps that end well are waited for", async () => {
    await pair("true", "sleep 0.5; echo late > /shared/late");
    expect(readFileSync(join(shared, "late"), "utf8")).toBe("late\n");
  });
});
