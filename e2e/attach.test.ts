/** Attaching to apps: their terminals and streams, several clients, slow ones, and leaving. */
import { afterEach, beforeAll, expect, test } from "bun:test";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { IMAGE_NAME } from "./fixtures/aci.ts";
import { eventually } from "./harness/background.ts";
import { ended, refused, succeeded } from "./harness/expectations.ts";
import { feature } from "./harness/feature.ts";
import {
  CTRL_C,
  CTRL_Z,
  DETACH_KEYS,
  startOnTerminal,
  type TerminalSession,
} from "./harness/terminal.ts";
import { RKT } from "./harness/world.ts";

feature("rkt attach", {}, (world) => {
  beforeAll(async () => {
    await world().store();
  });

  afterEach(async () => {
    await world().rkt(["stop", "--force", ...world().pods()]);
    for (const uuid of world().pods()) await world().rkt(["status", "--wait=20s", uuid]);
    await world().rkt(["gc", "--grace-period=0s"]);
  });

  /** UUID of a pod in the background whose only app runs a shell script. */
  async function detached(script: string, before: string[], after: string[] = []): Promise<string> {
    const argv = ["run", "-d", "--net=none", ...before, IMAGE_NAME, ...after];
    const finished = await world().rkt([...argv, "--exec=/bin/sh", "--", "-c", script]);
    return succeeded(finished).trim();
  }

  function rktWords(argv: readonly string[]): string[] {
    const { data, config } = world();
    return [RKT, `--dir=${data}`, `--local-config=${config}`, ...argv];
  }

  const atTerminal = (argv: readonly string[]): TerminalSession =>
    startOnTerminal(world().machine, argv);

  const statusOf = async (uuid: string): Promise<string> =>
    succeeded(await world().rkt(["status", uuid]));

  /** Waits until the app has written this line. */
  async function logged(uuid: string, line: string): Promise<string> {
    return eventually(`the log holds "${line}"`, async () => {
      const text = succeeded(await world().rkt(["logs", uuid]));
      return text.split("\n").includes(line) ? text : undefined;
    });
  }

  const SHELL = "export PS1='app> '; exec /bin/sh -i";

  test.each([
    [["-t"], [], "tty-in\ntty-out\n"],
    [["-i"], [], "stdin\nstdout\nstderr\n"],
    [[], [], "stdout\nstderr\n"],
    [[], ["--stdin=stream", "--stdout=stream", "--stderr=null"], "stdin\nstdout\n"],
    [[], ["--stdin=null", "--stdout=tty", "--stderr=log"], "tty-out\n"],
    [[], ["--stdout=null", "--stderr=null"], ""],
  ] as const)("with %j and %j, --mode=list prints %j", async (before, after, want) => {
    const uuid = await detached("sleep 600", [...before], [...after]);
    expect(succeeded(await world().rkt(["attach", "--mode=list", uuid]))).toBe(want);
  });

  test("a terminal is used, left with ctrl-p ctrl-q, taken again, ends with the app", async () => {
    const uuid = await detached(SHELL, ["-t"]);
    {
      await using person = atTerminal(rktWords(["attach", uuid]));
      person.type("busybox stty size; echo first-$((40 + 2))\r");
      await person.expect(/24 80\s+first-42/);
      person.type(DETACH_KEYS);
      expect(await person.exited).toBe(0);
    }
    expect(await statusOf(uuid)).toContain("state=running\n");
    await using person = atTerminal(rktWords(["attach", "--mode=tty-in,tty-out", uuid]));
    person.type("echo second-$((40 + 2)); exit 7\r");
    await person.expect(/second-42/);
    expect(await person.exited).toBe(7);
    expect(succeeded(await world().rkt(["status", "--wait=20s", uuid]))).toContain("app-busybox=7");
    expect(succeeded(await world().rkt(["logs", uuid]))).toContain("first-42");
  });

  test("other detach keys; the usual ones then go to the app", async () => {
    const script = "busybox stty raw; read _; echo ready; busybox od -An -tx1 -N2; sleep 600";
    const uuid = await detached(script, ["-t"]);
    await using person = atTerminal(rktWords(["attach", "--detach-keys=ctrl-a,d", uuid]));
    person.type("\n");
    await person.expect(/ready/);
    person.type(DETACH_KEYS);
    await person.expect(/10 11/);
    person.type("\x01d");
    expect(await person.exited).toBe(0);
    const wrong = await world().rkt(["attach", "--detach-keys=ctrl-", uuid]);
    expect(refused(wrong)).toContain('"ctrl-" are no detach keys');
  });

  test("the app is told when the size of the terminal changes", async () => {
    const script = "trap 'busybox stty size' WINCH; echo set; while :; do sleep 0.1; done";
    const uuid = await detached(script, ["-t"]);
    await logged(uuid, "set\r");
    await using person = atTerminal(rktWords(["attach", uuid]));
    await person.expect(/24 80/);
    person.resize(133, 43);
    await person.expect(/43 133/);
  });

  test("job control: a program is stopped, goes on, and is interrupted", async () => {
    const uuid = await detached(SHELL, ["-t"]);
    await using person = atTerminal(rktWords(["attach", uuid]));
    person.type("echo ready-$((1 + 1))\r");
    await person.expect(/ready-2/);
    person.type("sleep 500\r");
    await person.expect(/sleep 500\r\n/);
    await eventually("the program is in the foreground", async () => {
      const text = await world().machine.shell("ps -e -o stat=,args=");
      return /\+\s+sleep 500/.test(text) || undefined;
    });
    person.type(CTRL_Z);
    await person.expect(/Stopped[^]*app> /);
    person.type("jobs\r");
    await person.expect(/Stopped\s+sleep 500/);
    person.type("fg\r");
    await person.expect(/sleep 500\r\n/);
    person.type(CTRL_C);
    await person.expect(/app> /);
    person.type("jobs; echo none-$((1 + 2))\r");
    expect((await person.expect(/jobs[^]*none-3/))[0]).not.toContain("Stopped");
  });

  test("the terminal is put back when the client ends, by itself or by a signal", async () => {
    const uuid = await detached(SHELL, ["-t"]);
    const attach = rktWords(["attach", uuid]).join(" ");
    await using person = atTerminal(["sh", "-c", `${attach}; echo left-$?; stty -a; sleep 600`]);
    person.type("echo in-$((1 + 1))\r");
    await person.expect(/in-2/);
    await world().machine.shell("pkill -TERM -f '[/]crun/attach'");
    await person.expect(/left-143/);
    await person.expect(/ icanon [^]* echo /);
    expect(await statusOf(uuid)).toContain("state=running\n");
  });

  test("several clients see and feed one terminal", async () => {
    const uuid = await detached(SHELL, ["-t"]);
    await using one = atTerminal(rktWords(["attach", uuid]));
    await using two = atTerminal(rktWords(["attach", uuid]));
    await using watcher = atTerminal(rktWords(["attach", "--mode=tty-out", uuid]));
    for (const each of [one, two, watcher]) {
      await eventually("it is attached", async () => {
        if (each.shown().includes("app> ")) return true;
        one.type("\r"); // whoever is attached sees the next prompt
        await Bun.sleep(500);
        return undefined;
      });
    }
    one.type("echo from-one-$((1 + 1))\r");
    for (const each of [one, two]) await each.expect(/from-one-2/);
    two.type("echo from-two-$((1 + 1))\r");
    for (const each of [one, two]) await each.expect(/from-two-2/);
    watcher.type("echo not-me\r");
    one.type("echo last-$((1 + 1)); exit 3\r");
    for (const each of [one, two, watcher]) {
      await each.expect(/last-2/);
      expect(await each.exited).toBe(3);
    }
    expect(one.shown()).not.toContain("not-me");
  });

  test("streams: input of several clients in turn, output apart, the app's status", async () => {
    const script = "while read line; do echo got $line; echo err $line >&2; done; exit 5";
    const streams = ["--stdin=stream", "--stdout=stream", "--stderr=stream"];
    const uuid = await detached(script, [], streams);
    const all = world().rkt(["attach", uuid], { input: "" });
    const only = await world().rkt(["attach", "--mode=stdin", uuid], { input: "a\n" });
    expect(succeeded(only)).toBe("");
    await logged(uuid, "got a");
    succeeded(await world().rkt(["attach", "--mode=stdin", uuid], { input: "b\n" }));
    await logged(uuid, "got b");
    succeeded(await world().rkt(["stop", "--force", uuid]));
    const finished = await all;
    expect(ended(finished, 137)).toEndWith("got b\n");
    expect(finished.stderr).toContain("err b\n");
  });

  test("a long input arrives whole though the app reads slowly", async () => {
    const uuid = await detached("sleep 1; head -c 3000000 | wc -c", [], ["--stdin=stream"]);
    const input = "x".repeat(3_000_000);
    const finished = await world().rkt(["attach", uuid], { input });
    expect(succeeded(finished)).toBe("3000000\n");
  });

  test("a client that does not read is cut off; the app and others go on", async () => {
    const lines = "busybox yes 0123456789 | head -n 1000000";
    const script = `until read -t 0.2 go; do echo tick; done; ${lines}; echo over; read end`;
    const uuid = await detached(script, [], ["--stdin=stream", "--stdout=stream"]);
    const [seen, goOn] = ["seen", "go-on"].map((name) => join(world().directory, name));
    const attach = rktWords(["attach", "--mode=stdout", uuid]).join(" ");
    const reader = `read tick; echo $tick >${seen}; until [ -e ${goOn} ]; do sleep 0.1; done; cat`;
    const slow = world().machine.run([
      "bash",
      "-c",
      `set -o pipefail; ${attach} | (${reader}) | wc -c`,
    ]);
    const fast = world().rkt(["attach", "--mode=stdout", uuid]);
    await eventually("both are attached", async () => {
      if (!existsSync(seen ?? "")) return undefined;
      const count = await world().machine.shell(
        "ss -xH state connected | grep -c attach.sock || :",
      );
      return Number(count) >= 2 || undefined;
    });
    succeeded(await world().rkt(["attach", "--mode=stdin", uuid], { input: "go\n" }));
    await eventually("the app has written everything", async () => {
      const tail = await world().rkt(["logs", "--tail=1", uuid]);
      return succeeded(tail) === "over\n" || undefined;
    });
    writeFileSync(goOn ?? "", "");
    const cut = await slow;
    expect(cut.status).toBe(254);
    expect(Number(cut.stdout)).toBeLessThan(4 << 20);
    expect(cut.stderr).toBe(
      "stage1: attach failed: it was cut off: it did not read what the app wrote\n",
    );
    succeeded(await world().rkt(["attach", "--mode=stdin", uuid], { input: "end\n" }));
    const whole = `${"0123456789\n".repeat(1_000_000)}over\n`;
    expect(succeeded(await fast).replace(/^(tick\n)*/, "") === whole).toBe(true);
  });

  test("an app that was added to a running pod", async () => {
    const env = { RKT_EXPERIMENT_APP: "true" };
    const app = async (...argv: string[]): Promise<string> =>
      succeeded(await world().rkt(["app", ...argv], { env }));
    const uuid = (await app("sandbox", "-d", "--net=none", "--log-max-size=4Ki")).trim();
    const streams = ["--stdin=stream", "--stdout=stream"];
    const script = ["--exec=/bin/sh", "--", "-c", "read line; echo got $line; exit 6"];
    await app("add", uuid, IMAGE_NAME, "--name=late", ...streams, ...script);
    await app("start", uuid, "--app=late");
    const finished = await world().rkt(["attach", "--app=late", uuid], { input: "hello\n" });
    expect(ended(finished, 6)).toBe("got hello\n");
  });

  test("what cannot be attached to is said", async () => {
    const uuid = await detached("sleep 600", [], ["--stdout=null", "--stderr=null"]);
    const said = async (...argv: string[]): Promise<string> =>
      refused(await world().rkt(["attach", ...argv]));
    expect(await said(uuid)).toBe('stage1: attach failed: app "busybox" has no endpoints');
    expect(await said("--mode=nose", uuid)).toBe(
      'attach: invalid attach mode: unknown endpoint "nose"',
    );
    expect(await said("--mode=tty-in,stdout", uuid)).toContain(
      'incompatible endpoints "tty-in,stdout", cannot simultaneously attach TTY and streams',
    );
    succeeded(await world().rkt(["stop", "--force", uuid]));
    succeeded(await world().rkt(["status", "--wait=20s", uuid]));
    expect(await said(uuid)).toBe(`attach: pod "${uuid}" isn't currently running`);
    const wrong = await world().rkt(["run", "--net=none", IMAGE_NAME, "--stdin=nose"]);
    expect(refused(wrong)).toContain('"nose" is not one of null, interactive, stream, tty');
  });

  test("run -it gives the app this terminal; its status is the command's", async () => {
    const argv = ["run", "--net=none", "-it", IMAGE_NAME, "--exec=/bin/sh", "--", "-c", SHELL];
    await using person = atTerminal(rktWords(argv));
    person.type("busybox stty size\r");
    await person.expect(/24 80/);
    person.resize(101, 31);
    person.type("until busybox stty size | grep '31 101'; do sleep 0.1; done; exit 9\r");
    await person.expect(/\n31 101/);
    expect(await person.exited).toBe(9);
    const noTerminal = await world().rkt(argv);
    expect(refused(noTerminal)).toContain("standard input is not a terminal");
  });

  test("enter gives its program a terminal that follows this one", async () => {
    const uuid = await detached("sleep 600", []);
    await using person = atTerminal(rktWords(["enter", uuid, "/bin/sh"]));
    person.type("busybox stty size\r");
    await person.expect(/24 80/);
    person.resize(101, 31);
    person.type("until busybox stty size | grep '31 101'; do sleep 0.1; done; exit 9\r");
    await person.expect(/\n31 101/);
    expect(await person.exited).toBe(9);
  });

  test("run -t shows what the app writes to its terminal", async () => {
    const finished = await world().script("test -t 1 && echo on a terminal; exit 4", ["-t"]);
    expect(ended(finished, 4)).toBe("on a terminal\r\n");
  });
});
