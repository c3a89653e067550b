/**
 * Keeps the past of a store short: every few minutes it forgets what was the past a few minutes
 * before. In: a store, time. Never forgets what is younger than one interval.
 */
import type { Clock } from "@shared/base";
import type { Store } from "./store.ts";

/** How often, and until when. */
export interface CompactionOptions {
  readonly clock: Clock;
  readonly intervalMs: number;
  readonly signal: AbortSignal;
  /** Hears of a compaction that failed; the next one is tried all the same. */
  readonly failed: (error: unknown) => void;
}

/** Runs until the signal aborts. */
export async function compactPeriodically(store: Store, options: CompactionOptions): Promise<void> {
  const { clock, intervalMs, signal, failed } = options;
  let before = 0;
  while (!signal.aborted) {
    try {
      await clock.sleep(intervalMs, signal);
      if (before > 0) await store.compact(before);
      before = await store.currentRevision();
    } catch (error) {
      if (!signal.aborted) failed(error);
    }
  }
}
