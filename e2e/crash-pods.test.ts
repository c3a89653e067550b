/**
 * SIGKILL at every named instant in the life of a pod: of prepare, run, app changes, stop, rm, gc,
 * detach and export. The next commands tell the truth, the same command works again, and `rkt gc`
 * leaves nothing of it on the machine.
 */
import { afterEach, beforeAll, expect, test } from "bun:test";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { IMAGE_NAME } from "./fixtures/aci.ts";
import type { Finished } from "./fixtures/process.ts";
import { eventually } from "./harness/background.ts";
import { succeeded } from "./harness/expectations.ts";
import { feature } from "./harness/feature.ts";

const PLUGINS = existsSync("/usr/lib/cni/ptp")
  ? undefined
  : "it needs the CNI plugins (Debian: containernetworking-plugins)";

const SOURCE = join(import.meta.dir, "../shared/base/crash-point.ts");
const POINTS = [...readFileSync(SOURCE, "utf8").matchAll(/^ {2}"([a-z0-9-]+)",/gm)]
  .map(([, name = ""]) => name)
  .filter((name) => !/^(fetch|image)-/.test(name));

/** Points of the supervisor of a detached pod, met when it is told to do something. */
const TOLD = ["stage1-stopping"];
/** Points of the supervisor of a mutable pod. */
const OF_SANDBOX = ["stage1-control", "stage1-app-stopping", "stage1-app-removed"];
const ON_REMOVAL = ["app-forgotten", "app-unlisted", "app-unmounted", "app-partial"];

/** Points of stage1's gc entrypoint. */
const IN_ENTRYPOINT = ["gc-cgroups", "gc-networks"];

const EXPERIMENT = { RKT_EXPERIMENT_APP: "true" };

test("there are at least 60 points in the life of a pod", () => {
  expect(POINTS.length).toBeGreaterThanOrEqual(60);
});

