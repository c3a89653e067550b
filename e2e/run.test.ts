/** `rkt run`: what the app is given, and what becomes of its end. */
import { beforeAll, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { IMAGE_NAME } from "./fixtures/aci.ts";
import { ended, refused, succeeded } from "./harness/expectations.ts";
import { feature } from "./harness/feature.ts";
import { RKT } from "./harness/world.ts";

feature("rkt run", {}, (world) => {
  beforeAll(async () => {
    await world().store();
  });

  /** A pod of the test image without network; words after it. */
  const run = (...argv: string[]) => world().rkt(["run", "--net=none", IMAGE_NAME, ...argv]);

  test("ends with status 0 when the app does", async () => {
    expect(succeeded(await run("--exec=/bin/echo", "--", "hello"))).toBe("hello\n");
  });

  for (const status of [1, 3, 42, 255]) {
    test(`ends with the app's status ${status}`, async () => {
      ended(await world().script(`exit ${status}`), status);
    });
  }

  test("ends with 128 + its number when a signal ended the app", async () => {
    ended(await world().script("kill -KILL $$"), 128 + 9);
  });

  test("passes standard output and standard error on, apart", async () => {
    const finished = await world().script("echo out; echo err >&2");
    expect(succeeded(finished)).toBe("out\n");
    expect(finished.stderr).toContain("err\n");
  });

  test("runs the image's own command when none is given", async () => {
    await world().store({ name: "example.test/own", exec: ["/bin/echo", "of the image"] });
    const finished = await world().rkt(["run", "--net=none", "example.test/own"]);
    expect(succeeded(finished)).toBe("of the image\n");
  });

  test("arguments after -- are appended to the image's own command", async () => {
    await world().store({ name: "example.test/own", exec: ["/bin/echo", "first"] });
    const finished = await world().rkt(["run", "--net=none", "example.test/own", "--", "a", "b c"]);
    expect(succeeded(finished)).toBe("first a b c\n");
  });

  test("--exec replaces the command; flags after -- are the app's", async () => {
    expect(succeeded(await run("--exec", "/bin/echo", "--", "--net=host", "-x"))).toBe(
      "--net=host -x\n",
    );
  });

  test("--- ends the arguments of one image and begins the next", async () => {
    const finished = await run(
      ...["--name=one", "--exec=/bin/echo", "--", "from one", "---"],
      ...[IMAGE_NAME, "--name=two", "--exec=/bin/echo", "--", "from two"],
    );
    expect(succeeded(finished).split("\n").sort()).toEqual(["", "one: from one", "two: from two"]);
  });

  test("the apps of a pod talk over its loopback", async () => {
    const answer = "printf 'HTTP/1.0 200 OK\\r\\n\\r\\nheard' | nc -l -p 8080";
    const ask = "until wget -q -O - http://127.0.0.1:8080/ 2>/dev/null; do sleep 0.1; done";
    const finished = await run(
      ...["--name=answer", "--exec=/bin/sh", "--", "-c", answer, "---"],
      ...[IMAGE_NAME, "--name=ask", "--exec=/bin/sh", "--", "-c", ask],
    );
    expect(succeeded(finished)).toContain("heard");
  });

  test("when one app fails, its status is the pod's and the others are stopped", async () => {
    const finished = await run(
      ...["--name=long", "--exec=/bin/sleep", "--", "600", "---"],
      ...[IMAGE_NAME, "--name=failing", "--exec=/bin/sh", "--", "-c", "exit 3"],
    );
    ended(finished, 3);
  });

  test("two apps of one name are refused", async () => {
    const line = refused(await run(IMAGE_NAME));
    expect(line).toBe("run: error setting up stage0: error: multiple apps with name busybox");
  });

  test("the environment is the image's, then --set-env, then --environment", async () => {
    await world().store({
      name: "example.test/env",
      app: { environment: ["IMAGE", "POD", "APP"].map((name) => ({ name, value: "image" })) },
    });
    const finished = await world().rkt([
      ...["run", "--net=none", "--set-env=POD=pod", "--set-env=APP=pod", "example.test/env"],
      ...["--environment=APP=app", "--exec=/bin/sh", "--", "-c", "echo $IMAGE $POD $APP"],
    ]);
    expect(succeeded(finished)).toBe("image pod app\n");
  });

  test("the caller's environment does not leak in, unless --inherit-env", async () => {
    const env = { LEAKED: "yes" };
    const script = ["--exec=/bin/sh", "--", "-c", "echo [$LEAKED]"];
    const closed = await world().rkt(["run", "--net=none", IMAGE_NAME, ...script], { env });
    expect(succeeded(closed)).toBe("[]\n");
    const open = ["run", "--net=none", "--inherit-env", IMAGE_NAME, ...script];
    expect(succeeded(await world().rkt(open, { env }))).toBe("[yes]\n");
  });

  test("AC_APP_NAME, HOME, USER and the host name are set", async () => {
    const script = "echo $AC_APP_NAME $HOME $USER; hostname";
    const lines = succeeded(await world().script(script)).split("\n");
    expect(lines[0]).toBe("busybox /root root");
    expect(lines[1]).toMatch(/^rkt-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  });

  const identities: readonly (readonly [string[], string])[] = [
    [[], "0:0"],
    [["--user=1000", "--group=100"], "1000:100"],
    [["--user=alice", "--group=users"], "1000:100"],
    [["--user=/etc/owned-by-alice", "--group=/etc/owned-by-alice"], "1000:100"],
    [["--user=4242", "--group=4343"], "4242:4343"], // not in the image's passwd
  ];
  for (const [flags, identity] of identities) {
    test(`the app runs as ${identity} with [${flags.join(" ")}]`, async () => {
      const finished = await run(...flags, "--exec=/bin/sh", "--", "-c", "echo $(id -u):$(id -g)");
      expect(succeeded(finished)).toBe(`${identity}\n`);
    });
  }

  test("--supplementary-gids are in force", async () => {
    const finished = await run("--supplementary-gids=10,100", "--exec=/bin/id", "--", "-G");
    expect(succeeded(finished).trim().split(" ").sort()).toEqual(["0", "10", "100"]);
  });

  test("a user that the image does not know is refused by name", async () => {
    const finished = await run("--user=nobody-knows", "--exec=/bin/id");
    expect(refused(finished)).toContain('"nobody-knows" user not found');
  });

  test("--working-dir is where the app starts", async () => {
    expect(succeeded(await run("--working-dir=/home/alice", "--exec=/bin/pwd"))).toBe(
      "/home/alice\n",
    );
  });

  test("a program that is not in the image is named", async () => {
    const finished = await run("--exec=/bin/none");
    expect(finished.status).not.toBe(0);
    expect(finished.stderr).toContain("/bin/none");
  });

  test("what an app writes to its root is seen by no later pod", async () => {
    succeeded(await world().script("echo changed >/etc/changed && rm /etc/passwd"));
    expect(succeeded(await world().script("ls /etc/changed /etc/passwd 2>/dev/null || :"))).toBe(
      "/etc/passwd\n",
    );
  });

  test("--readonly-rootfs=true refuses writes", async () => {
    const script = ["--exec=/bin/sh", "--", "-c", "echo x 2>/dev/null >/etc/x || echo refused"];
    expect(succeeded(await run("--readonly-rootfs=true", ...script))).toBe("refused\n");
  });

  test("--uuid-file-save names the pod, --hostname its host", async () => {
    const file = join(world().directory, "uuid");
    const flags = [`--uuid-file-save=${file}`, "--hostname=chosen"];
    const finished = await world().rkt([
      "run",
      "--net=none",
      ...flags,
      IMAGE_NAME,
      "--exec=/bin/hostname",
    ]);
    expect(succeeded(finished)).toBe("chosen\n");
    expect(world().pods()).toContain((await Bun.file(file).text()).trim());
  });

  test("an image from a file is fetched on the way", async () => {
    const finished = await world().rkt([
      ...["run", "--net=none", "--insecure-options=image", join(world().directory, "stored.aci")],
      ...["--name=fresh", "--exec=/bin/echo", "--", "fetched"],
    ]);
    expect(succeeded(finished)).toBe("fetched\n");
  });

  test("--interactive hands standard input to the app", async () => {
    const argv = ["run", "--net=none", "--interactive", IMAGE_NAME, "--exec=/bin/cat"];
    expect(succeeded(await world().rkt(argv, { input: "typed\n" }))).toBe("typed\n");
  });

  test("without --interactive, standard input is empty", async () => {
    const argv = ["run", "--net=none", IMAGE_NAME, "--exec=/bin/cat"];
    expect(succeeded(await world().rkt(argv, { input: "typed\n" }))).toBe("");
  });

  test("--interactive on a terminal gives the app a terminal", async () => {
    const { machine, data, config } = world();
    const argv = [RKT, `--dir=${data}`, `--local-config=${config}`, "run", "--net=none"];
    const command = [...argv, "--interactive", IMAGE_NAME, "--exec=/bin/tty"].join(" ");
    const finished = await machine.run(["script", "-qec", command, "/dev/null"]);
    expect(ended(finished, 0)).toMatch(/\/dev\/(pts\/\d+|console)\r$/m);
  });

  test("all of a long output arrives, in order", async () => {
    const finished = await world().script(
      "i=0; while [ $i -lt 20000 ]; do echo $i; i=$((i+1)); done",
    );
    expect(succeeded(finished)).toBe(Array.from({ length: 20_000 }, (_, n) => `${n}\n`).join(""));
  });

  test("several pods at once", async () => {
    const pods = await Promise.all([1, 2, 3, 4].map((n) => world().script(`echo pod ${n}`)));
    expect(pods.map(succeeded)).toEqual(["pod 1\n", "pod 2\n", "pod 3\n", "pod 4\n"]);
  });

  test("a path that is relative to the current directory", async () => {
    const as = ["env", "-C", world().directory];
    const argv = ["run", "--net=none", "--insecure-options=image", "./stored.aci", "--name=near"];
    const finished = await world().rkt([...argv, "--exec=/bin/echo", "--", "near"], { as });
    expect(succeeded(finished)).toBe("near\n");
  });

  test("SIGTERM to rkt run reaches the app", async () => {
    const script =
      "trap 'echo got TERM; exit 0' TERM; echo ready >/shared/ready; while :; do sleep 0.1; done";
    const shared = join(world().directory, "shared");
    await world().machine.shell(`mkdir -p ${shared}`);
    const pod = await world().start([
      ...["run", "--net=none", `--volume=shared,kind=host,source=${shared}`],
      ...[IMAGE_NAME, "--mount=volume=shared,target=/shared", "--exec=/bin/sh", "--", "-c", script],
    ]);
    await world().machine.shell(`until [ -e ${shared}/ready ]; do sleep 0.05; done`);
    await pod.signal("TERM");
    expect((await pod.finished).stdout).toContain("got TERM");
  });

  test("a script on the host sees the app's status as its own", async () => {
    const script = join(world().directory, "script");
    writeFileSync(script, "echo inside\nexit 7\n");
    const flags = [`--volume=script,kind=host,source=${script},readOnly=true`];
    const finished = await world().rkt([
      ...["run", "--net=none", ...flags, IMAGE_NAME, "--mount=volume=script,target=/script"],
      ...["--exec=/bin/sh", "--", "/script"],
    ]);
    expect(ended(finished, 7)).toBe("inside\n");
  });
});
