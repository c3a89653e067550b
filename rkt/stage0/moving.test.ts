import { expect, test } from "bun:test";
import { join } from "node:path";
import process from "node:process";
import { listPods } from "./list.ts";
import { openPod } from "./pod-dir.ts";
import { temporaryDataDir, testHost, writeLayers } from "./testing.ts";

const PODS = 150;

test("pods that move while they are listed are shown only in states that they were in", async () => {
  using dir = temporaryDataDir();
  writeLayers(dir.path);
  const mover = join(import.meta.dir, "testdata", "move-pods.ts");
  const child = Bun.spawn([process.execPath, mover, dir.path, String(PODS)], { stderr: "pipe" });
  const host = testHost();
  const seen = new Set<string>();
  let looks = 0;
  while (child.exitCode === null && child.signalCode === null) {
    for (const { uuid, state } of listPods(host, dir.path)) {
      seen.add(state);
      try {
        openPod(dir.path, uuid)[Symbol.dispose]();
      } catch {
        seen.add("removed"); // the mover may remove it between our two looks
      }
    }
    looks++;
    if (looks % 10 === 0) await Bun.sleep(0);
  }
  expect([await new Response(child.stderr).text(), await child.exited]).toEqual(["", 0]);
  expect(looks).toBeGreaterThan(10);
  // The mover holds each lock from the first instant to the removal: nothing is ever aborted,
  // exited or unlocked garbage.
  expect([...seen].filter((state) => !LOCKED.has(state))).toEqual([]);
  expect(seen.has("running")).toBe(true);
});

const LOCKED = new Set(["preparing", "running", "exited deleting", "removed"]);
