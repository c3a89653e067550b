/**
 * `rkt run` as a service: sd_notify and socket activation by their protocols, on any machine; then
 * units of a real systemd, in the guest of `npm run test:vm`.
 */
import { afterEach, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { busyboxRoot } from "./fixtures/busybox.ts";
import { programEntries } from "./fixtures/debian-program.ts";
import { must, run } from "./fixtures/process.ts";
import { type Background, eventually, startInBackground } from "./harness/background.ts";
import { refused, succeeded } from "./harness/expectations.ts";
import { feature } from "./harness/feature.ts";
import { RKT } from "./harness/world.ts";

const PROGRAMS = {
  socat: "socat",
  "systemd-notify": "systemd",
  "systemd-socket-activate": "systemd",
};

const NOTIFY = "appc.io/executor/supports-systemd-notify";
const PLAIN = "example.test/plain";
const TELLING = "example.test/telling";
const LISTENING = "example.test/listening";

/** The unit that runs the tests there. A machine of somebody's gets no units of ours. */
const IN_GUEST = existsSync("/etc/systemd/system/rktnetes-tests.service");

feature("rkt run as a service", { programs: PROGRAMS }, (world) => {
  let running: Background[] = [];

  beforeAll(async () => {
    const programs = ["/usr/bin/systemd-notify", "/usr/bin/systemd-socket-activate"];
    const entries = await Promise.all(programs.map((path) => programEntries(path, path)));
    const inRoot = entries.flat().map((entry) => ({ ...entry, path: `rootfs/${entry.path}` }));
    const there = new Set(busyboxRoot("rootfs/").map(({ path }) => path));
    const all = new Map(inRoot.map((entry) => [entry.path, entry]));
    const more = [...all.values()].filter(({ path }) => !there.has(path));
    await world().store({ name: PLAIN });
    const annotations = [{ name: NOTIFY, value: "true" }];
    await world().store({ name: TELLING, more, manifest: { annotations } });
    const port = { name: "web", protocol: "tcp", port: 80, count: 1, socketActivated: true };
    await world().store({ name: LISTENING, more, app: { ports: [port] } });
  });

  /** A test that fails in the middle must not spoil the next. */
  afterEach(async () => {
    for (const each of running) await each.signal("KILL").catch(() => undefined);
    running = [];
    await world().rkt(["stop", "--force", ...world().pods()]);
    for (const uuid of world().pods()) await world().rkt(["status", "--wait=20s", uuid]);
    await world().rkt(["gc", "--grace-period=0s"]);
  });

  const shell = (image: string, script: string): string[] => [
    image,
    "--exec=/bin/sh",
    "--",
    "-c",
    script,
  ];

  /** A socket such as systemd has, and all that it was told, each message on lines of its own. */
  async function notified(): Promise<{ socket: string; told: () => string }> {
    const socket = join(world().directory, `notify-${crypto.randomUUID()}`);
    const file = `${socket}.told`;
    writeFileSync(file, "");
    const words = ["socat", "-u", `UNIX-RECV:${socket}`, `OPEN:${file},append`];
    running.push(await startInBackground(world().machine, words, { timeoutMs: 80_000 }));
    await eventually("the service manager listens", async () => existsSync(socket) || undefined);
    return { socket, told: () => readFileSync(file, "utf8") };
  }

  async function start(argv: readonly string[], socket: string): Promise<Background> {
    const as = ["env", `NOTIFY_SOCKET=${socket}`];
    const started = await world().start(["run", "--net=none", ...argv], { as });
    running.push(started);
    return started;
  }

  const within = (what: string, probe: () => boolean): Promise<true> =>
    eventually(what, async () => probe() || undefined);

  test("it tells the service manager when all apps run, and when it ends", async () => {
    const { socket, told } = await notified();
    const pod = await start(shell(PLAIN, "env; trap 'exit 0' TERM; sleep 600 & wait"), socket);
    await within("it is ready", () => told().includes("READY=1"));
    expect(told()).toMatch(/^READY=1\nMAINPID=[1-9]\d*\n?$/);
    expect(told()).not.toContain("STOPPING=1");
    await pod.signal("TERM");
    const { stdout } = await pod.finished;
    await within("it is stopping", () => told().includes("STOPPING=1"));
    expect(stdout).not.toContain("NOTIFY_SOCKET");
  });

  test("MAINPID is the process that was started: it became the pod", async () => {
    const { socket, told } = await notified();
    const pod = await start(shell(PLAIN, "sleep 600"), socket);
    await within("it is ready", () => told().includes("MAINPID="));
    const [, pid] = /MAINPID=(\d+)/.exec(told()) ?? [];
    expect(pid).toBe(pod.pid);
  });

  test("an app that says when it is ready is waited for; some of the rest is told", async () => {
    const { socket, told } = await notified();
    const script =
      "systemd-notify --status='warming up'; until test -e /go; do sleep 0.1; done; " +
      "systemd-notify MAINPID=1 FDSTORE=1 WATCHDOG=1 --ready; sleep 600";
    await start(
      ["--uuid-file-save", join(world().directory, "u"), ...shell(TELLING, script)],
      socket,
    );
    await within("its status", () => told().includes("STATUS=warming up"));
    expect(told()).not.toContain("READY=1");
    const uuid = readFileSync(join(world().directory, "u"), "utf8");
    const ready = ["status", "--wait-ready=300ms", uuid];
    expect(refused(await world().rkt(ready))).toContain("error waiting for pod readiness");
    succeeded(await world().rkt(["enter", uuid, "/bin/touch", "/go"]));
    await within("it is ready", () => told().includes("READY=1"));
    expect(told()).toContain("WATCHDOG=1");
    expect(told()).not.toContain("FDSTORE");
    expect(told().match(/MAINPID=/g)).toHaveLength(1);
  });

  test("an app of another user may speak as well", async () => {
    const { socket, told } = await notified();
    const app = [TELLING, "--user=1000", "--group=1000", "--exec=/bin/sh", "--", "-c"];
    await start([...app, "systemd-notify --ready; sleep 600"], socket);
    await within("it is ready", () => told().includes("READY=1"));
  });

  test("a pod with a watchdog shows that it lives", async () => {
    const { socket, told } = await notified();
    const as = ["env", `NOTIFY_SOCKET=${socket}`, "WATCHDOG_USEC=200000"];
    const call = ["run", "--net=none", ...shell(PLAIN, "sleep 600")];
    running.push(await world().start(call, { as }));
    await within("two signs of life", () => (told().match(/WATCHDOG=1/g) ?? []).length > 1);
  });

  /** It looks for its sockets as sd_listen_fds(3) does, and answers with what it gets. */
  const SERVE =
    'echo "$$ $LISTEN_PID $LISTEN_FDS $LISTEN_FDNAMES"; ' +
    "exec systemd-socket-activate --accept --inetd /bin/cat";

  /** Runs the pod when somebody connects; the answer to `text`, and what the pod said. */
  async function activated(port: number, words: readonly string[]): Promise<[string, string]> {
    const as = ["systemd-socket-activate", "-l", String(port), "--fdname=first"];
    const pod = await world().start(["run", ...words], { as });
    running.push(pod);
    const ask = `echo hello | socat -t20 - TCP:127.0.0.1:${port}`;
    const answer = await world().machine.shell(`until ${ask}; do sleep 0.1; done`);
    await pod.signal("TERM");
    return [answer.trim(), (await pod.finished).stdout.trim()];
  }

  test("a socket goes to the app whose port it is; LISTEN_PID is the app's", async () => {
    const app = shell(LISTENING, SERVE);
    const [answer, said] = await activated(80, ["--net=none", ...app]);
    expect(answer).toBe("hello");
    const [pid, listenPid, ...rest] = said.split(" ");
    expect(listenPid).toBe(pid);
    expect(Number(pid)).toBeGreaterThan(1);
    expect(rest).toEqual(["1", "first"]);
  });

  test("the port of the host counts, and is not published a second time", async () => {
    const app = shell(LISTENING, SERVE);
    const [answer] = await activated(8080, ["--net=default", "--port=web:8080", ...app]);
    expect(answer).toBe("hello");
  });

  test("of several apps only the one with the port gets the socket", async () => {
    const other = [PLAIN, "--exec=/bin/sh", "--", "-c", "ls /proc/self/fd; env", "---"];
    const [answer, said] = await activated(80, [
      "--net=none",
      ...other,
      ...shell(LISTENING, SERVE),
    ]);
    expect(answer).toBe("hello");
    expect(said).not.toContain("plain: LISTEN_FDS");
    expect(said).toMatch(/listening: \d+ \d+ 1 first/);
  });

  test("a socket that no app takes is told", async () => {
    const as = ["systemd-socket-activate", "-l", "81"];
    const pod = await world().start(["run", "--net=none", ...shell(PLAIN, "ls /proc/self/fd")], {
      as,
    });
    await world().machine.shell("until socat /dev/null TCP:127.0.0.1:81; do sleep 0.1; done");
    const { stdout, stderr } = await pod.finished;
    expect(stderr).toContain("stage1: warning: no app takes the socket on port 81\n");
    expect(stdout).toBe("0\n1\n2\n3\n"); // the fourth is ls's own
  });

  test("a LISTEN_PID of another process means another process", async () => {
    const as = ["env", "LISTEN_PID=1", "LISTEN_FDS=1"];
    const call = ["run", "--net=none", ...shell(LISTENING, "env; ls /proc/self/fd")];
    const { stdout } = await world().rkt(call, { as });
    expect(stdout).not.toContain("LISTEN_");
  });

  describe.skipIf(!IN_GUEST)("in units of systemd (needs the guest of npm run test:vm)", () => {
    const base = (): string => `${RKT} --dir=${world().data} --local-config=${world().config}`;
    /** Outside of the tests' own machine, where systemd is. */
    const rkt = (words: readonly string[]) => run([...base().split(" "), ...words]);
    const running = async (): Promise<readonly string[]> => {
      const listed = succeeded(await rkt(["list", "--format=json"]));
      const pods: readonly { name: string; state: string }[] = JSON.parse(listed) ?? [];
      return pods.filter(({ state }) => state === "running").map(({ name }) => name);
    };
    const property = async (unit: string, name: string): Promise<string> =>
      (await must(["systemctl", "show", "--value", `--property=${name}`, unit])).trim();
    /** A service whose command is `run` and these words; `$` and `%` are systemd's there. */
    const install = async (name: string, words: string, settings = ""): Promise<void> => {
      const command = words.replaceAll("$", "$$$$").replaceAll("%", "%%");
      const text = `ExecStart=${base()} run --net=none ${command}`;
      writeFileSync(
        `/run/systemd/system/${name}`,
        `[Service]\nType=notify\n${settings}\n${text}\n`,
      );
      await must(["systemctl", "daemon-reload"]);
    };
    /** A test that fails leaves its units behind. */
    afterEach(async () => {
      const units = ["rkt-a.service", "rkt-b.socket", "rkt-b.service", "rkt-c.service"];
      await run(["systemctl", "stop", ...units]);
      await run(["systemctl", "reset-failed", ...units]);
    });
    const cgroupOf = (pid: string): string =>
      /^0::(.*)$/m.exec(readFileSync(`/proc/${pid}/cgroup`, "utf8"))?.[1] ?? "";
    /** It ends with 2 and the number of times that it was asked to. */
    const COUNTING =
      "n=0; trap 'n=$((n+1))' TERM; while test $n = 0; do sleep 0.2; done; sleep 2; exit $((2+n))";
    const counting = `${PLAIN} --exec=/bin/sh -- -c "${COUNTING}"`;

    test.each([
      ["", "not delegated"],
      ["KillMode=mixed", "not delegated"],
      ["KillMode=process", "not delegated"],
      ["Delegate=yes", "delegated"],
      ["Delegate=yes\nKillMode=mixed", "delegated"],
    ])("stop: the app is asked once and ends by itself: %j, %s", async (settings, where) => {
      await install("rkt-a.service", counting, settings);
      await must(["systemctl", "start", "rkt-a.service"]); // returns when it is ready
      expect(await property("rkt-a.service", "ActiveState")).toBe("active");
      const main = await property("rkt-a.service", "MainPID");
      expect(readFileSync(`/proc/${main}/cmdline`, "utf8")).toContain("--net=none");
      const [uuid = ""] = await running();
      const [app = ""] = (await must(["pgrep", "--full", "^/bin/sh -c n=0"])).split("\n");
      const own = "/system.slice/rkt-a.service";
      const isDelegated = where === "delegated";
      expect(cgroupOf(app)).toBe(`${isDelegated ? own : ""}/rkt-${uuid}/plain`);
      expect(cgroupOf(main)).toBe(isDelegated ? `${own}/supervisor` : own);
      const shown = await must(["systemctl", "status", "--full", "rkt-a.service"]);
      expect(/[0-9] \/bin\/sh -c "?n=0/.test(shown), shown).toBe(isDelegated);
      await must(["systemctl", "stop", "rkt-a.service"]);
      expect(await property("rkt-a.service", "ExecMainStatus")).toBe("3");
      expect(await property("rkt-a.service", "ActiveState")).toBe("failed");
      await must(["systemctl", "reset-failed", "rkt-a.service"]);
    });

    test("a delegated unit has the pod: limits, top, stats, enter, stop, gc", async () => {
      const limits = "--pod-memory=300Mi --pod-pids-limit=99";
      const app = `${PLAIN} --memory=100Mi --exec=/bin/sh -- -c "sleep 600 & wait"`;
      await install("rkt-c.service", `${limits} ${app}`, "Delegate=yes\nMemoryMax=500M");
      await must(["systemctl", "start", "rkt-c.service"]);
      const [uuid = ""] = await running();
      const group = `/sys/fs/cgroup/system.slice/rkt-c.service/rkt-${uuid}`;
      const limit = (path: string): string => readFileSync(join(group, path), "utf8").trim();
      expect(limit("../memory.max")).toBe(String(500 << 20));
      expect(limit("memory.max")).toBe(String(300 << 20));
      expect(limit("pids.max")).toBe("99");
      expect(limit("plain/memory.max")).toBe(String(100 << 20));
      expect(succeeded(await rkt(["top", uuid]))).toContain("sleep 600");
      const [usage] = JSON.parse(
        succeeded(await rkt(["stats", "--no-stream", "--format=json", uuid])),
      );
      expect(JSON.stringify(usage)).toContain(String(100 << 20));
      const entered = await rkt(["enter", uuid, "/bin/cat", "/proc/self/cgroup"]);
      expect(succeeded(entered)).toContain("0::/\n"); // of the app's own namespace of groups
      succeeded(await rkt(["stop", "--timeout=20s", uuid]));
      expect(await property("rkt-c.service", "ActiveState")).not.toBe("active");

      await must(["systemctl", "restart", "rkt-c.service"]);
      const main = await property("rkt-c.service", "MainPID");
      process.kill(Number(main), "SIGKILL");
      await eventually("its end", async () => (await running()).length === 0 || undefined);
      succeeded(await rkt(["gc", "--grace-period=0s"]));
      await run(["systemctl", "reset-failed", "rkt-c.service"]);
    });

    test("a unit with other processes in it keeps its own; the pod is beside it", async () => {
      const call = `${base()} run --net=none ${PLAIN} --exec=/bin/cat -- /proc/self/cgroup; true`;
      const words = ["--property=Delegate=yes", "--wait", "--pipe", "--collect", "--quiet"];
      const finished = await run(["systemd-run", ...words, "sh", "-c", call]);
      expect(finished).toMatchObject({ status: 0, stdout: "0::/\n" });
    });

    test("a socket unit starts the pod", async () => {
      await install("rkt-b.service", `${LISTENING} --exec=/bin/sh -- -c '${SERVE}'`);
      const socket = "[Socket]\nListenStream=127.0.0.1:80\nFileDescriptorName=web\n";
      writeFileSync("/run/systemd/system/rkt-b.socket", socket);
      await must(["systemctl", "daemon-reload"]);
      await must(["systemctl", "start", "rkt-b.socket"]);
      const answer = await must(["sh", "-c", "echo hello | socat -t20 - TCP:127.0.0.1:80"]);
      expect(answer).toBe("hello\n");
      await must(["systemctl", "stop", "rkt-b.socket", "rkt-b.service"]);
    });

    test("systemd-run ends with the app's status", async () => {
      const words = ["run", "--net=none", ...shell(PLAIN, "exit 7")];
      const transient = ["systemd-run", "--quiet", "--wait", "--pipe", "--collect"];
      expect((await run([...transient, ...base().split(" "), ...words])).status).toBe(7);
    });
  });
});
