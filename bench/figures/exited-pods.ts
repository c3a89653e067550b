/**
 * What many exited pods cost: starting another one beside 100 of them, listing them, collecting
 * them. The peer has 100 exited containers.
 */
import { must } from "@e2e/rkt";
import type { Figure } from "../figure.ts";
import type { Engine, Setting } from "../setting.ts";
import { timeOnce, timePair } from "../timing.ts";

const COUNT = 100;
const TRUE = ["/bin/true"];
const NOW = ["gc", "--grace-period=0s"];

/** Runs pods until there are 100 exited ones; nothing to do when they are there. */
async function fill(engine: Engine, list: readonly string[]): Promise<void> {
  const there = await must([...engine.command, ...list]);
  for (let n = there.split("\n").length - 1; n < COUNT; n++) timeOnce(engine.run("none", TRUE));
}

async function fillBoth({ crowded, podmanKeeping }: Setting): Promise<void> {
  await fill(crowded, ["list", "--no-legend"]);
  await fill(podmanKeeping, ["ps", "--all", "--quiet"]);
}

export const runBesideExited: Figure = {
  name: `run true beside ${COUNT} exited pods`,
  peer: "rkt without them",
  unit: "ratio",
  first: 1.1,
  aim: 1.05,
  measure: async ({ rkt, crowded }) => {
    await fill(crowded, ["list", "--no-legend"]);
    return timePair({
      ours: crowded.run("none", TRUE),
      peer: rkt.run("none", TRUE),
      runs: 15,
      between: async () => {
        await must([...rkt.command, ...NOW]);
      },
    });
  },
};

export const listExited: Figure = {
  name: `list ${COUNT} exited pods`,
  peer: "podman ps --all",
  unit: "ms",
  first: 40,
  aim: 15,
  measure: async (setting) => {
    await fillBoth(setting);
    return timePair({
      ours: [...setting.crowded.command, "list"],
      peer: [...setting.podmanKeeping.command, "ps", "--all"],
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
    await fillBoth(setting);
    return {
      ours: timeOnce([...setting.crowded.command, ...NOW]),
      peer: timeOnce([...setting.podmanKeeping.command, "container", "prune", "--force"]),
    };
  },
};
