/**
 * What became of requests, level by level and flow schema by flow schema. In: requests on their
 * way. Out: numbers, and the same as metrics in the text form of Prometheus.
 */
import type { Leave } from "./priority-level.ts";

export interface FlowCount {
  readonly level: string;
  readonly schema: string;
  waiting: number;
  executing: number;
  dispatched: number;
  /** Too many waited already. */
  rejected: number;
  /** They waited too long. */
  timedOut: number;
}

/** Why a request has no place. */
export type Refusal = "queue-full" | "time-out";

const NAMES = ["waiting", "executing", "dispatched"] as const;

const METRICS: Readonly<Record<(typeof NAMES)[number], readonly [name: string, type: string]>> = {
  waiting: ["current_inqueue_requests", "gauge"],
  executing: ["current_executing_requests", "gauge"],
  dispatched: ["dispatched_requests_total", "counter"],
};

export class FlowCounts {
  readonly #flows = new Map<string, FlowCount>();

  all(): readonly FlowCount[] {
    return [...this.#flows.values()];
  }

  /** Counts a request while it waits, and from then on until it leaves. */
  async follow(
    level: string,
    schema: string,
    entering: () => Promise<Leave>,
    refusalOf: (error: unknown) => Refusal | undefined,
  ): Promise<Leave> {
    const count = this.#of(level, schema);
    count.waiting++;
    try {
      const leave = await entering();
      count.dispatched++;
      count.executing++;
      let isInside = true;
      return () => {
        if (isInside) count.executing--;
        isInside = false;
        leave();
      };
    } catch (error) {
      const refusal = refusalOf(error);
      if (refusal === "queue-full") count.rejected++;
      if (refusal === "time-out") count.timedOut++;
      throw error;
    } finally {
      count.waiting--;
    }
  }

  #of(level: string, schema: string): FlowCount {
    const key = `${level}/${schema}`;
    const known = this.#flows.get(key);
    if (known !== undefined) return known;
    const zero = { waiting: 0, executing: 0, dispatched: 0, rejected: 0, timedOut: 0 };
    const made = { level, schema, ...zero };
    this.#flows.set(key, made);
    return made;
  }
}

/** `seats` are those that each level has for itself. */
export function flowMetrics(
  counts: readonly FlowCount[],
  seats: ReadonlyMap<string, number>,
): readonly string[] {
  const lines: string[] = [];
  const labels = ({ level, schema }: FlowCount): string =>
    `flow_schema="${schema}",priority_level="${level}"`;
  for (const field of NAMES) {
    const [name, type] = METRICS[field];
    lines.push(`# TYPE apiserver_flowcontrol_${name} ${type}`);
    for (const count of counts) {
      lines.push(`apiserver_flowcontrol_${name}{${labels(count)}} ${count[field]}`);
    }
  }
  lines.push("# TYPE apiserver_flowcontrol_rejected_requests_total counter");
  for (const count of counts) {
    const reasons = { "queue-full": count.rejected, "time-out": count.timedOut };
    for (const [reason, times] of Object.entries(reasons)) {
      if (times === 0) continue;
      const all = `${labels(count)},reason="${reason}"`;
      lines.push(`apiserver_flowcontrol_rejected_requests_total{${all}} ${times}`);
    }
  }
  lines.push("# TYPE apiserver_flowcontrol_nominal_limit_seats gauge");
  for (const [level, count] of seats) {
    lines.push(`apiserver_flowcontrol_nominal_limit_seats{priority_level="${level}"} ${count}`);
  }
  return lines;
}
