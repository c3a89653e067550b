/**
 * A share of the server, and the queues of those who wait for a place in it. In: requests of flows.
 * Out: places, given back when the request is done; refusals when too many wait. Flows take turns:
 * one that sends much waits behind its own requests, not in front of others.
 */
import { Fault } from "@shared/base";

export interface LevelLimits {
  /** Places that are always there for this level. */
  readonly seats: number;
  /** How many of them others may use while they are free. */
  readonly lendable: number;
  /** How many of others this level may use; as many as are free without it. */
  readonly borrowed?: number;
  /** Zero queues: who finds no place is refused. */
  readonly queues: number;
  readonly handSize: number;
  readonly queueLength: number;
}

/** Gives a place back. */
export type Leave = () => void;

interface Waiter {
  readonly flow: string;
  readonly since: number;
  readonly enter: (leave: Leave) => void;
  readonly refuse: (fault: Fault) => void;
}

/** A request that waits. */
export interface WaitingRequest {
  readonly queue: number;
  readonly place: number;
  readonly flow: string;
  /** Milliseconds of the clock. */
  readonly since: number;
}

/** All places of the server; levels borrow from each other. */
export interface House {
  readonly seats: number;
  levels(): readonly PriorityLevel[];
}

export class PriorityLevel {
  readonly name: string;
  readonly #house: House;
  #limits: LevelLimits;
  #inside = 0;
  #waiting = 0;
  readonly #queues = new Map<number, Waiter[]>();
  /** Queues with somebody in them, in the order of their turns. */
  #turns: number[] = [];

  constructor(name: string, limits: LevelLimits, house: House) {
    this.name = name;
    this.#limits = limits;
    this.#house = house;
  }

  get inside(): number {
    return this.#inside;
  }

  get waiting(): number {
    return this.#waiting;
  }

  /** Places that nobody may borrow now. */
  get reserved(): number {
    return Math.max(0, this.#limits.seats - this.#limits.lendable - this.#inside);
  }

  /** A new configuration is about who comes next; who is inside stays. */
  resize(limits: LevelLimits): void {
    this.#limits = limits;
    this.admit();
  }

  /** A place at once, or undefined when the request has to wait or go. */
  tryEnter(): Leave | undefined {
    return this.#waiting === 0 && this.#hasSeat() ? this.#sit() : undefined;
  }

  get seats(): number {
    return this.#limits.seats;
  }

  /** Queues with somebody in them: their number, and how many wait there. */
  queueLengths(): readonly (readonly [queue: number, waiting: number])[] {
    const all = [...this.#queues].map(([queue, { length }]) => [queue, length] as const);
    return all.filter(([, length]) => length > 0).sort(([left], [right]) => left - right);
  }

  /** Who waits, and where. */
  waiters(): readonly WaitingRequest[] {
    return [...this.#queues].flatMap(([queue, waiters]) =>
      waiters.map(({ flow, since }, place) => ({ queue, place, flow, since })),
    );
  }

  /** Resolves when it is the request's turn. @throws {Fault} "exhausted", "timeout" */
  wait(flow: string, since: number, signal: AbortSignal): Promise<Leave> {
    const queue = this.#shortestOf(flow);
    if (queue === undefined) return Promise.reject(full());
    return new Promise((resolve, reject) => {
      const waiter = { flow, since, enter: resolve, refuse: reject };
      this.#join(queue, waiter);
      signal.addEventListener("abort", () => this.#giveUp(queue, waiter), { once: true });
    });
  }

  /** Lets in whoever finds a place now. */
  admit(): void {
    while (this.#waiting > 0 && this.#hasSeat()) {
      const turn = this.#turns.shift();
      if (turn === undefined) return;
      const queue = this.#queues.get(turn) ?? [];
      const next = queue.shift();
      if (queue.length > 0) this.#turns.push(turn);
      if (next === undefined) continue;
      this.#waiting--;
      next.enter(this.#sit());
    }
  }

  #hasSeat(): boolean {
    const { seats, borrowed = Number.POSITIVE_INFINITY } = this.#limits;
    if (this.#inside < seats) return true;
    if (this.#inside >= seats + borrowed) return false;
    const all = this.#house.levels();
    const taken = all.reduce((sum, { inside }) => sum + inside, 0);
    const kept = all.reduce((sum, level) => sum + (level === this ? 0 : level.reserved), 0);
    return taken + kept < this.#house.seats;
  }

  #sit(): Leave {
    this.#inside++;
    let isInside = true;
    return () => {
      if (!isInside) return;
      isInside = false;
      this.#inside--;
      this.admit();
      for (const level of this.#house.levels()) if (level !== this) level.admit();
    };
  }

  #shortestOf(flow: string): number | undefined {
    const { queues, handSize, queueLength } = this.#limits;
    let best: number | undefined;
    for (const queue of dealHand(flow, queues, handSize)) {
      if (best === undefined || this.#lengthOf(queue) < this.#lengthOf(best)) best = queue;
    }
    return best === undefined || this.#lengthOf(best) >= queueLength ? undefined : best;
  }

  #lengthOf(queue: number): number {
    return this.#queues.get(queue)?.length ?? 0;
  }

  #join(at: number, waiter: Waiter): void {
    const queue = this.#queues.get(at) ?? [];
    if (queue.length === 0) this.#turns.push(at);
    queue.push(waiter);
    this.#queues.set(at, queue);
    this.#waiting++;
  }

  #giveUp(at: number, waiter: Waiter): void {
    const queue = this.#queues.get(at) ?? [];
    const place = queue.indexOf(waiter);
    if (place < 0) return;
    queue.splice(place, 1);
    this.#waiting--;
    if (queue.length === 0) this.#turns = this.#turns.filter((turn) => turn !== at);
    waiter.refuse(new Fault("timeout", "wait for a place: it took too long"));
  }
}

function full(): Fault {
  return new Fault("exhausted", "too many requests, please try again later");
}

/** The queues that a flow may wait in: a few, and hardly two flows have all of them in common. */
export function dealHand(flow: string, queues: number, handSize: number): readonly number[] {
  const hand: number[] = [];
  let hash = hashOf(flow);
  for (let card = 0; card < Math.min(handSize, queues); card++) {
    const left = BigInt(queues - card);
    let pick = Number(hash % left);
    hash /= left;
    for (const known of hand.toSorted((a, b) => a - b)) if (pick >= known) pick++;
    hand.push(pick);
  }
  return hand;
}

/** FNV-1a, 64 bits. */
function hashOf(text: string): bigint {
  let hash = 0xcbf29ce484222325n;
  for (const byte of Buffer.from(text)) {
    hash = ((hash ^ BigInt(byte)) * 0x100000001b3n) & 0xffffffffffffffffn;
  }
  return hash;
}
