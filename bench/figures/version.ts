/** The least that a command costs: `rkt version` beside podman's. */
import type { Figure } from "../figure.ts";
import { timePair } from "../timing.ts";

export const version: Figure = {
  name: "version",
  peer: "podman --version",
  unit: "ms",
  first: 25,
  aim: 10,
  measure: (setting) =>
    timePair({
      ours: [...setting.rkt.command, "version"],
      peer: ["podman", "--version"],
      runs: 30,
    }),
};
