/**
 * Times of commands: alternately ours and the peer's, so that a busy moment meets both; the median
 * counts.
 */

export interface TimedPair {
  readonly ours: readonly string[];
  readonly peer: readonly string[];
  readonly runs: number;
  /** Done after each round, not timed. */
  readonly between?: () => Promise<void>;
}

/** Medians in ms, after one round to warm up. */
export async function timePair(pair: TimedPair): Promise<{ ours: number; peer: number }> {
  const ours: number[] = [];
  const peer: number[] = [];
  for (let round = 0; round <= pair.runs; round++) {
    const times = [timeOnce(pair.ours), timeOnce(pair.peer)] as const;
    await pair.between?.();
    if (round === 0) continue;
    ours.push(times[0]);
    peer.push(times[1]);
  }
  return { ours: median(ours), peer: median(peer) };
}

/** Runs a command once and returns the ms it took; throws with its words when it fails. */
export function timeOnce(argv: readonly string[]): number {
  const begin = Bun.nanoseconds();
  const { exitCode, stderr } = Bun.spawnSync([...argv], {
    stdin: "ignore",
    stdout: "ignore",
    stderr: "pipe",
  });
  const ms = (Bun.nanoseconds() - begin) / 1e6;
  if (exitCode !== 0)
    throw new Error(`${argv.join(" ")}: status ${exitCode}: ${stderr.toString()}`);
  return ms;
}

/** The middle of the numbers; the lower middle of an even count. */
export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN;
}
