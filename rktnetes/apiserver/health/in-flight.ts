/**
 * How many requests are being served at once: the most of the second that is under way and of the
 * one before, so that whoever looks now and then sees what is brief.
 */

const KINDS = ["mutating", "readOnly"] as const;

type RequestKind = (typeof KINDS)[number];

interface Count {
  now: number;
  /** Of the second under way. */
  peak: number;
  /** Of the second before it. */
  last: number;
}

export class InFlight {
  readonly #counts: Readonly<Record<RequestKind, Count>> = {
    mutating: { now: 0, peak: 0, last: 0 },
    readOnly: { now: 0, peak: 0, last: 0 },
  };
  #second = 0;

  /** Counts a request until the function that it returns is called. */
  enter(isReadOnly: boolean, nowMs: number): () => void {
    this.#turn(nowMs);
    const count = this.#counts[isReadOnly ? "readOnly" : "mutating"];
    count.now++;
    count.peak = Math.max(count.peak, count.now);
    return () => {
      count.now--;
    };
  }

  peaks(nowMs: number): readonly (readonly [kind: RequestKind, count: number])[] {
    this.#turn(nowMs);
    return KINDS.map((kind) => [kind, Math.max(this.#counts[kind].peak, this.#counts[kind].last)]);
  }

  #turn(nowMs: number): void {
    const second = Math.floor(nowMs / 1000);
    if (second === this.#second) return;
    for (const kind of KINDS) {
      const count = this.#counts[kind];
      count.last = second === this.#second + 1 ? count.peak : count.now;
      count.peak = count.now;
    }
    this.#second = second;
  }
}
