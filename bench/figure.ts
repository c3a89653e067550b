/** What a benchmark is: a name, a budget, and a measurement of ours beside a peer's. */
import type { Setting } from "./setting.ts";

export interface Measured {
  /** In the figure's unit. */
  readonly ours: number;
  readonly peer: number;
}

export interface Figure {
  readonly name: string;
  /** What the peer is, as in the table. */
  readonly peer: string;
  readonly unit: "ms" | "MB" | "ratio" | "ratio of MB";
  /**
   * Budgets: what the first release must reach, and where it shall go; the ratio of ours to the
   * peer's in "ratio" (of ms) and in "ratio of MB".
   */
  readonly first: number;
  readonly aim: number;
  measure(setting: Setting): Promise<Measured>;
}
