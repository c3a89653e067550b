/** Values sorted into buckets. In: numbers. Out: lines of a histogram of Prometheus. */

export interface HistogramRules {
  readonly name: string;
  /** The upper bounds of all buckets but the last one, rising. */
  readonly bounds: readonly number[];
}

export class Histogram {
  readonly #rules: HistogramRules;
  /** Of each bucket by itself; the last one has no bound. */
  readonly #counts: number[];
  #sum = 0;

  constructor(rules: HistogramRules) {
    this.#rules = rules;
    this.#counts = Array.from({ length: rules.bounds.length + 1 }, () => 0);
  }

  observe(value: number): void {
    const { bounds } = this.#rules;
    let at = 0;
    while (at < bounds.length && value > (bounds[at] ?? 0)) at++;
    this.#counts[at] = (this.#counts[at] ?? 0) + 1;
    this.#sum += value;
  }

  /** `labels` as they stand between the braces. */
  lines(labels: string): string[] {
    const { name, bounds } = this.#rules;
    let count = 0;
    const lines = this.#counts.map((each, at) => {
      count += each;
      return `${name}_bucket{${labels},le="${bounds[at] ?? "+Inf"}"} ${count}`;
    });
    lines.push(`${name}_sum{${labels}} ${this.#sum}`, `${name}_count{${labels}} ${count}`);
    return lines;
  }
}
