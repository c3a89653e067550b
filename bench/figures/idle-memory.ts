/**
 * Private memory of all that a sleeping pod needs beside its app: ours is a supervisor and an init,
 * podman's is conmon.
 */
import { readdirSync, readFileSync } from "node:fs";
import { must } from "@e2e/rkt";
import type { Figure } from "../figure.ts";
import type { Engine } from "../setting.ts";

/** A time to sleep that no other process of the machine sleeps. */
const MARK = "86399.125";
const SLEEP = ["/bin/sleep", MARK];

/**
 * A second pod runs beside the measured one: what all pods share (the pages of the executable) is
 * paid once per machine, not per pod.
 */
export const idleMemory: Figure = {
  name: "private memory of an idle pod",
  peer: "podman (conmon)",
  unit: "MB",
  first: 16,
  aim: 8,
  measure: async ({ rkt, podmanKeeping }) => ({
    ours: await ofRkt(rkt),
    peer: await ofPodman(podmanKeeping),
  }),
};

async function ofRkt(rkt: Engine): Promise<number> {
  const start = (): Bun.Subprocess =>
    Bun.spawn(rkt.run("none", SLEEP), { stdio: ["ignore", "ignore", "ignore"] });
  const children = [start(), start()] as const;
  try {
    await settled(2);
    return beside(children[1].pid);
  } finally {
    const list = await must([...rkt.command, "list", "--full", "--no-legend"]);
    const running = [...list.matchAll(/^(\S{36})\t.*\trunning\t/gm)].map(([, uuid = ""]) => uuid);
    if (running.length > 0) await must([...rkt.command, "stop", "--force", ...running]);
    await Promise.all(children.map((child) => child.exited));
  }
}

async function ofPodman(podman: Engine): Promise<number> {
  const words = podman.run("none", SLEEP);
  const detached = words.toSpliced(words.indexOf("run") + 1, 0, "--detach");
  const ids = [(await must(detached)).trim(), (await must(detached)).trim()] as const;
  try {
    await settled(2);
    const inspect = ["inspect", "--format={{.State.ConmonPid}}", ids[1]];
    return beside(Number(await must([...podman.command, ...inspect])));
  } finally {
    await must([...podman.command, "rm", "--force", "--time=0", ...ids]);
  }
}

/**
 * Waits until so many apps sleep, then a second more, in which memory of the start is given back.
 */
async function settled(count: number): Promise<void> {
  const asleep = (): number => processes().filter(({ isApp }) => isApp).length;
  for (let n = 0; n < 200 && asleep() < count; n++) await Bun.sleep(50);
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
