/**
 * Connections whose clients keep the server waiting. In: connections, the answers on them, the
 * time. Out: those are cut off that send no request, or do not read what they asked for. Everybody
 * else may stay as long as they like: watches do.
 */

/** How long clients may take. */
export interface Patience {
  /** Until the first request is there, and until an encrypted connection is. */
  readonly requestMs: number;
  /** Between requests. */
  readonly idleMs: number;
  /** Until a body is there. */
  readonly bodyMs: number;
  /** Without reading any of what waits for them. */
  readonly unreadMs: number;
}

export const PATIENCE: Patience = {
  requestMs: 32_000,
  idleMs: 90_000,
  bodyMs: 60_000,
  unreadMs: 60_000,
};

/** An answer that is being sent. */
export interface Sending {
  /** Bytes that the client has yet to read. */
  readonly writableLength: number;
  destroy(): unknown;
}

/** How a connection ends. */
export interface Ending {
  /** Asked again when the connection is still there at the next look. */
  readonly cut: () => void;
  /** Once all that was sent has left. */
  readonly leave: () => void;
}

interface Connection extends Ending {
  /** Since when there is no answer on it. */
  idleSince: number;
  hasAsked: boolean;
  /** How it ends with its last answer, if that is known. */
  last?: () => void;
  readonly sending: Map<Sending, Unread>;
}

interface Unread {
  bytes: number;
  since: number;
}

export class ConnectionsInUse {
  readonly #patience: Patience;
  readonly #connections = new Map<object, Connection>();
  #isStopping = false;

  constructor(patience: Patience) {
    this.#patience = patience;
  }

  opened(key: object, ending: Ending, now: number): void {
    this.#connections.set(key, { ...ending, idleSince: now, hasAsked: false, sending: new Map() });
  }

  /** It has ended, or somebody else looks after it. */
  closed(key: object): void {
    this.#connections.delete(key);
  }

  began(key: object, sending: Sending, now: number): void {
    const connection = this.#connections.get(key);
    if (connection === undefined) return;
    connection.hasAsked = true;
    connection.sending.set(sending, { bytes: 0, since: now });
  }

  ended(key: object, sending: Sending, now: number): void {
    const connection = this.#connections.get(key);
    if (connection === undefined) return;
    connection.sending.delete(sending);
    connection.idleSince = now;
    if (connection.sending.size > 0) return;
    const { last = this.#isStopping ? connection.leave : undefined } = connection;
    last?.();
  }

  /** Nothing more comes on it: it ends so, once all that was asked on it is answered. */
  endsAfterAnswers(key: object, end: () => void): void {
    const connection = this.#connections.get(key);
    if (connection === undefined || connection.sending.size === 0) end();
    else connection.last = end;
  }

  /** From now on connections go as soon as no answer is on them. */
  stop(): void {
    this.#isStopping = true;
    for (const { sending, leave } of this.#connections.values()) if (sending.size === 0) leave();
  }

  /** Cuts off whoever has kept the server waiting for too long; to be called now and then. */
  look(now: number): void {
    const { requestMs, idleMs } = this.#patience;
    for (const connection of this.#connections.values()) {
      const { sending, hasAsked, idleSince, cut } = connection;
      if (sending.size > 0) this.#lookAtAnswers(sending, now);
      else if (now - idleSince > (hasAsked ? idleMs : requestMs)) cut();
    }
  }

  #lookAtAnswers(all: ReadonlyMap<Sending, Unread>, now: number): void {
    for (const [sending, unread] of all) {
      const bytes = sending.writableLength;
      if (bytes === 0 || bytes < unread.bytes) unread.since = now;
      unread.bytes = bytes;
      if (now - unread.since > this.#patience.unreadMs) sending.destroy();
    }
  }
}
