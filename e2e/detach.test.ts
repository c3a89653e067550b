/** Pods in the background, and pods that have names. */
import { afterEach, beforeAll, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { IMAGE_NAME } from "./fixtures/aci.ts";
import { eventually } from "./harness/background.ts";
import { ended, refused, succeeded } from "./harness/expectations.ts";
import { feature } from "./harness/feature.ts";

feature("detached pods", {}, (world) => {
  beforeAll(async () => {
    await world().store();
  });

  /** A test that fails in the middle must not spoil the next. */
  afterEach(async () => {
    await world().rkt(["stop", "--force", ...world().pods()]);
    for (const uuid of world().pods()) await world().rkt(["status", "--wait=20s", uuid]);
    await world().rkt(["gc", "--grace-period=0s"]);
  });

  /** UUID of a pod in the background; words before the image, then the script. */
  async function detached(script: string, ...argv: string[]): Promise<string> {
    const finished = await world().script(script, ["-d", ...argv]);
    expect(finished.stdout).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\n$/);
    return succeeded(finished).trim();
  }

  const status = async (uuid: string): Promise<string> =>
    succeeded(await world().rkt(["status", uuid]));

  test("-d prints the UUID of a pod that runs and is ready", async () => {
    const uuid = await detached("echo begun; sleep 600");
    expect(await status(uuid)).toContain("state=running\n");
    succeeded(await world().rkt(["status", "--wait-ready=false", uuid]));
    const session = "cut -d' ' -f1,6 /proc/$(cat ppid)/stat";
    const inPod = `cd ${join(world().data, "pods/run", uuid)}; ${session}`;
    const [pid, leader] = (await world().machine.shell(inPod)).trim().split(" ");
    expect(leader).toBe(pid);
  });

  test("what the apps write is in their logs; a follower sees it to the end", async () => {
    const uuid = await detached("for i in 1 2 3 4 5; do echo line $i; sleep 0.1; done; exit 4");
    const followed = await world().rkt(["logs", "-f", uuid]);
    expect(succeeded(followed)).toBe("line 1\nline 2\nline 3\nline 4\nline 5\n");
    const text = succeeded(await world().rkt(["status", "--wait=20s", uuid]));
    expect(text).toContain("state=exited\n");
    expect(text).toContain("app-busybox=4\n");
  });

  test("what the supervisor said is kept, and shown to who asks for it", async () => {
    const uuid = await detached("echo of the app; sleep 600");
    const said = succeeded(await world().rkt(["logs", "--supervisor", uuid]));
    expect(said).toBe("networking: networking namespace with loopback only\n");
  });

  test("a prepared pod runs in the background as well", async () => {
    const argv = ["prepare", IMAGE_NAME, "--exec=/bin/sh", "--", "-c", "hostname; sleep 600"];
    const uuid = succeeded(await world().rkt(argv)).trim();
    const start = ["run-prepared", "--detach", "--net=none", "--hostname=behind", uuid];
    expect(succeeded(await world().rkt(start))).toBe(`${uuid}\n`);
    await eventually("the app says its host name", async () => {
      const text = succeeded(await world().rkt(["logs", uuid]));
      return text === "behind\n" || undefined;
    });
    succeeded(await world().rkt(["stop", "--force", uuid]));
    succeeded(await world().rkt(["status", "--wait=20s", uuid]));
  });

  test("a pod that cannot start is told, with the status, and is given back", async () => {
    const failed = await world().rkt(["run", "-d", "--net=none", IMAGE_NAME, "--exec=/no/such"]);
    expect(refused(failed)).toContain('"/no/such"');
    const net = await world().rkt(["run", "-d", "--net=nothing", IMAGE_NAME]);
    expect(ended(net, 254)).toBe("");
    expect(net.stderr).toContain("nothing");
    succeeded(await world().rkt(["gc", "--grace-period=0s"]));
    expect(world().pods()).toEqual([]);
  });

  test("with --interactive the app waits for somebody who attaches", async () => {
    const uuid = await detached("read line; echo got $line; sleep 600", "--interactive");
    succeeded(await world().rkt(["attach", "--mode=stdin", uuid], { input: "hello\n" }));
    await eventually("the app has read it", async () => {
      return succeeded(await world().rkt(["logs", uuid])) === "got hello\n" || undefined;
    });
    const prepared = succeeded(await world().rkt(["prepare", IMAGE_NAME])).trim();
    const finished = await world().rkt(["run-prepared", "-d", "--interactive", prepared]);
    expect(refused(finished)).toBe("run-prepared: --interactive does not go with --detach");
    succeeded(await world().rkt(["rm", prepared]));
  });

  test("many at once all run", async () => {
    const uuids = await Promise.all(Array.from({ length: 10 }, () => detached("sleep 600")));
    expect(new Set(uuids).size).toBe(10);
    for (const uuid of uuids) expect(await status(uuid)).toContain("state=running\n");
    succeeded(await world().rkt(["stop", "--force", ...uuids]));
  });

  test("a name stands wherever a UUID may", async () => {
    const uuid = await detached("echo said; sleep 600", "--pod-name=web");
    expect(await status("web")).toStartWith("state=running\nname=web\n");
    const list = succeeded(await world().rkt(["list", "--format=json"]));
    expect(JSON.parse(list)).toMatchObject([{ name: uuid, pod_name: "web" }]);
    expect(succeeded(await world().rkt(["enter", "web", "/bin/echo", "in"]))).toBe("in\n");
    expect(succeeded(await world().rkt(["logs", "web"]))).toBe("said\n");
    expect(succeeded(await world().rkt(["cat-manifest", "web"]))).toContain('"web"');
    expect(succeeded(await world().rkt(["stop", "--force", "web"]))).toBe(`"${uuid}"\n`);
    succeeded(await world().rkt(["status", "--wait=20s", "web"]));
    expect(succeeded(await world().rkt(["rm", "web"]))).toBe(`"${uuid}"\n`);
    const gone = await world().rkt(["status", "web"]);
    expect(refused(gone)).toBe('status: problem retrieving pod: no matches found for "web"');
  });

  test("a name belongs to one living pod, and to the last one after that", async () => {
    const first = await detached("sleep 600", "--pod-name=db");
    const taken = await world().script("true", ["--pod-name=db"]);
    expect(refused(taken)).toBe(
      `run: error setting up stage0: the name "db" belongs to pod "${first}"`,
    );
    succeeded(await world().rkt(["stop", "--force", "db"]));
    succeeded(await world().rkt(["status", "--wait=20s", first]));
    const second = await detached("sleep 600", "--pod-name=db");
    expect(succeeded(await world().rkt(["cat-manifest", "db"]))).toBe(
      succeeded(await world().rkt(["cat-manifest", second])),
    );
    expect(await status("db")).toContain("state=running\n");
    expect(await status(first)).toContain("state=exited\n");
  });

  test("of many that want a name at once, one gets it", async () => {
    const wishes = Array.from({ length: 6 }, () =>
      world().script("sleep 600", ["-d", "--pod-name=only"]),
    );
    const statuses = (await Promise.all(wishes)).map((finished) => finished.status);
    expect(statuses.sort((a, b) => (a ?? 0) - (b ?? 0))).toEqual([0, 254, 254, 254, 254, 254]);
  });

  test("what cannot be a name is refused", async () => {
    for (const name of ["No", "a_b", "deadbeef"]) {
      const finished = await world().script("true", [`--pod-name=${name}`]);
      expect(finished.status).toBe(254);
      expect(finished.stderr).toContain(name);
    }
  });

  test("--uuid-file-save is written, and read by the commands that take it", async () => {
    const file = join(world().directory, "uuid");
    const uuid = await detached("sleep 600", `--uuid-file-save=${file}`);
    expect(readFileSync(file, "utf8")).toBe(uuid);
    const from = `--uuid-file=${file}`;
    expect(succeeded(await world().rkt(["status", from]))).toContain("state=running\n");
    expect(succeeded(await world().rkt(["cat-manifest", from]))).toContain("PodManifest");
    expect(succeeded(await world().rkt(["stop", "--force", from]))).toBe(`"${uuid}"\n`);
    succeeded(await world().rkt(["status", "--wait=20s", from]));
    expect(succeeded(await world().rkt(["rm", from]))).toBe(`"${uuid}"\n`);
  });
});
