/**
 * What many exited pods cost: starting another one beside 100 of them, listing them, collecting
 * them. The peer has 100 exited containers.
 */
import { must } from "@e2e/rkt";
import type { Figure } from "../figure.ts";
import type { Setting } from "../setting.ts";
import { median, timeOnce, timePair } from "../timing.ts";

const COUNT = 100;

/** Fills both sides up to 100 exited pods; nothing to do when they are there. */
async function fill(setting: Setting): Promise<void> {
  const ours = await must([...setting.rkt, "list", "--no-legend"]);
  for (let n = ours.split("\n").length - 1; n < COUNT; n++) {
    timeOnce(setting.rktRun("none", ["/bin/true"]));
  }
  const peers = await must([...setting.podman, "ps", "--all", "--quiet"]);
  for (let n = peers.split("\n").length - 1; n < COUNT; n++) {
    timeOnce(setting.podmanKeep(["/bin/true"]));
  }
}

export const runBesideExited: Figure = {
  name: `run true beside ${COUNT} exited pods`,
  peer: "rkt without them",
  unit: "ratio",
  first: 1.1,
  aim: 1,
  measure: async (setting) => {
    await must([...setting.rkt, "gc", "--grace-period=0s"]);
    const alone: number[] = [];
    const beside: number[] = [];
    const once = (): number => timeOnce(setting.rktRun("none", ["/bin/true"]));
    for (let n = 0; n < 10; n++) alone.push(once());
    await fill(setting);
    for (let n = 0; n < 10; n++) beside.push(once());
    return { ours: median(beside), peer: median(alone) };
  },
};

export const listExited: Figure = {
  name: `list ${COUNT} exited pods`,
  peer: "podman ps --all",
  unit: "ms",
  first: 40,
  aim: 15,
  measure: async (setting) => {
    await fill(setting);
    return timePair({
      ours: [...setting.rkt, "list"],
      peer: [...setting.podman, "ps", "--all"],
      runs: 10,
    });
  },
};

export const collectExited: Figure = {
  name: `collect ${COUNT} exited pods`,
  peer: "podman container prune",
  unit: "ms",
  first: 2000,
  aim: 500,
  measure: async (setting) => {
    await fill(setting);
    return {
      ours: timeOnce([...setting.rkt, "gc", "--grace-period=0s"]),
      peer: timeOnce([...setting.podman, "container", "prune", "--force"]),
    };
  },
};
