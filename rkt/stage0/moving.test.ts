import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { listPods } from "./list.ts";
import { temporaryDataDir, testHost, writeLayers } from "./testing.ts";

const LOOKS = 150;
const PATIENCE_MS = 60_000;

/** The mover holds each lock from the first instant to the removal: nothing is ever aborted. */
const LOCKED = new Set(["preparing", "running", "exited deleting"]);

test(
  "pods that move while they are listed are shown only in states that they were in",
  async () => {
    using dir = temporaryDataDir();
    writeLayers(dir.path);
    const mover = join(import.meta.dir, "testdata", "move-pods-main.ts");
    const stop = join(dir.path, "stop");
    const command = [process.execPath, mover, dir.path, stop];
    const child = Bun.spawn(command, { stdio: ["ignore", "ignore", "pipe"] });
    const host = testHost();
    const seen = new Set<string>();
    for (let looks = 0; looks < LOOKS || !seen.has("running"); looks++) {
      for (const { state } of listPods(host, dir.path)) seen.add(state);
      await Bun.sleep(0);
      if (child.exitCode !== null) break;
    }
    writeFileSync(stop, "");
    expect([await new Response(child.stderr).text(), await child.exited]).toEqual(["", 0]);
    expect([...seen].filter((state) => !LOCKED.has(state))).toEqual([]);
    expect(seen.has("running")).toBe(true);
  },
  PATIENCE_MS,
);