feature("SIGKILL at", { lacks: PLUGINS }, (world) => {
  beforeAll(async () => {
    const handler = (name: string) => ({ name, exec: ["/bin/true"] });
    await world().store({ app: { eventHandlers: ["pre-start", "post-stop"].map(handler) } });
  });

  afterEach(async () => {
    for (const uuid of world().pods()) await world().rkt(["stop", "--timeout=0", uuid]);
    await world().rkt(["gc", "--grace-period=0s", "--expire-prepared=0s"]);
  });

  const rkt = (argv: readonly string[], at?: string): Promise<Finished> =>
    world().rkt(argv, { env: { ...EXPERIMENT, ...(at !== undefined && { RKT_CRASH_AT: at }) } });

  const app = (name: string, flags: readonly string[], script: string): string[] => [
    IMAGE_NAME,
    `--name=${name}`,
    ...flags,
    ...["--exec=/bin/sh", "--", "-c", script, "---"],
  ];

  /** It meets all that a pod can meet: an init app, event handlers, a restart, a network. */
  const RUN = [
    ...["run", "--pod-name=kept"],
    ...app("first", ["--init-app"], "true"),
    ...app("main", ["--restart=on-failure"], "[ -e /again ] || { touch /again; exit 1; }"),
  ];
  const SLEEP = ["run", "-d", "--pod-name=kept", ...app("main", [], "exec sleep 600")];
  const GC = ["gc", "--grace-period=0s", "--expire-prepared=0s"];

  const killed = ({ signal, status, stderr }: Finished): void => {
    expect(signal, `${stderr}\nstatus ${status}`).toBe("SIGKILL");
  };

  /** UUID of the only pod. */
  const only = (): string => {
    const uuids = world().pods();
    expect(uuids).toHaveLength(1);
    return uuids[0] ?? "";
  };

  const exited = async (uuid: string): Promise<void> => {
    succeeded(await rkt(["status", "--wait=30s", uuid]));
  };

  /** A pod that could not give back its networks. */
  const left = async (): Promise<void> => {
    killed(await rkt(RUN, "stage1-networked"));
  };

  /** Kills at the point, and does again what could not be done. */
  async function crash(point: string): Promise<void> {
    if (point.startsWith("app-")) return await crashOfChange(point);
    if (OF_SANDBOX.includes(point)) return await crashOfSandbox(point);
    if (point.startsWith("detach-")) return await crashOfDetached(point);
    if (point.startsWith("gc-")) {
      await left();
      const collected = await rkt(GC, point);
      if (!IN_ENTRYPOINT.includes(point)) killed(collected);
      else expect(collected.stderr).toContain("gc entrypoint: signal SIGKILL");
      return void succeeded(await rkt(GC));
    }
    if (point.startsWith("rm-")) {
      await left();
      const uuid = only();
      killed(await rkt(["rm", uuid], point));
      return void succeeded(await rkt(["rm", uuid]));
    }
    if (point.startsWith("stop-") || TOLD.includes(point)) return await crashOfStop(point);
    if (point.startsWith("export-")) return await crashOfExport(point);
    if (point === "prepare-prepared" || point === "run-claimed") return await crashPrepared(point);
    killed(await rkt(RUN, point));
    const list = succeeded(await rkt(["list", "--no-legend"]));
    expect(list).not.toContain("\trunning\t");
    succeeded(await rkt(RUN));
  }

  async function crashPrepared(point: string): Promise<void> {
    const prepare = ["prepare", ...RUN.slice(1)];
    if (point === "prepare-prepared") {
      killed(await rkt(prepare, point));
      expect(succeeded(await rkt(["list", "--no-legend"]))).toContain("\tprepared\t");
      return void succeeded(await rkt(["run-prepared", only()]));
    }
    const uuid = succeeded(await rkt(prepare)).trim();
    killed(await rkt(["run-prepared", uuid], point));
    expect(succeeded(await rkt(["status", uuid]))).toContain("state=exited\n");
    succeeded(await rkt(RUN));
  }

  /** Whoever is left of the two goes on, or neither; what is told of the pod is true. */
  async function crashOfDetached(point: string): Promise<void> {
    const finished = await rkt(SLEEP, point);
    if (point === "detach-inherited") expect(finished.status).not.toBe(0);
    else killed(finished);
    const uuid = only();
    if (point === "detach-inherited") return await exited(uuid);
    succeeded(await rkt(["status", "--wait-ready=30s", uuid]));
    expect(succeeded(await rkt(["status", uuid]))).toContain("state=running\n");
    expect(succeeded(await rkt(["enter", uuid, "/bin/echo", "it runs"]))).toBe("it runs\n");
    succeeded(await rkt(["stop", "--timeout=0", uuid]));
    await exited(uuid);
  }

  async function crashOfStop(point: string): Promise<void> {
    const ofSupervisor = TOLD.includes(point);
    const uuid = succeeded(await rkt(SLEEP, ofSupervisor ? point : undefined)).trim();
    const stop = ["stop", "--timeout=0s", uuid];
    if (ofSupervisor) succeeded(await rkt(["stop", uuid]));
    else if (point === "stop-signalled") await rkt(["stop", uuid], point);
    else killed(await rkt(["stop", "--timeout=5s", uuid], point));
    if (point === "stop-told") expect(succeeded(await rkt(["status", uuid]))).toContain("running");
    succeeded(await rkt(stop));
    await exited(uuid);
  }

  async function crashOfExport(point: string): Promise<void> {
    succeeded(await rkt(RUN));
    const uuid = only();
    const file = join(world().directory, "exported.aci");
    rmSync(file, { force: true });
    const command = ["export", "--app=main", uuid, file];
    killed(await rkt(command, point));
    if (point !== "export-complete") expect(existsSync(file), "no half archive").toBe(false);
    rmSync(file, { force: true });
    succeeded(await rkt(command));
    succeeded(await rkt(["--insecure-options=image", "fetch", file]));
    const again = await rkt([
      "run",
      "--net=none",
      file,
      "--insecure-options=image",
      "--exec=/bin/ls",
      "--",
      "/again",
    ]);
    expect(succeeded(again)).toBe("/again\n");
    succeeded(await rkt(["rm", uuid]));
  }

  const sandbox = (at?: string): Promise<Finished> =>
    rkt(["app", "sandbox", "-d", "--net=none"], at);
  const add = (uuid: string, at?: string): Promise<Finished> =>
    rkt(["app", "add", uuid, ...app("one", [], "exec sleep 600").slice(0, -1)], at);
  const change = (verb: string, uuid: string, at?: string): Promise<Finished> =>
    rkt(["app", verb, uuid, "--app=one"], at);

  /** The command that changes a pod is killed: the pod runs on, and the change can be made. */
  async function crashOfChange(point: string): Promise<void> {
    const uuid = succeeded(await sandbox()).trim();
    const list = async (): Promise<string> =>
      succeeded(await rkt(["app", "list", "--no-legend", uuid]));
    if (ON_REMOVAL.includes(point)) {
      succeeded(await add(uuid));
      succeeded(await change("start", uuid));
      killed(await change("rm", uuid, point));
    } else killed(await add(uuid, point));
    const found = await list();
    expect(["", "one\tcreated\n"]).toContain(found);
    if (found !== "") succeeded(await change("rm", uuid));
    expect(await list()).toBe("");
    succeeded(await add(uuid));
    succeeded(await change("start", uuid));
    expect(await list()).toBe("one\trunning\n");
    succeeded(await change("rm", uuid));
    expect(succeeded(await rkt(["status", uuid]))).toContain("state=running\n");
  }

  /** The supervisor is killed: the pod ends with it, and whoever waits for it is told. */
  async function crashOfSandbox(point: string): Promise<void> {
    const started = await sandbox(point);
    if (point === "stage1-control") expect(started.status).not.toBe(0);
    else {
      const uuid = succeeded(started).trim();
      succeeded(await add(uuid));
      succeeded(await change("start", uuid));
      const told = await change(point === "stage1-app-removed" ? "rm" : "stop", uuid);
      expect(told.status).toBe(254);
      expect(told.stderr).toContain("the pod ended before the work was done");
    }
    await exited(only());
    succeeded(await sandbox());
  }

  for (const point of POINTS) {
    test(point, async () => {
      await crash(point);
      for (const uuid of world().pods()) {
        await rkt(["stop", "--timeout=0", uuid]);
        await eventually("the pod has ended", async () => {
          const { stdout } = await rkt(["status", uuid]);
          return stdout.includes("state=running") ? undefined : true;
        });
      }
      succeeded(await rkt(GC));
      expect(world().pods()).toEqual([]);
      expect(await world().residue()).toEqual([]);
    });
  }
});
