/**
 * Private memory of all that a sleeping pod needs beside its app: ours is a supervisor and an init,
 * podman's is conmon.
 */
import { readdirSync, readFileSync } from "node:fs";
import { must } from "@e2e/rkt";
import type { Figure } from "../figure.ts";
import type { Setting } from "../setting.ts";

/** A time to sleep that no other process of the machine sleeps. */
const MARK = "86399.125";
const SLEEP = ["/bin/sleep", MARK];

export const idleMemory: Figure = {
  name: "private memory of an idle pod",
  peer: "podman (conmon)",
  unit: "MB",
  first: 16,
  aim: 8,
  measure: async (setting) => ({ ours: await ours(setting), peer: await peers(setting) }),
};

async function ours(setting: Setting): Promise<number> {
  const child = Bun.spawn(setting.rktRun("none", SLEEP), { stdio: ["ignore", "ignore", "ignore"] });
  try {
    await settled();
    return beside(child.pid);
  } finally {
    const list = await must([...setting.rkt, "list", "--full", "--no-legend"]);
    const uuid = /^(\S{36})\t.*\trunning\t/m.exec(list)?.[1];
    if (uuid !== undefined) await must([...setting.rkt, "stop", "--force", uuid]);
    await child.exited;
  }
}

async function peers(setting: Setting): Promise<number> {
  const [program = "", ...words] = setting.podmanKeep(SLEEP);
  const detached = [program, ...words].toSpliced(words.indexOf("run") + 2, 0, "--detach");
  const id = (await must(detached)).trim();
  try {
    await settled();
    const format = ["inspect", "--format={{.State.ConmonPid}}", id];
    return beside(Number(await must([...setting.podman, ...format])));
  } finally {
    await must([...setting.podman, "rm", "--force", "--time=0", id]);
  }
}

/** Waits until the app sleeps, then a second more, in which memory of the start is given back. */
async function settled(): Promise<void> {
  for (let n = 0; n < 200 && processes().every(({ isApp }) => !isApp); n++) await Bun.sleep(50);
  await Bun.sleep(1000);
}

/** MB of the process and all below it, without the app itself. */
function beside(root: number): number {
  const all = processes();
  const family = new Set([root]);
  for (const { pid, parent } of all) if (family.has(parent)) family.add(pid);
  const ours = all.filter(({ pid, isApp }) => family.has(pid) && !isApp);
  return ours.reduce((sum, { pid }) => sum + privateKb(pid), 0) / 1000;
}

interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly isApp: boolean;
}

/** All processes, parents before their children as far as pids grow. */
function processes(): Process[] {
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => pid > 0)
    .toSorted((a, b) => a - b)
    .flatMap((pid) => {
      try {
        const parent = /^PPid:\t(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
        const words = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
        const isApp = words[0] === SLEEP[0] && words[1] === MARK;
        return [{ pid, parent: Number(parent), isApp }];
      } catch {
        return []; // it has ended
      }
    });
}

function privateKb(pid: number): number {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  return [...text.matchAll(/^Private_(?:Clean|Dirty): +(\d+) kB$/gm)].reduce(
    (sum, [, kb]) => sum + Number(kb),
    0,
  );
}
