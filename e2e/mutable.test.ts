/**
 * Pods whose apps come and go: `rkt app sandbox`, `add`, `start`, `stop`, `rm`, `list`, `status`.
 */
import { afterEach, beforeAll, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { IMAGE_NAME } from "./fixtures/aci.ts";
import type { Finished } from "./fixtures/process.ts";
import { eventually } from "./harness/background.ts";
import { ended, refused, succeeded } from "./harness/expectations.ts";
import { feature } from "./harness/feature.ts";

const EXPERIMENT = { env: { RKT_EXPERIMENT_APP: "true" } };

feature("mutable pods", {}, (world) => {
  beforeAll(async () => {
    await world().store();
  });

  afterEach(async () => {
    for (const uuid of world().pods()) await world().rkt(["stop", "--timeout=0", uuid]);
    await world().rkt(["gc", "--grace-period=0s"]);
  });

  const app = (...argv: string[]): Promise<Finished> => world().rkt(["app", ...argv], EXPERIMENT);

  const sandbox = async (...argv: string[]): Promise<string> =>
    succeeded(await app("sandbox", "-d", "--net=none", ...argv)).trim();

  const add = (uuid: string, name: string, script: string, ...flags: string[]) =>
    app("add", uuid, IMAGE_NAME, `--name=${name}`, ...flags, "--exec=/bin/sh", "--", "-c", script);

  const apps = async (uuid: string): Promise<string> =>
    succeeded(await app("list", "--no-legend", uuid));

  const podDirectory = (uuid: string): string => join(world().data, "pods/run", uuid);

  test("the commands are unknown to who does not ask for the experiment", async () => {
    const finished = await world().rkt(["app", "list"]);
    expect(finished.status).toBe(254);
    expect(finished.stderr).toStartWith('Error: unknown command "app" for "rkt"\n');
    expect(finished.stderr).toEndWith("Run 'rkt --help' for usage.\n");
    const off = await world().rkt(["app", "list"], { env: { RKT_EXPERIMENT_APP: "0" } });
    expect(off.stderr).toStartWith('Error: unknown command "app"');
  });

  test("the group has its help, which the list of all commands leaves out", async () => {
    const help = succeeded(await app());
    expect(help).toContain("\tadd\tAdd an app to a pod\n");
    expect(help).toContain("\tsandbox\tCreate an empty pod application sandbox\n");
    expect(succeeded(await world().rkt(["help"], EXPERIMENT))).not.toContain("sandbox");
  });

  test("a sandbox runs without apps, in the foreground too", async () => {
    const file = join(world().directory, "uuid");
    const argv = ["app", "sandbox", "--net=none", `--uuid-file-save=${file}`, "--hostname=box"];
    const pod = await world().start(argv, EXPERIMENT);
    const uuid = await eventually("the UUID is saved", async () =>
      existsSync(file) ? readFileSync(file, "utf8") || undefined : undefined,
    );
    succeeded(await world().rkt(["status", "--wait-ready=true", uuid]));
    const status = succeeded(await world().rkt(["status", uuid]));
    expect(status).toStartWith("state=running\n");
    expect(status).toMatch(/^pid=\d+$/m);
    expect(succeeded(await app("list", uuid))).toBe("NAME\tSTATE\n");
    expect(succeeded(await world().rkt(["list", "--no-legend"]))).toMatch(
      /^[0-9a-f]{8}\t-\t-\trunning/,
    );
    const manifest = JSON.parse(succeeded(await world().rkt(["cat-manifest", uuid]))) as object;
    expect(manifest).toMatchObject({
      apps: [],
      annotations: [{ name: "coreos.com/rkt/stage1/mutable", value: "true" }],
    });
    succeeded(await world().rkt(["stop", uuid]));
    expect((await pod.finished).status).toBe(0);
  });

  test("an app is added, started, stopped, started again and removed", async () => {
    const uuid = await sandbox();
    const script = "echo up; trap 'echo bye; exit 3' TERM; while :; do sleep 0.1; done";
    succeeded(await add(uuid, "web", script, "--environment=A=1", "--user-label=l=v"));
    expect(await apps(uuid)).toBe("web\tcreated\n");
    succeeded(await app("start", uuid, "--app=web"));
    expect(await apps(uuid)).toBe("web\trunning\n");
    const again = await app("start", uuid, "--app=web");
    expect(refused(again)).toBe('start: error starting app: app "web" is already running');
    await eventually("the app has its trap", async () => {
      return succeeded(await world().rkt(["logs", uuid])).includes("up") || undefined;
    });
    succeeded(await app("stop", uuid, "--app=web"));
    expect(await apps(uuid)).toBe("web\texited\n");
    const status = succeeded(await app("status", uuid, "--app=web"));
    expect(status).toMatch(/^name=web\nstate=exited\nimage_id=sha512-[0-9a-f]{64}\ncreated_at=/);
    expect(status).toContain("\nexit_code=3\n");
    expect(status).toContain("\nuser_labels=l:v\n");
    succeeded(await app("start", uuid, "--app=web"));
    expect(await apps(uuid)).toBe("web\trunning\n");
    succeeded(await app("rm", uuid, "--app=web"));
    expect(await apps(uuid)).toBe("");
    for (const left of ["appsinfo/web", "overlay/web", "bundle/web", "logs/web.log"]) {
      expect(existsSync(join(podDirectory(uuid), left)), left).toBe(false);
    }
    expect(succeeded(await world().rkt(["status", uuid]))).toContain("state=running\n");
  });

  test("the pod outlives its apps, whatever their status", async () => {
    const uuid = await sandbox();
    succeeded(await add(uuid, "bad", "exit 9"));
    succeeded(await app("start", uuid, "--app=bad"));
    await eventually("the app has ended", async () => {
      return (await apps(uuid)) === "bad\texited\n" || undefined;
    });
    const json = succeeded(await app("status", uuid, "--app=bad", "--format=json"));
    expect(JSON.parse(json)).toMatchObject({ name: "bad", state: "exited", exit_code: 9 });
    expect(succeeded(await world().rkt(["status", uuid]))).toContain("state=running\n");
  });

  test("apps share the pod: network, names and volumes; each has its own root", async () => {
    const shared = join(world().directory, "shared");
    mkdirSync(shared, { recursive: true });
    writeFileSync(join(shared, "given"), "from the host\n");
    const uuid = await sandbox("--hostname=common");
    const volume = `--mnt-volume=name=data,kind=host,source=${shared},target=/data`;
    succeeded(await add(uuid, "a", "touch /mine; nc -l -p 81 -e cat; sleep 600", volume));
    succeeded(await add(uuid, "b", "sleep 600", volume));
    for (const name of ["a", "b"]) succeeded(await app("start", uuid, `--app=${name}`));
    const inB = async (script: string): Promise<string> =>
      succeeded(await app("exec", "--app=b", uuid, "/bin/sh", "-c", script));
    expect(await inB("hostname; cat /data/given; ls /mine 2>/dev/null || echo own root")).toBe(
      "common\nfrom the host\nown root\n",
    );
    const answer = await eventually("the other app listens", async () => {
      const finished = await app(
        "exec",
        "--app=b",
        uuid,
        "/bin/sh",
        "-c",
        "echo hello | nc -w 2 127.0.0.1 81",
      );
      return finished.stdout || undefined;
    });
    expect(answer).toBe("hello\n");
  });

  test("an app that cannot run is refused, and leaves nothing", async () => {
    const uuid = await sandbox();
    const missing = await app("add", uuid, IMAGE_NAME, "--name=x", "--exec=/no/such");
    expect(refused(missing)).toBe(
      'add: error adding app to pod: start app "x": ' +
        'can\'t execute "/no/such": no such file or directory',
    );
    expect(await apps(uuid)).toBe("");
    expect(existsSync(join(podDirectory(uuid), "appsinfo/x"))).toBe(false);
    succeeded(await add(uuid, "x", "true"));
    const twice = await add(uuid, "x", "true");
    expect(refused(twice)).toBe("add: error adding app to pod: error: multiple apps with name x");
    expect(await apps(uuid)).toBe("x\tcreated\n");
  });

  test("what is wrong with a call is told in rkt's words", async () => {
    const uuid = await sandbox();
    expect(refused(await app("add"))).toBe("add: must provide the pod UUID and an IMAGEID");
    expect(refused(await app("add", uuid))).toBe("add: must provide the pod UUID and an IMAGEID");
    const two = await app("add", uuid, IMAGE_NAME, IMAGE_NAME);
    expect(refused(two)).toBe("add: must give only one app");
    for (const [verb, purpose] of [
      ["start", "start"],
      ["stop", "stop"],
      ["rm", "remove"],
    ]) {
      expect(refused(await app(verb ?? ""))).toBe(`${verb}: must provide the pod UUID`);
      expect(refused(await app(verb ?? "", uuid))).toBe(
        `${verb}: must provide the app to ${purpose}`,
      );
      expect(refused(await app(verb ?? "", uuid, "--app=ghost"))).toContain(
        'error: nonexistent app "ghost"',
      );
    }
    const unknown = await app("add", uuid, "example.com/none");
    expect(refused(unknown)).toStartWith("add: error finding images: ");
    const usage = await app("list");
    expect(usage.status).toBe(1);
    expect(usage.stdout).toStartWith("NAME:\n\tapp list - List apps for the given pod\n");
    const status = await app("status", uuid, "--app=ghost");
    expect(ended(status, 1)).toBe("");
    expect(status.stderr).toBe('status: cannot find app "ghost" in the pod\n');
  });

  test("an immutable pod stays as it is", async () => {
    const uuid = succeeded(await world().script("sleep 600", ["-d"])).trim();
    expect(refused(await add(uuid, "x", "true"))).toBe(
      "add: error adding app to pod: immutable pod: cannot add application",
    );
    expect(refused(await app("rm", uuid, "--app=busybox"))).toBe(
      "rm: error removing app: immutable pod: cannot remove application",
    );
    expect(refused(await app("start", uuid, "--app=busybox"))).toBe(
      "start: error starting app: immutable pod: cannot start application",
    );
  });

  test("an app that does not end by itself is killed after its time", async () => {
    const uuid = await sandbox();
    succeeded(await add(uuid, "deaf", "trap '' TERM; sleep 64 & wait; sleep 600"));
    succeeded(await app("start", uuid, "--app=deaf"));
    succeeded(await app("stop", uuid, "--app=deaf", "--timeout=100ms"));
    expect(succeeded(await app("status", uuid, "--app=deaf"))).toContain("exit_code=137\n");
    const { stdout } = await world().machine.run(["pgrep", "-f", "^sleep 64"]);
    expect(stdout, "nothing of it runs on").toBe("");
  });

  test("a restart policy holds here as well", async () => {
    const uuid = await sandbox();
    succeeded(await add(uuid, "app", "echo once more", "--restart=always"));
    succeeded(await app("start", uuid, "--app=app"));
    await eventually("it was started a third time", async () => {
      const text = succeeded(await world().rkt(["logs", uuid]));
      return text.split("\n").length > 3 || undefined;
    });
    succeeded(await app("stop", uuid, "--app=app"));
    expect(await apps(uuid)).toBe("app\texited\n");
  });

  test("many callers at once", async () => {
    const uuid = await sandbox();
    const names = Array.from({ length: 8 }, (_, at) => `app-${at}`);
    const added = await Promise.all(names.map((name) => add(uuid, name, "exec sleep 600")));
    added.forEach(succeeded);
    const started = await Promise.all(names.map((name) => app("start", uuid, `--app=${name}`)));
    started.forEach(succeeded);
    expect(
      (await apps(uuid)).split("\n").filter((line) => line.endsWith("\trunning")),
    ).toHaveLength(8);
    const same = await Promise.all([1, 2, 3].map(() => app("start", uuid, "--app=app-0")));
    for (const finished of same) expect(refused(finished)).toContain("is already running");
    const verbs = names.map((name, at) => app(at % 2 === 0 ? "rm" : "stop", uuid, `--app=${name}`));
    (await Promise.all(verbs)).forEach(succeeded);
    expect((await apps(uuid)).split("\n").sort()).toEqual([
      "",
      ...[1, 3, 5, 7].map((at) => `app-${at}\texited`),
    ]);
  });

  test("a caller who speaks nonsense is told, and disturbs nobody", async () => {
    const uuid = await sandbox();
    const pid = readFileSync(join(podDirectory(uuid), "ppid"), "utf8").trim();
    const script = `process.chdir(process.argv[1]);
      const socket = { open: (s) => s.write(process.argv[2] + "\\n"),
        data: (_, bytes) => process.stdout.write(bytes), close: () => process.exit(0) };
      await Bun.connect({ unix: "control", socket });`;
    for (const text of [
      "nonsense",
      "{}",
      '{"do":"fly","app":"x"}',
      '{"do":"start"}',
      "x".repeat(70_000),
    ]) {
      const argv = [process.execPath, "-e", script, podDirectory(uuid), text];
      const { stdout, stderr } = await world().machine.run(argv);
      expect(stdout, stderr).toContain("it is no word of the control");
    }
    expect(readFileSync(join(podDirectory(uuid), "ppid"), "utf8").trim()).toBe(pid);
    expect(succeeded(await world().rkt(["status", uuid]))).toContain("state=running\n");
  });

  test("what a killed supervisor leaves is seen and collected", async () => {
    const uuid = await sandbox();
    succeeded(await add(uuid, "app", "exec sleep 600"));
    succeeded(await app("start", uuid, "--app=app"));
    const pid = readFileSync(join(podDirectory(uuid), "ppid"), "utf8").trim();
    await world().machine.shell(`kill -KILL ${pid}`);
    succeeded(await world().rkt(["status", "--wait=30s", uuid]));
    expect(await apps(uuid)).toBe("app\texited\n");
    expect(refused(await app("start", uuid, "--app=app"))).toContain("isn't currently running");
    succeeded(await app("rm", uuid, "--app=app"));
    expect(await apps(uuid)).toBe("");
    expect(await world().residue()).toEqual([]);
  });
});
