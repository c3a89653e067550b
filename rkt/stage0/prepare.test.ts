import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { parsePodManifest } from "@rkt/spec";
import { bundledStage1 } from "@rkt/stage1/bundled";
import { podPaths } from "@rkt/stage1/contract";
import { describeFault, systemClock } from "@shared/base";
import { kernel } from "@shared/linux";
import { randomUuid } from "./create-pod.ts";
import { layerPath } from "./layers.ts";
import { listPods } from "./list.ts";
import { phasePath, stateOfPod, uuidsIn } from "./pod-dir.ts";
import { openPod } from "./pod-name.ts";
import { layersInUse, lockPrepare } from "./prepare-lock.ts";
import { preparePod } from "./prepare.ts";
import { claimPrepared } from "./prepared.ts";
import {
  appRequest,
  temporaryDataDir,
  LOWER,
  prepared,
  prepareRequest,
  testHost,
  UPPER,
} from "./testing.ts";

const PHASES_MADE = ["embryo", "prepare", "prepared", "run", "garbage"] as const;

describe("a pod that runs next", () => {
  test("lies in run with its lock held, and looks running to everybody else", () => {
    using dir = temporaryDataDir();
    const pod = prepared(dir);
    expect(pod.path).toBe(phasePath(dir.path, "run", pod.uuid));
    expect(listPods(testHost(), dir.path).map(({ state }) => state)).toEqual(["running"]);
    using observer = openPod(dir.path, pod.uuid);
    kernel.flock(pod.lockFd ?? -1, "unlock", { wait: false });
    expect(stateOfPod({ kernel }, observer)).toBe("exited");
  });

  test("has all that stage1 is promised", () => {
    using dir = temporaryDataDir();
    const volumes = [{ name: "v", kind: "empty", mode: "1777", uid: 3, gid: 4 }] as const;
    const { path, manifest } = prepared(dir, { volumes });
    expect(parsePodManifest(readFileSync(podPaths.manifest(path), "utf8"))).toEqual(manifest);
    expect(JSON.parse(readFileSync(podPaths.appLayers(path, "one"), "utf8"))).toEqual([
      LOWER,
      UPPER,
    ]);
    for (const made of [
      podPaths.stage1Manifest(path),
      podPaths.appImageManifest(path, "one"),
      podPaths.appRoot(path, "one"),
      podPaths.overlayUpper(path, "one"),
      podPaths.overlayWork(path, "one"),
      join(path, "stage1/rootfs/bin/run"),
      join(path, "pod-created"),
      join(path, "logs"),
    ]) {
      expect(existsSync(made)).toBe(true);
    }
    const volume = statSync(podPaths.sharedVolume(path, "v"));
    expect([volume.mode & 0o7777, volume.uid, volume.gid]).toEqual([0o1777, 3, 4]);
    expect(statSync(path).mode & 0o777).toBe(0o750);
  });

  test("tells its UUID before anything can fail", () => {
    using dir = temporaryDataDir();
    const seen: string[] = [];
    const request = prepareRequest(dir, { onCreated: (uuid) => seen.push(uuid) });
    expect(() => preparePod(testHost(), request)).toThrow("lacks its layer");
    expect(seen).toHaveLength(1);
  });
});

test("the manifest on disk is byte for byte what rkt would write", () => {
  using dir = temporaryDataDir();
  const { path } = prepared(dir);
  expect(readFileSync(podPaths.manifest(path), "utf8")).toBe(
    '{"acVersion":"0.8.11","acKind":"PodManifest","apps":[{"name":"one","image":{' +
      `"name":"example.com/one","id":"sha512-${"1".repeat(64)}",` +
      '"labels":[{"name":"version","value":"1.0"}]},' +
      '"app":{"exec":["/bin/true"],"user":"0","group":"0"}}],' +
      '"volumes":null,"isolators":null,' +
      '"annotations":[{"name":"coreos.com/rkt/stage1/mutable","value":"false"}],"ports":[]}',
  );
});

describe("a pod that runs later", () => {
  test("lies in prepared, unlocked, and is claimed once", async () => {
    using dir = temporaryDataDir();
    const { uuid, lockFd } = prepared(dir, {
      next: "prepared",
      stage1: bundledStage1("crun", "0.1.0"),
    });
    expect(lockFd).toBeUndefined();
    expect(listPods(testHost(), dir.path).map(({ state }) => state)).toEqual(["prepared"]);
    const host = testHost({ ...systemClock, sleep: () => Promise.resolve() });
    const claimed = await claimPrepared(host, openPod(dir.path, uuid));
    expect(claimed.path).toBe(phasePath(dir.path, "run", uuid));
    expect(claimed.manifest.apps.map(({ name }) => name)).toEqual(["one"]);
    expect(claimed.stage1).toEqual(bundledStage1("crun", "0.1.0").manifest);
    using again = openPod(dir.path, uuid);
    const second = await claimPrepared(host, again).catch(describeFault);
    expect(second).toBe(`pod "${uuid}" is not prepared`);
    expect(listPods(testHost(), dir.path).map(({ state }) => state)).toEqual(["running"]);
  });
});

test("a wrong request makes nothing at all", () => {
  using dir = temporaryDataDir();
  const apps = [appRequest("base"), appRequest("base")];
  expect(() => prepared(dir, { apps })).toThrow("multiple apps with name base");
  expect(existsSync(join(dir.path, "pods"))).toBe(false);
});

test("a failure in the middle leaves no pod behind", () => {
  using dir = temporaryDataDir();
  const stage1 = {
    ...prepareRequest(dir).stage1,
    entries: [{ kind: "directory", path: "no/parent" }] as const,
  };
  expect(() => prepared(dir, { stage1 })).toThrow();
  for (const phase of PHASES_MADE) expect(uuidsIn(dir.path, phase)).toEqual([]);
});

test("a layer that was removed meanwhile is noticed under the lock", () => {
  using dir = temporaryDataDir();
  prepared(dir);
  rmSync(layerPath(dir.path, UPPER), { recursive: true });
  expect(() => preparePod(testHost(), prepareRequest(dir))).toThrow(`lacks its layer ${UPPER}`);
});

test("layers in use are those of pods in every phase", () => {
  using dir = temporaryDataDir();
  expect(layersInUse(dir.path)).toEqual(new Set());
  prepared(dir, { next: "prepared" });
  expect(layersInUse(dir.path)).toEqual(new Set([LOWER, UPPER]));
});

test("while an image is removed no pod is prepared", () => {
  using dir = temporaryDataDir();
  {
    using _removal = lockPrepare({ kernel }, dir.path, "exclusive");
    const waiting = { ...kernel, flock: refuseWaiting() };
    const host = { ...testHost(), kernel: waiting };
    expect(() => preparePod(host, prepareRequest(dir))).toThrow("would wait");
  }
  expect(prepared(dir).manifest.apps).toHaveLength(1);
});

/** flock that says so where it would have to wait; one process cannot wait for itself. */
function refuseWaiting(): typeof kernel.flock {
  return (fd, kind, { wait }) => {
    const got = kernel.flock(fd, kind, { wait: false });
    if (!got && wait) throw new Error("would wait");
    return got;
  };
}

test("UUIDs are of version 4 whatever the dice say", () => {
  expect(randomUuid(() => 0)).toBe("00000000-0000-4000-8000-000000000000");
  expect(randomUuid(() => 0.999)).toBe("ffffffff-ffff-4fff-bfff-ffffffffffff");
});
