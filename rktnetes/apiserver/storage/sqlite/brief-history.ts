/**
 * The past of keys that are written often: leases, events. In: their writes. Out: the tables
 * without what lies further back than a number of revisions. Forgets in the transaction of the next
 * commit, so that it costs no write of its own.
 */
import type { Revision, StoreEvent } from "../store.ts";
import type { Tables } from "./tables.ts";

export interface BriefOptions {
  readonly prefixes: readonly string[];
  readonly revisions: number;
  readonly floor: Revision;
}

/** At most so many writes are forgotten with one commit. */
const FORGET_MAX = 256;

interface Superseding {
  readonly revision: Revision;
  readonly previous: Revision;
  readonly deleted: boolean;
}

export class BriefHistory {
  readonly #tables: Tables;
  readonly #options: BriefOptions;
  #floor: Revision;
  /** In the order of revisions; those before `#done` are forgotten. */
  #noted: Superseding[] = [];
  #done = 0;
  #before: readonly [done: number, floor: Revision] = [0, 0];

  constructor(tables: Tables, options: BriefOptions) {
    this.#tables = tables;
    this.#options = options;
    this.#floor = options.floor;
  }

  /** Before this revision the past of the prefix has holes. */
  floorOf(prefix: string): Revision {
    const isBrief = (brief: string): boolean =>
      prefix.startsWith(brief) || brief.startsWith(prefix);
    return this.#options.prefixes.some(isBrief) ? this.#floor : 0;
  }

  note({ change, revision, previous }: StoreEvent): void {
    const deleted = change.type === "delete";
    if (previous === undefined && !deleted) return;
    if (!this.#options.prefixes.some((brief) => change.key.startsWith(brief))) return;
    this.#noted.push({ revision, previous: previous?.revision ?? 0, deleted });
  }

  /** Inside a transaction: drops what is too old now. */
  forget(current: Revision): void {
    this.#before = [this.#done, this.#floor];
    const until = current - this.#options.revisions;
    const start = this.#done;
    for (; this.#done - start < FORGET_MAX; this.#done++) {
      const next = this.#noted[this.#done];
      if (next === undefined || next.revision > until) break;
      this.#tables.forget(next.previous);
      if (next.deleted) this.#tables.forget(next.revision);
      this.#floor = next.revision;
    }
    if (this.#done > start) this.#tables.setMark("brief", this.#floor);
    if (this.#done < 4096) return;
    this.#noted = this.#noted.slice(this.#done);
    this.#before = [0, this.#floor];
    this.#done = 0;
  }

  /** The transaction was rolled back. */
  undo(): void {
    [this.#done, this.#floor] = this.#before;
  }
}
