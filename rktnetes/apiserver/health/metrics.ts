/** Counters of the server in the text form of Prometheus. In: answers. Out: one page. */

const BOUNDS_MS = [5, 25, 50, 100, 250, 500, 1000, 5000, 10_000, 60_000];

interface Series {
  count: number;
  sumMs: number;
  readonly buckets: number[];
}

export class Metrics {
  readonly #requests = new Map<string, number>();
  readonly #durations = new Map<string, Series>();
  watches = 0;

  /** One answered request. */
  count(verb: string, code: number, ms: number): void {
    const labels = `verb="${verb}",code="${code}"`;
    this.#requests.set(labels, (this.#requests.get(labels) ?? 0) + 1);
    const known = this.#durations.get(verb);
    const series = known ?? { count: 0, sumMs: 0, buckets: BOUNDS_MS.map(() => 0) };
    if (known === undefined) this.#durations.set(verb, series);
    series.count++;
    series.sumMs += ms;
    BOUNDS_MS.forEach((bound, at) => {
      if (ms <= bound) series.buckets[at] = (series.buckets[at] ?? 0) + 1;
    });
  }

  /** @see Prometheus, text-based exposition format */
  text(memoryBytes: number): string {
    const lines = ["# TYPE apiserver_request_total counter"];
    for (const [labels, count] of this.#requests) {
      lines.push(`apiserver_request_total{${labels}} ${count}`);
    }
    lines.push("# TYPE apiserver_request_duration_seconds histogram");
    for (const [verb, series] of this.#durations) lines.push(...histogram(verb, series));
    lines.push("# TYPE apiserver_longrunning_requests gauge");
    lines.push(`apiserver_longrunning_requests{verb="WATCH"} ${this.watches}`);
    lines.push("# TYPE process_resident_memory_bytes gauge");
    lines.push(`process_resident_memory_bytes ${memoryBytes}`);
    return `${lines.join("\n")}\n`;
  }
}

function histogram(verb: string, { buckets, sumMs, count }: Series): string[] {
  const name = "apiserver_request_duration_seconds";
  const lines = buckets.map(
    (each, at) => `${name}_bucket{verb="${verb}",le="${(BOUNDS_MS[at] ?? 0) / 1000}"} ${each}`,
  );
  lines.push(`${name}_bucket{verb="${verb}",le="+Inf"} ${count}`);
  lines.push(
    `${name}_sum{verb="${verb}"} ${sumMs / 1000}`,
    `${name}_count{verb="${verb}"} ${count}`,
  );
  return lines;
}
