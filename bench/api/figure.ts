/** A figure of the API server: ours, the bare server's, and what the real one needed. */

export interface ApiFigure {
  readonly name: string;
  readonly unit: "/s" | "MB" | "ms";
  readonly ours: number;
  /** Processor time of our server for each request, in µs; where requests are counted. */
  readonly cpuUs?: number;
  /** A bare HTTPS server on Bun that answers the same bytes. */
  readonly bare?: number;
  /**
   * kube-apiserver 1.36.2 with etcd 3.5.30 on two cores, measured once with fsync on; the slower
   * end where it varied.
   */
  readonly real: number;
  /** The least rate, or the most time or memory. */
  readonly goal: number;
}

const WIDTHS = [34, 11, 9, 11, 7, 11, 14] as const;

export function heading(): string {
  return row("figure", "ours", "CPU µs", "bare", "ratio", "real", "goal");
}

export function line({ name, unit, ours, cpuUs, bare, real, goal }: ApiFigure): string {
  const shown = (value: number | undefined): string =>
    value === undefined ? "" : `${value.toFixed(unit === "/s" || value > 100 ? 0 : 1)} ${unit}`;
  const isMet = unit === "/s" ? ours >= goal : ours <= goal;
  const ratio = bare === undefined ? "" : `x ${(ours / bare).toFixed(2)}`;
  const cpu = cpuUs === undefined ? "" : cpuUs.toFixed(0);
  return row(
    ...[name, shown(ours), cpu, shown(bare), ratio, shown(real)],
    `${isMet ? "ok" : "--"} ${shown(goal)}`,
  );
}

function row(...cells: string[]): string {
  const padded = cells.map((cell, n) => {
    const width = WIDTHS[n] ?? 0;
    return n === 0 ? cell.padEnd(width) : cell.padStart(width);
  });
  return padded.join(" ");
}
