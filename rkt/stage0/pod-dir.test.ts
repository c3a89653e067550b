import { expect, test } from "bun:test";
import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { kernel } from "@shared/linux";
import type { Phase } from "./phase.ts";
import {
  movePod,
  openPodByUuid as openPod,
  openPodIn,
  pathOf,
  phaseOf,
  phasePath,
  stateOfPod,
  tryLock,
  uuidsIn,
} from "./pod-dir.ts";
import { type DataDir, temporaryDataDir } from "./testing.ts";

const HOST = { kernel };
const ONE = "01234567-89ab-4def-8123-456789abcdef";
const TWO = "01239999-89ab-4def-8123-456789abcdef";

function place(dir: DataDir, phase: Phase, uuid: string): string {
  const path = phasePath(dir.path, phase, uuid);
  mkdirSync(path, { recursive: true });
  return path;
}

test("a pod is found by its UUID and by any beginning that means one pod", () => {
  using dir = temporaryDataDir();
  place(dir, "prepared", ONE);
  place(dir, "run", TWO);
  for (const prefix of [ONE, ONE.toUpperCase(), "01234", ONE.slice(0, 35)]) {
    using pod = openPod(dir.path, prefix);
    expect(pod.uuid).toBe(ONE);
  }
});

test("what cannot be found is told in rkt's words", () => {
  using dir = temporaryDataDir();
  place(dir, "run", ONE);
  place(dir, "exited-garbage", TWO);
  mkdirSync(phasePath(dir.path, "run", "no-uuid"));
  for (const [prefix, message] of [
    ["", "UUID cannot be empty"],
    ["0123", "ambiguous uuid, 2 matches"],
    ["9", 'no matches found for "9"'],
    ["no-uuid", 'no matches found for "no-uuid"'],
    ["../run", 'no matches found for "../run"'],
    ["00000000-0000-0000-0000-000000000000", "no matches found for"],
  ] as const) {
    expect(() => openPod(dir.path, prefix)).toThrow(message);
  }
});

test("an empty data directory has no pods", () => {
  using dir = temporaryDataDir();
  expect(uuidsIn(dir.path, "run")).toEqual([]);
});

test("a pod that moves between phases while it is looked for is one match", () => {
  using dir = temporaryDataDir();
  place(dir, "prepare", ONE);
  place(dir, "run", ONE); // as two directory reads around a rename would see it
  using pod = openPod(dir.path, "0123");
  expect(pod.uuid).toBe(ONE);
});

test("the state is where it lies and who holds its lock", () => {
  using dir = temporaryDataDir();
  place(dir, "run", ONE);
  using observer = openPod(dir.path, ONE);
  expect(stateOfPod(HOST, observer)).toBe("exited");
  const owner = openPod(dir.path, ONE);
  expect(tryLock(HOST, owner)).toBe(true);
  expect(stateOfPod(HOST, observer)).toBe("running");
  using other = openPod(dir.path, ONE);
  expect(tryLock(HOST, other)).toBe(false);
  owner[Symbol.dispose]();
  expect(stateOfPod(HOST, observer)).toBe("exited");
  expect(tryLock(HOST, other)).toBe(true);
});

test("two observers do not take each other for an owner", () => {
  using dir = temporaryDataDir();
  place(dir, "run", ONE);
  using first = openPod(dir.path, ONE);
  using second = openPod(dir.path, ONE);
  kernel.flock(first.fd, "shared", { wait: false });
  expect(stateOfPod(HOST, second)).toBe("exited");
});

test("an open pod is followed when it moves, and missed when it is removed", () => {
  using dir = temporaryDataDir();
  const path = place(dir, "prepare", ONE);
  writeFileSync(join(path, "pod"), "text");
  mkdirSync(phasePath(dir.path, "run"));
  using pod = openPod(dir.path, ONE);
  renameSync(path, phasePath(dir.path, "run", ONE));
  expect(phaseOf(pod)).toBe("run");
  expect(pathOf(pod)).toBe(phasePath(dir.path, "run", ONE));
  // Seen in "prepare" without a lock, it must not count as an aborted prepare.
  expect(stateOfPod(HOST, pod, "prepare")).toBe("exited");
  rmSync(phasePath(dir.path, "run", ONE), { recursive: true });
  expect(phaseOf(pod)).toBeUndefined();
  expect(stateOfPod(HOST, pod)).toBeUndefined();
});

test("a move makes the phase when it is new, and tells when the pod is gone", () => {
  using dir = temporaryDataDir();
  place(dir, "run", ONE);
  using pod = openPod(dir.path, ONE);
  expect(movePod(pod, "run", "exited-garbage")).toBe(true);
  expect(phaseOf(pod)).toBe("exited-garbage");
  expect(movePod(pod, "run", "exited-garbage")).toBe(false);
  expect(() => movePod(pod, "exited-garbage", "run")).toThrow("never goes");
});

test("a link in the place of a pod is not followed", () => {
  using dir = temporaryDataDir();
  const path = place(dir, "run", ONE);
  mkdirSync(phasePath(dir.path, "garbage"), { recursive: true });
  Bun.spawnSync(["ln", "-s", path, phasePath(dir.path, "garbage", ONE)]);
  expect(() => openPodIn(dir.path, "garbage", ONE)).toThrow();
});
