/**
 * Counters of requests in the text form of Prometheus. In: requests as they come, end and are
 * answered. Out: lines of one page, with the names and labels that Kubernetes promises to keep.
 * @see Prometheus, text-based exposition format
 */
import type { Kind } from "@rktnetes/api/kind";
import { Histogram, type HistogramRules } from "./histogram.ts";
import { InFlight } from "./in-flight.ts";
import type { RequestLabels } from "./request-labels.ts";

const LATENCY: HistogramRules = {
  name: "apiserver_request_duration_seconds",
  bounds: [
    ...[0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3],
    ...[4, 5, 6, 8, 10, 15, 20, 30, 45, 60],
  ],
};

/** What the server itself took: without the wait for a turn. */
const OWN: HistogramRules = {
  name: "apiserver_request_sli_duration_seconds",
  bounds: [
    ...[0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3],
    ...[4, 5, 6, 8, 10, 15, 20, 30, 45, 60],
  ],
};

const SIZES: HistogramRules = {
  name: "apiserver_response_sizes",
  bounds: [1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9],
};

/** A request that was answered. */
export interface Answered {
  readonly code: number;
  readonly ms: number;
  /** So much of that it waited for its turn. */
  readonly waitedMs: number;
  /** What went to the client; undefined for streams. */
  readonly bytes: number | undefined;
}

export class Metrics {
  readonly #requests = new Map<string, number>();
  readonly #durations = new Map<string, Histogram>();
  readonly #own = new Map<string, Histogram>();
  readonly #sizes = new Map<string, Histogram>();
  readonly #long = new Map<string, number>();
  readonly #deprecated = new Set<string>();
  readonly #inFlight = new InFlight();

  /** Counts a request until the function that it returns is called. */
  enter(labels: RequestLabels, isLong: boolean, nowMs: number): () => void {
    if (!isLong) return this.#inFlight.enter(labels.isReadOnly, nowMs);
    const { plain } = labels;
    this.#long.set(plain, (this.#long.get(plain) ?? 0) + 1);
    return () => this.#long.set(plain, (this.#long.get(plain) ?? 0) - 1);
  }

  count(labels: RequestLabels, { code, ms, waitedMs, bytes }: Answered): void {
    const { text, plain, verb } = labels;
    const counted = `code="${code}",${text}`;
    this.#requests.set(counted, (this.#requests.get(counted) ?? 0) + 1);
    series(this.#durations, text, LATENCY).observe(ms / 1000);
    series(this.#own, plain, OWN).observe((ms - waitedMs) / 1000);
    if (bytes === undefined || (verb !== "GET" && verb !== "LIST")) return;
    series(this.#sizes, plain, SIZES).observe(bytes);
  }

  /** Somebody uses what is on its way out; for nothing of that it is settled when it goes. */
  countDeprecated({ group, version, resource, subresources }: Kind, below: string): void {
    const known = subresources.some(({ name }) => name === below) ? below : "";
    const what = `group="${group}",removed_release="",resource="${resource}"`;
    this.#deprecated.add(`${what},subresource="${known}",version="${version}"`);
  }

  lines(nowMs: number): string[] {
    const lines = ["# TYPE apiserver_current_inflight_requests gauge"];
    for (const [kind, count] of this.#inFlight.peaks(nowMs)) {
      lines.push(`apiserver_current_inflight_requests{request_kind="${kind}"} ${count}`);
    }
    lines.push("# TYPE apiserver_longrunning_requests gauge");
    for (const [labels, count] of this.#long) {
      lines.push(`apiserver_longrunning_requests{${labels}} ${count}`);
    }
    lines.push("# TYPE apiserver_requested_deprecated_apis gauge");
    for (const labels of this.#deprecated) {
      lines.push(`apiserver_requested_deprecated_apis{${labels}} 1`);
    }
    lines.push("# TYPE apiserver_request_total counter");
    for (const [labels, count] of this.#requests) {
      lines.push(`apiserver_request_total{${labels}} ${count}`);
    }
    for (const [rules, all] of [
      [LATENCY, this.#durations] as const,
      [OWN, this.#own] as const,
      [SIZES, this.#sizes] as const,
    ]) {
      lines.push(`# TYPE ${rules.name} histogram`);
      for (const [labels, each] of all) lines.push(...each.lines(labels));
    }
    return lines;
  }
}

function series(all: Map<string, Histogram>, labels: string, rules: HistogramRules): Histogram {
  const known = all.get(labels);
  if (known !== undefined) return known;
  const made = new Histogram(rules);
  all.set(labels, made);
  return made;
}
