/** Trying again: time and chance are parameters. */
import type { Clock } from "./clock.ts";

/** When to try again, and how often. */
export interface RetryOptions {
  /** Calls in all, the first included. */
  readonly attemptsMax: number;
  /** Ceiling of the first wait, in ms; it doubles each time. */
  readonly baseMs: number;
  /** Ceiling of any wait, in ms. */
  readonly ceilingMs: number;
  /** True where another try may help. */
  readonly worthwhile: (error: unknown) => boolean;
  /** The wait that a failure itself asks for, in ms, instead of a random one. */
  readonly delayMs?: (error: unknown) => number | undefined;
  readonly signal?: AbortSignal;
}

/** Where waiting comes from. */
export interface RetryHost {
  readonly clock: Clock;
  /** A number in [0, 1). */
  readonly random: () => number;
}

/** Calls `action` until it succeeds, a failure is not worthwhile, or the attempts are used up. */
export async function retry<T>(
  host: RetryHost,
  action: (attempt: number) => Promise<T>,
  options: RetryOptions,
): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await action(attempt);
    } catch (error) {
      if (attempt + 1 >= options.attemptsMax || !options.worthwhile(error)) throw error;
      const ceiling = Math.min(options.ceilingMs, options.baseMs * 2 ** attempt);
      const waitMs = options.delayMs?.(error) ?? ceiling * host.random();
      await host.clock.sleep(waitMs, options.signal);
    }
  }
}
