import { describe, expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import type { LayerId } from "@rkt/image";
import { runArgv } from "@rkt/stage1/contract";
import { describeFault } from "@shared/base";
import { kernel } from "@shared/linux";
import { layerPath } from "./layers.ts";
import { listPods } from "./list.ts";
import type { Pod } from "./pod-dir.ts";
import { openPod } from "./pod-name.ts";
import type { PrepareRequest } from "./prepare.ts";
import { removePod } from "./remove.ts";
import { podStatus, waitForExit, waitUntilReady } from "./status.ts";
import { stopPod } from "./stop.ts";
import {
  APP,
  appRequest,
  CANNOT_MOUNT,
  type DataDir,
  temporaryDataDir,
  prepareRequest,
  RUN_ARGUMENTS,
  scriptStage1,
  storedImage,
  testHost,
  writeLayers,
} from "./testing.ts";

const ACT = join(import.meta.dir, "testdata", "act-main.ts");
const COLLECT = { debug: false, localConfig: "/etc/rkt" };

/** Starts a process that becomes the pod. */
function start(
  dir: DataDir,
  more: Partial<PrepareRequest> = {},
  env: Record<string, string> = {},
): Bun.Subprocess<"ignore", "pipe", "pipe"> {
  writeLayers(dir.path);
  const task = { act: "run", dataDir: dir.path, request: prepareRequest(dir, more) };
  return Bun.spawn([process.execPath, ACT, JSON.stringify(task)], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
}

/** Runs a pod to its end and opens what is left of it. */
async function runToEnd(
  dir: DataDir,
  more: Partial<PrepareRequest> = {},
): Promise<{ code: number; pod: Pod; stderr: string }> {
  const child = start(dir, more);
  const stderr = await new Response(child.stderr).text();
  const code = await child.exited;
  const [summary] = listPods(testHost(), dir.path);
  if (summary === undefined) throw new Error(stderr);
  return { code, pod: openPod(dir.path, summary.uuid), stderr };
}

function seen(pod: Pod, name: string): string {
  return readFileSync(join(pod.files, name), "utf8");
}

describe.skipIf(CANNOT_MOUNT !== undefined)(`a pod of any stage1 ${CANNOT_MOUNT ?? ""}`, () => {
  test("runs: arguments, lock, layers, exit status", async () => {
    using dir = temporaryDataDir();
    const { code, pod, stderr } = await runToEnd(dir);
    expect([stderr, code]).toEqual(["", 7]);
    const [program, ...argv] = seen(pod, "arguments").trim().split("\n");
    expect(program).toBe(join(dir.path, "pods/run", pod.uuid, "stage1/rootfs/bin/run"));
    expect(argv).toEqual(runArgv({ ...RUN_ARGUMENTS, uuid: pod.uuid }));
    expect(seen(pod, "seen-one")).toBe("from above\nonly below\n");
    const status = podStatus(testHost(), pod);
    expect([status.state, status.ready]).toEqual(["exited", true]);
    expect(status.apps.map(({ name, state, exitCode }) => [name, state, exitCode])).toEqual([
      ["one", "exited", 7],
    ]);
    pod[Symbol.dispose]();
  });

  test("changes its own copy only, and leaves no mount on the host", async () => {
    using dir = temporaryDataDir();
    const { pod } = await runToEnd(dir);
    expect(readFileSync(join(pod.files, "overlay/one/upper/greeting"), "utf8")).toBe("changed\n");
    const [, upper] = storedImage("one").layers;
    expect(readFileSync(join(layerPath(dir.path, upper as LayerId), "greeting"), "utf8")).toBe(
      "from above\n",
    );
    expect(seen(pod, "mountinfo")).toContain("/opt/stage2/one/rootfs");
    expect(readFileSync("/proc/self/mountinfo", "utf8")).not.toContain(pod.uuid);
    pod[Symbol.dispose]();
  });

  test("stacks more layers than a page of plain names would hold", async () => {
    using dir = temporaryDataDir();
    const layers = Array.from(
      { length: 90 },
      (_, i): LayerId => `sha256-${String(i).padStart(64, "0")}`,
    );
    for (const [i, layer] of layers.entries()) {
      mkdirSync(layerPath(dir.path, layer), { recursive: true });
      writeFileSync(join(layerPath(dir.path, layer), "greeting"), `layer ${i}\n`);
    }
    writeFileSync(join(layerPath(dir.path, layers[0] as LayerId), "lower"), "bottom\n");
    const image = { ...storedImage("deep", APP), layers };
    const { pod, stderr } = await runToEnd(dir, { apps: [appRequest("deep", { image })] });
    expect(stderr).toBe("");
    expect(seen(pod, "seen-deep")).toBe("layer 89\nbottom\n");
    pod[Symbol.dispose]();
  });

  test("runs in the process that was started, is seen running, and is told to stop", async () => {
    using dir = temporaryDataDir();
    const pipe = join(dir.path, "pipe");
    execFileSync("mkfifo", [pipe]);
    const apps = [appRequest("one"), appRequest("two")];
    const child = start(dir, { apps }, { STAGE1_WAIT: pipe });
    const host = testHost();
    while (listPods(host, dir.path)[0]?.state !== "running") await Bun.sleep(5);
    using pod = openPod(dir.path, listPods(host, dir.path)[0]?.uuid ?? "");
    await waitUntilReady(host, pod);
    const status = podStatus(host, pod);
    expect([status.state, status.pid]).toEqual(["running", child.pid]);
    expect(status.apps.map(({ name, state }) => [name, state])).toEqual([
      ["one", "running"],
      ["two", "running"],
    ]);
    expect(() => removePod(host, pod, COLLECT)).toThrow(`pod "${pod.uuid}" is currently running`);
    const patience = await waitForExit(host, pod, { timeoutMs: 1 }).catch(describeFault);
    expect(patience).toBe("context deadline exceeded");
    expect(stopPod(host, pod, { force: true })).toBe("stopped");
    expect(seen(pod, "stopped")).toBe(`--force\n${pod.uuid}\n`);
    writeFileSync(pipe, "\n");
    await waitForExit(host, pod);
    expect(await child.exited).toBe(7);
    expect(stopPod(host, pod, { force: false })).toBe("already-stopped");
    removePod(host, pod, COLLECT);
    expect(listPods(host, dir.path)).toEqual([]);
  });

  test("is entered through stage1", async () => {
    using dir = temporaryDataDir();
    const pipe = join(dir.path, "pipe");
    execFileSync("mkfifo", [pipe]);
    const child = start(dir, {}, { STAGE1_WAIT: pipe });
    const host = testHost();
    while (listPods(host, dir.path)[0]?.state !== "running") await Bun.sleep(5);
    const uuid = listPods(host, dir.path)[0]?.uuid ?? "";
    const task = { act: "enter", dataDir: dir.path, uuid, command: [] };
    const enter = Bun.spawnSync([process.execPath, ACT, JSON.stringify(task)]);
    expect(enter.stderr.toString()).toBe('no command specified, assuming "/bin/bash"\n');
    expect(enter.stdout.toString().split("\n")).toEqual([
      `--pid=${child.pid}`,
      "--appname=one",
      "--",
      "/bin/bash",
      join(dir.path, "pods/run", uuid),
      "",
    ]);
    expect(enter.exitCode).toBe(5);
    writeFileSync(pipe, "\n");
    await child.exited;
    const late = Bun.spawnSync([process.execPath, ACT, JSON.stringify(task)]);
    expect(late.stderr.toString()).toContain(`pod "${uuid}" isn't currently running`);
  });

  test.each(["prepare-embryo", "prepare-locked", "prepare-renamed", "prepare-stage1"])(
    "killed at %s it never looks prepared",
    async (point) => {
      using dir = temporaryDataDir();
      const child = start(dir, {}, { RKT_CRASH_AT: point });
      expect([await child.exited, child.signalCode]).toEqual([137, "SIGKILL"]);
      const states = listPods(testHost(), dir.path).map(({ state, problem }) => [state, problem]);
      const inEmbryo = point === "prepare-embryo" || point === "prepare-locked";
      expect(states).toEqual(inEmbryo ? [] : [["aborted prepare", "invalid creation time"]]);
    },
  );

  test.each(["prepare-manifest", "run-renamed", "run-mounted"])(
    "killed at %s its lock is gone with it",
    async (point) => {
      using dir = temporaryDataDir();
      const child = start(dir, {}, { RKT_CRASH_AT: point });
      expect([await child.exited, child.signalCode]).toEqual([137, "SIGKILL"]);
      const states = listPods(testHost(), dir.path).map(({ state }) => state);
      expect(states).toEqual([point === "prepare-manifest" ? "aborted prepare" : "exited"]);
    },
  );

  test("a data directory on an overlay is told apart from a kernel without one", async () => {
    using dir = temporaryDataDir();
    for (const name of ["lower", "upper", "work", "data"]) mkdirSync(join(dir.path, name));
    const data = join(dir.path, "data");
    const task = { act: "run", dataDir: data, request: prepareRequest({ ...dir, path: data }) };
    const script = `mount -t overlay -o lowerdir=lower,upperdir=upper,workdir=work none data &&
      mkdir -p data/cas && cp -r cas/layers data/cas/ && exec "$@"; exit 1`;
    writeLayers(dir.path);
    const command = ["unshare", "-m", "sh", "-c", script, "sh", process.execPath, ACT];
    const child = Bun.spawnSync([...command, JSON.stringify(task)], { cwd: dir.path });
    expect(child.stderr.toString()).toStartWith('mount the root of app "one": ');
    expect(child.stderr.toString()).toContain("The data directory is itself on an overlay");
    expect(child.exitCode).toBe(254);
    expect(readdirSync(join(dir.path, "upper/pods/run"))).toEqual([]);
    expect(readdirSync(join(dir.path, "upper/pods/garbage"))).toEqual([]);
  });

  test("a stage1 without a run entrypoint is told, and nothing is left", async () => {
    using dir = temporaryDataDir();
    const child = start(dir, { stage1: scriptStage1(["gc"]) });
    expect(await new Response(child.stderr).text()).toContain(
      "start stage1: it has no run entrypoint",
    );
    expect(await child.exited).toBe(254);
    expect(listPods(testHost(), dir.path)).toEqual([]);
  });
});

test("a prepared pod is neither running nor stopped", () => {
  using dir = temporaryDataDir();
  writeLayers(dir.path);
  const host = testHost();
  mkdirSync(join(dir.path, "pods/prepared/01234567-89ab-4def-8123-456789abcdef"), {
    recursive: true,
  });
  using pod = openPod(dir.path, "0123");
  expect(() => stopPod(host, pod, { force: false })).toThrow(`pod "${pod.uuid}" is not running`);
  expect(existsSync(pod.files)).toBe(true);
  expect(kernel.flock(pod.fd, "exclusive", { wait: false })).toBe(true);
});
