import { expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { podPaths } from "@rkt/stage1/contract";
import { systemClock } from "@shared/base";
import { kernel } from "@shared/linux";
import { type GcRequest, gcPods } from "./gc.ts";
import { listPods } from "./list.ts";
import { PHASES } from "./phase.ts";
import { openPodIn, phasePath, tryLock, uuidsIn } from "./pod-dir.ts";
import { openPod } from "./pod-name.ts";
import type { PreparedPod } from "./prepare.ts";
import { removePod } from "./remove.ts";
import {
  CANNOT_MOUNT,
  clockAt,
  type DataDir,
  temporaryDataDir,
  prepared,
  type TestHost,
  testHost,
} from "./testing.ts";

const ACT = join(import.meta.dir, "testdata", "act-main.ts");
const HOUR_MS = 3_600_000;

/** A pod that has run to its end, and whose stage1 has given back all that it had. */
function exited(dir: DataDir): PreparedPod {
  const pod = killed(dir);
  writeFileSync(podPaths.tornDown(pod.path), "");
  return pod;
}

/** A pod whose stage1 ended before it could clean up. */
function killed(dir: DataDir): PreparedPod {
  const pod = prepared(dir);
  kernel.flock(pod.lockFd ?? -1, "unlock", { wait: false });
  return pod;
}

function request(dir: DataDir, more: Partial<GcRequest> = {}): GcRequest {
  return {
    dataDir: dir.path,
    gracePeriodMs: 0,
    expirePreparedMs: 24 * HOUR_MS,
    markOnly: false,
    debug: false,
    localConfig: "/etc/rkt",
    ...more,
  };
}

/** Time as of now and `ms` more; the kernel stamps directories with its own. */
/** Its clock stands still, a second ahead: what is marked meanwhile must not be in its future. */
function hostLater(ms: number, environment: Record<string, string> = {}): TestHost {
  return testHost(clockAt(systemClock.now() + 1000 + ms), {
    PATH: "/usr/bin:/bin",
    ...environment,
  });
}

function podsLeft(dir: DataDir): string[] {
  return PHASES.flatMap((phase) => uuidsIn(dir.path, phase).map((uuid) => `${phase}/${uuid}`));
}

test("an exited pod is marked, kept for its grace, then removed", () => {
  using dir = temporaryDataDir();
  const { uuid } = exited(dir);
  const early = hostLater(0);
  expect(gcPods(early, request(dir, { gracePeriodMs: HOUR_MS / 2 }))).toEqual([]);
  expect(early.warned).toEqual([
    `moving pod "${uuid}" to garbage`,
    `pod "${uuid}" not removed: still within grace period (30m0s)`,
  ]);
  expect(listPods(early, dir.path).map(({ state }) => state)).toEqual(["exited garbage"]);
  const late = hostLater(HOUR_MS);
  expect(gcPods(late, request(dir, { gracePeriodMs: HOUR_MS / 2 }))).toEqual([]);
  expect([late.warned, late.printed]).toEqual([[], [`Garbage collecting pod "${uuid}"`]]);
  expect(podsLeft(dir)).toEqual([]);
});

test("without grace it is marked and removed at once", () => {
  using dir = temporaryDataDir();
  exited(dir);
  expect(gcPods(hostLater(0), request(dir))).toEqual([]);
  expect(podsLeft(dir)).toEqual([]);
});

test("mark-only marks and removes nothing", () => {
  using dir = temporaryDataDir();
  const { uuid } = exited(dir);
  const host = hostLater(HOUR_MS);
  gcPods(host, request(dir, { markOnly: true }));
  expect([host.warned, host.printed]).toEqual([[`moving pod "${uuid}" to garbage`], []]);
  expect(podsLeft(dir)).toEqual([`exited-garbage/${uuid}`]);
});

test("a running pod, and one that is being prepared, are not touched", () => {
  using dir = temporaryDataDir();
  const { uuid } = prepared(dir);
  const preparing = "01234567-89ab-4def-8123-456789abcdef";
  mkdirSync(phasePath(dir.path, "prepare", preparing), { recursive: true });
  using owner = openPod(dir.path, preparing);
  tryLock({ kernel }, owner);
  const host = hostLater(HOUR_MS);
  expect(gcPods(host, request(dir))).toEqual([]);
  expect([host.warned, host.printed]).toEqual([[], []]);
  expect(podsLeft(dir)).toEqual([`prepare/${preparing}`, `run/${uuid}`]);
});

test("what crashes left in any phase goes, whatever it holds", () => {
  using dir = temporaryDataDir();
  for (const [i, phase] of (
    ["embryo", "prepare", "exited-garbage", "garbage"] as const
  ).entries()) {
    const path = phasePath(dir.path, phase, `0000000${i}-89ab-4def-8123-456789abcdef`);
    mkdirSync(join(path, "overlay/app/work/work"), { recursive: true });
    writeFileSync(podPaths.tornDown(path), "");
    mkdirSync(join(path, "overlay/app/work/odd"), { mode: 0 });
    writeFileSync(join(path, "pod"), "{");
  }
  const host = hostLater(HOUR_MS);
  expect(gcPods(host, request(dir))).toEqual([]);
  expect(host.printed).toHaveLength(4);
  expect(podsLeft(dir)).toEqual([]);
});

test("a prepared pod expires", () => {
  using dir = temporaryDataDir();
  const { uuid } = prepared(dir, { next: "prepared" });
  gcPods(hostLater(23 * HOUR_MS), request(dir));
  expect(podsLeft(dir)).toEqual([`prepared/${uuid}`]);
  const host = hostLater(25 * HOUR_MS);
  gcPods(host, request(dir));
  expect(host.warned).toEqual([`moving expired prepared pod "${uuid}" to garbage`]);
  expect(podsLeft(dir)).toEqual([]);
});

test("stage1 is asked to give back what it could not give back itself", () => {
  using dir = temporaryDataDir();
  const log = join(dir.path, "log");
  const { uuid } = killed(dir);
  exited(dir); // has nothing to give back: stage1 is not called for it
  expect(gcPods(hostLater(0, { STAGE1_GC_LOG: log }), request(dir))).toEqual([]);
  expect(readFileSync(log, "utf8")).toBe(`given back --local-config=/etc/rkt ${uuid}\n`);
  expect(podsLeft(dir)).toEqual([]);
});

test("a pod whose stage1 fails is kept, the others go, and the next collection succeeds", () => {
  using dir = temporaryDataDir();
  const bad = killed(dir);
  exited(dir);
  writeFileSync(join(bad.path, "refuse-gc"), "");
  const environment = { STAGE1_GC_LOG: join(dir.path, "log") };
  const problems = gcPods(hostLater(0, environment), request(dir));
  expect(problems.map(({ uuid, fault }) => [uuid, fault.message])).toEqual([
    [bad.uuid, "run stage1's gc entrypoint: exit status 1"],
  ]);
  expect(podsLeft(dir)).toEqual([`exited-garbage/${bad.uuid}`]);
  rmSync(phasePath(dir.path, "exited-garbage", join(bad.uuid, "refuse-gc")));
  expect(gcPods(hostLater(0, environment), request(dir))).toEqual([]);
  expect(podsLeft(dir)).toEqual([]);
});

test.each([
  ["gc-marked", 1, "nothing was done yet"],
  ["gc-stage1", 2, "giving back twice is as giving back once"],
  ["gc-partial", 1, "stage1 may already be removed"],
] as const)(
  "killed at %s, the next collection finishes the work: stage1 is called %d times, as %s",
  (point, calls) => {
    using dir = temporaryDataDir();
    killed(dir);
    const log = join(dir.path, "log");
    const task = JSON.stringify({ act: "gc", dataDir: dir.path });
    const env = { ...process.env, RKT_CRASH_AT: point, STAGE1_GC_LOG: log };
    const child = Bun.spawnSync([process.execPath, ACT, task], { env });
    expect(child.signalCode).toBe("SIGKILL");
    expect(podsLeft(dir)).toHaveLength(1);
    expect(gcPods(hostLater(0, { STAGE1_GC_LOG: log }), request(dir))).toEqual([]);
    expect(podsLeft(dir)).toEqual([]);
    expect(readFileSync(log, "utf8").match(/given back/g)).toHaveLength(calls);
  },
);

test("links in a pod are removed, not followed", () => {
  using dir = temporaryDataDir();
  const outside = join(dir.path, "outside");
  mkdirSync(outside);
  writeFileSync(join(outside, "precious"), "");
  const { path } = exited(dir);
  symlinkSync(outside, join(path, "link"));
  symlinkSync(outside, join(path, "overlay/one/upper/link"));
  expect(gcPods(hostLater(0), request(dir))).toEqual([]);
  expect(podsLeft(dir)).toEqual([]);
  expect(existsSync(join(outside, "precious"))).toBe(true);
});

test("a pod removed under the collector's eyes is no problem", () => {
  using dir = temporaryDataDir();
  const { uuid } = exited(dir);
  const host = hostLater(0);
  const racing = {
    ...host,
    warn: (line: string) => {
      host.warn(line);
      using other = openPodIn(dir.path, "run", uuid);
      expect(other && tryLock({ kernel }, other)).toBe(false); // the collector has the lock
    },
  };
  expect(gcPods(racing, request(dir))).toEqual([]);
  expect(host.warned).toHaveLength(1);
});

test.each([
  ["prepared", (line: string) => line.startsWith("moving expired prepared pod")],
  ["run", (line: string) => line === "nothing is said"],
] as const)("rm takes away a pod that lies in %s", (phase, says) => {
  using dir = temporaryDataDir();
  const { uuid } = phase === "run" ? exited(dir) : prepared(dir, { next: "prepared" });
  const host = testHost();
  using pod = openPod(dir.path, uuid);
  removePod(host, pod, { debug: false, localConfig: "/etc/rkt" });
  expect(host.warned.every(says)).toBe(true);
  expect(podsLeft(dir)).toEqual([]);
  expect(() => removePod(host, pod, { debug: false, localConfig: "" })).toThrow("no matches found");
});

test.skipIf(CANNOT_MOUNT !== undefined)(
  "removal never reaches through a mount left in a pod",
  () => {
    using dir = temporaryDataDir();
    const script = join(import.meta.dir, "testdata", "gc-mount-main.ts");
    const { path } = exited(dir);
    const outside = join(dir.path, "outside");
    mkdirSync(outside);
    writeFileSync(join(outside, "precious"), "");
    const target = join(path, "stage1/rootfs/a b");
    mkdirSync(target);
    const command = ["unshare", "-m", process.execPath, script, dir.path, outside, target];
    const child = Bun.spawnSync(command, { stderr: "pipe" });
    expect([child.stderr.toString(), child.exitCode]).toEqual(["", 0]);
    expect(podsLeft(dir)).toEqual([]);
    expect(existsSync(join(outside, "precious"))).toBe(true);
  },
);

test("what a straggler of a pod that is gone made again goes too", () => {
  using dir = temporaryDataDir();
  const uuid = "00000000-0000-4000-8000-000000000001";
  mkdirSync(join(phasePath(dir.path, "run", uuid), "crun"), { recursive: true });
  expect(gcPods(hostLater(0), request(dir))).toEqual([]);
  expect(PHASES.flatMap((phase) => uuidsIn(dir.path, phase))).toEqual([]);
});
