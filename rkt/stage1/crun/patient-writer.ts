/**
 * Writing to somebody who may read slowly: the rest of the program goes on while bytes wait, and
 * whoever brings them waits for their turn.
 */
import { constants, fstatSync, openSync, writeSync } from "node:fs";
import type { Clock } from "@shared/base";

/** How often a reader who is behind is tried again, in ms. */
const RETRY_MS = 4;

export class PatientWriter {
  readonly #clock: Clock;
  readonly #fd: number;
  #isOpen = true;
  #last: Promise<void> | undefined;

  /** @param fd non-blocking; it stays the caller's */
  constructor(clock: Clock, fd: number) {
    this.#clock = clock;
    this.#fd = fd;
  }

  /** Resolves once all is written, or nobody reads any more. Calls keep their order. */
  async write(bytes: Uint8Array): Promise<void> {
    if (this.#last === undefined) {
      const written = this.#writeSome(bytes, 0);
      if (written === bytes.length) return;
      return await this.#queue(bytes.slice(written));
    }
    await this.#queue(bytes.slice());
  }

  /** Nobody will read any more: what waits is dropped. */
  abandon(): void {
    this.#isOpen = false;
  }

  async #queue(bytes: Uint8Array): Promise<void> {
    const before = this.#last;
    const mine = (async (): Promise<void> => {
      await before;
      for (let at = 0; at < bytes.length; ) {
        at = this.#writeSome(bytes, at);
        if (at < bytes.length) await this.#clock.sleep(RETRY_MS);
      }
    })();
    this.#last = mine;
    await mine;
    if (this.#last === mine) this.#last = undefined;
  }

  /** How far it came before the reader was behind; to the end where there is none. */
  #writeSome(bytes: Uint8Array, from: number): number {
    let at = from;
    while (this.#isOpen && at < bytes.length) {
      try {
        at += writeSync(this.#fd, bytes, at, bytes.length - at);
      } catch (error) {
        const code = (error as { readonly code?: unknown }).code;
        if (code === "EAGAIN") return at;
        if (code !== "EINTR") this.#isOpen = false;
      }
    }
    return this.#isOpen ? at : bytes.length;
  }
}

/**
 * One of our own streams, opened anew without waiting: others who share the old descriptor are not
 * to be surprised. Files and sockets cannot be opened so, and stay as they are.
 */
export function withoutWaiting(fd: number): number {
  const stat = fstatSync(fd);
  if (!stat.isFIFO() && !stat.isCharacterDevice()) return fd;
  const flags = constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY;
  try {
    return openSync(`/proc/self/fd/${fd}`, flags);
  } catch {
    return fd; // a pipe that nobody reads, a terminal that is another user's
  }
}
