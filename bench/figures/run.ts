/**
 * From the command to the end of `/bin/true` in a new pod, image in the store, without network and
 * with the default one.
 */
import { must } from "@e2e/rkt";
import type { Figure } from "../figure.ts";
import type { Net } from "../setting.ts";
import { timePair } from "../timing.ts";

const RUNS = 15;
const TRUE = ["/bin/true"];

function figure(net: Net, budget: { first: number; aim: number }): Figure {
  return {
    name: net === "none" ? "run true, no network" : "run true, default network",
    peer: "podman run --rm",
    unit: "ms",
    ...budget,
    measure: ({ rkt, podman }) =>
      timePair({
        ours: rkt.run(net, TRUE),
        peer: podman.run(net, TRUE),
        runs: RUNS,
        between: async () => {
          await must([...rkt.command, "gc", "--grace-period=0s"]); // podman's --rm did it already
        },
      }),
  };
}

export const runWithoutNetwork: Figure = figure("none", { first: 60, aim: 25 });
export const runOnDefaultNetwork: Figure = figure("default", { first: 150, aim: 50 });
