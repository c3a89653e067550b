/** How apps begin, in which order, how often, and what their ends mean for the pod. */
import { beforeAll, beforeEach, expect, test } from "bun:test";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { IMAGE_NAME } from "./fixtures/aci.ts";
import type { Finished } from "./fixtures/process.ts";
import { eventually } from "./harness/background.ts";
import { ended, refused, succeeded } from "./harness/expectations.ts";
import { feature } from "./harness/feature.ts";

feature("the life of apps", {}, (world) => {
  let shared = "";

  beforeAll(async () => {
    await world().store();
  });

  beforeEach(async () => {
    await world().rkt(["gc", "--grace-period=0s"]);
    shared = join(world().directory, "shared");
    rmSync(shared, { recursive: true, force: true });
    mkdirSync(shared);
  });

  interface AppWords {
    readonly name: string;
    readonly flags?: readonly string[];
    readonly script: string;
  }

  /** A pod of several apps that share a directory at /shared. */
  function argvOf(apps: readonly AppWords[], ...pod: string[]): string[] {
    const volume = `--volume=shared,kind=host,source=${shared}`;
    const words = apps.flatMap(({ name, flags = [], script }) => [
      IMAGE_NAME,
      `--name=${name}`,
      ...flags,
      "--exec=/bin/sh",
      "--",
      "-c",
      script,
      "---",
    ]);
    const mount = "--mount=volume=shared,target=/shared";
    return ["run", "--net=none", ...pod, volume, mount, ...words];
  }

  const run = (...apps: AppWords[]): Promise<Finished> => world().rkt(argvOf(apps));

  const order = (): string[] => readFileSync(join(shared, "order"), "utf8").trimEnd().split("\n");

  const note = (word: string): string => `echo ${word} >> /shared/order`;

  test("init apps run to their ends, one after the other, before the others start", async () => {
    const finished = await run(
      { name: "main", script: note("main") },
      { name: "one", flags: ["--init-app"], script: `sleep 0.2; ${note("one")}` },
      { name: "two", flags: ["--init-app=true"], script: `sleep 0.1; ${note("two")}` },
    );
    succeeded(finished);
    expect(order()).toEqual(["one", "two", "main"]);
  });

  test("an init app that fails ends the pod; the others were never started", async () => {
    const finished = await run(
      { name: "first", flags: ["--init-app"], script: "exit 9" },
      { name: "main", script: note("main") },
    );
    ended(finished, 9);
    expect(() => order()).toThrow("ENOENT");
    const [uuid = ""] = world().pods();
    const status = succeeded(await world().rkt(["status", uuid]));
    expect(status).toContain("app-first=9\n");
    expect(status).not.toContain("app-main");
    succeeded(await world().rkt(["rm", uuid]));
  });

  test("an init app may be tried again", async () => {
    const finished = await run(
      {
        name: "first",
        flags: ["--init-app", "--restart=on-failure"],
        script: `${note("try")}; [ $(wc -l < /shared/order) -eq 3 ]`,
      },
      { name: "main", script: note("main") },
    );
    succeeded(finished);
    expect(order()).toEqual(["try", "try", "try", "main"]);
  });

  test("an app that starts after another finds it running", async () => {
    const finished = await run(
      {
        name: "web",
        flags: ["--start-after=db"],
        script: `ps | grep "the-d[b]" && ${note("web")}; exit 5`,
      },
      { name: "db", script: ": the-db; sleep 61; true" },
    );
    ended(finished, 5);
    expect(order()).toEqual(["web"]);
  });

  test("a failure ends the pod, and the status is the app's", async () => {
    const finished = await run(
      { name: "bad", script: "sleep 0.3; exit 7" },
      {
        name: "good",
        script: "trap 'echo told >> /shared/order; exit 0' TERM; while :; do sleep 0.1; done",
      },
    );
    ended(finished, 7);
    expect(order()).toEqual(["told"]);
  });

  test("an app that fails is started again until it ends well", async () => {
    const script = `${note("try")}; [ $(wc -l < /shared/order) -ge 4 ]`;
    succeeded(await run({ name: "app", flags: ["--restart=on-failure"], script }));
    expect(order()).toHaveLength(4);
  });

  test("no more often than told, and then it ends the pod", async () => {
    const flags = ["--restart=on-failure:2"];
    const finished = await run(
      { name: "app", flags, script: `${note("try")}; exit 6` },
      { name: "other", script: "exec sleep 600" },
    );
    ended(finished, 6);
    expect(order()).toEqual(["try", "try", "try"]);
  });

  test("what an app left running does not live on into its next start", async () => {
    const script = `if kill -0 $(cat /shared/left); then ${note("left")}; fi; ${note("try")}
      sleep 62 & echo $! > /shared/left; [ $(wc -l < /shared/order) -ge 3 ]`;
    succeeded(
      await run(
        { name: "app", flags: ["--restart=on-failure"], script },
        { name: "other", script: "while [ $(wc -l < /shared/order) -lt 3 ]; do sleep 0.1; done" },
      ),
    );
    expect(order()).toEqual(["try", "try", "try"]);
  });

  test("one that is always started again goes on until the pod is stopped", async () => {
    const app = { name: "app", flags: ["--restart=always"], script: note("try") };
    const uuid = succeeded(await world().rkt(argvOf([app], "-d"))).trim();
    await eventually("the app was started a third time", async () => {
      return order().length >= 3 || undefined;
    });
    const list = succeeded(await world().rkt(["list", "--no-legend"]));
    expect(list).toContain("\trunning\t");
    succeeded(await world().rkt(["stop", "--timeout=30s", uuid]));
    expect(succeeded(await world().rkt(["status", uuid]))).toContain("state=exited\n");
  });

  test("the policy stands in the pod manifest, and may come from there", async () => {
    const app = {
      name: "app",
      flags: ["--restart=on-failure:1"],
      script: `${note("try")}; exit 3`,
    };
    ended(await run(app), 3);
    const [uuid = ""] = world().pods();
    const manifest = succeeded(await world().rkt(["cat-manifest", uuid]));
    expect(JSON.parse(manifest)).toMatchObject({
      apps: [{ annotations: [{ name: "coreos.com/rkt/restart", value: "on-failure:1" }] }],
    });
    const file = join(world().directory, "pod.json");
    await Bun.write(file, manifest);
    ended(await world().rkt(["run", "--net=none", `--pod-manifest=${file}`]), 3);
    expect(order()).toHaveLength(4);
  });

  test.each([
    [["--restart=sometimes"], '"sometimes" is no restart policy'],
    [["--restart=always:3"], '"always:3" is no restart policy'],
    [["--start-after=ghost"], 'start app "app" after "ghost": the pod has no such app'],
    [["--start-after=app"], '"app" wait for each other'],
    [["--start-after=A_b"], "A_b"],
  ])("%j is refused", async (flags, words) => {
    const finished = await run({ name: "app", flags, script: "true" });
    expect(refused(finished)).toContain(words);
  });

  test("the pod ends when its first process is killed, restarts or not", async () => {
    const app = {
      name: "app",
      flags: ["--restart=always"],
      script: `${note("try")}; exec sleep 600`,
    };
    const uuid = succeeded(await world().rkt(argvOf([app], "-d"))).trim();
    const pid = readFileSync(join(world().data, "pods/run", uuid, "pid"), "utf8").trim();
    await world().machine.shell(`kill -KILL ${pid}`);
    succeeded(await world().rkt(["status", "--wait=30s", uuid]));
    expect(order()).toEqual(["try"]);
    expect(await world().residue()).toEqual([]);
  });

  test("the pod ends when the runtime of its app is killed", async () => {
    const app = { name: "app", script: "exec sleep 63" };
    const uuid = succeeded(await world().rkt(argvOf([app], "-d"))).trim();
    await world().machine.shell("kill -KILL $(pgrep -x crun)");
    succeeded(await world().rkt(["status", "--wait=30s", uuid]));
    expect(await world().residue()).toEqual([]);
  });
});
