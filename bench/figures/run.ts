/**
 * From the command to the end of `/bin/true` in a new pod, image in the store, without network and
 * with the default one.
 */
import type { Figure } from "../figure.ts";
import { must } from "@e2e/rkt";
import type { Setting } from "../setting.ts";
import { timePair } from "../timing.ts";

const RUNS = 15;

function figure(net: "none" | "default", budget: { first: number; aim: number }): Figure {
  return {
    name: net === "none" ? "run true, no network" : "run true, default network",
    peer: "podman run --rm",
    unit: "ms",
    ...budget,
    measure: (setting: Setting) =>
      timePair({
        ours: setting.rktRun(net, ["/bin/true"]),
        peer: setting.podmanRun(net, ["/bin/true"]),
        runs: RUNS,
        between: async () => {
          await must([...setting.rkt, "gc", "--grace-period=0s"]); // podman's --rm did it already
        },
      }),
  };
}

export const runWithoutNetwork: Figure = figure("none", { first: 60, aim: 25 });
export const runOnDefaultNetwork: Figure = figure("default", { first: 150, aim: 50 });
