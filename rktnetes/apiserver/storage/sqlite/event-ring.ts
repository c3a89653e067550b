/**
 * The latest events, in memory. In: the events of commits, in the order of revisions. Out: those
 * after a revision, or the answer that they are gone from here. Bounded in number and in bytes.
 */
import type { Revision, StoreEvent } from "../store.ts";

const EVENTS_MAX = 8192;
const BYTES_MAX = 8 << 20;

export class EventRing {
  /** A circle: index of an event is its ordinal modulo the length. */
  readonly #events: (StoreEvent | undefined)[] = [];
  #first = 0;
  #end = 0;
  #bytes = 0;
  /** All events after this revision are here. */
  #floor: Revision;

  constructor(floor: Revision) {
    this.#floor = floor;
  }

  get floor(): Revision {
    return this.#floor;
  }

  push(event: StoreEvent): void {
    if (this.#end - this.#first === EVENTS_MAX) this.#drop();
    this.#events[this.#end++ % EVENTS_MAX] = event;
    this.#bytes += sizeOf(event);
    while (this.#bytes > BYTES_MAX && this.#end - this.#first > 1) this.#drop();
  }

  /** At most `limit` events after a revision that is not before the floor and not after `until`. */
  after(revision: Revision, until: Revision, limit: number): StoreEvent[] {
    const found: StoreEvent[] = [];
    for (let at = this.#find(revision); at < this.#end && found.length < limit; at++) {
      const event = this.#events[at % EVENTS_MAX];
      if (event === undefined || event.revision > until) break;
      found.push(event);
    }
    return found;
  }

  #find(revision: Revision): number {
    let low = this.#first;
    let high = this.#end;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if ((this.#events[middle % EVENTS_MAX]?.revision ?? 0) <= revision) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #drop(): void {
    const at = this.#first++ % EVENTS_MAX;
    const event = this.#events[at];
    if (event === undefined) return;
    this.#events[at] = undefined;
    this.#floor = event.revision;
    this.#bytes -= sizeOf(event);
  }
}

/** What only this ring may keep alive, about. */
function sizeOf({ change, previous }: StoreEvent): number {
  const value = change.type === "put" ? change.value.length : 0;
  return value + (previous?.value.length ?? 0) + 200;
}
