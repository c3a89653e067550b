/**
 * An answer on a connection whose client wanted to speak another protocol and does not get to. In:
 * status, headers, bytes. Out: HTTP/1.1 on the wire; the connection ends with the answer.
 * @see RFC 9112
 */
import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import type { OutletHeaders, RawConnection } from "./api-request.ts";

/** What of a response an answer needs, whatever carries it. */
export interface ResponseWriter {
  readonly destroyed: boolean;
  readonly writableEnded: boolean;
  readonly headersSent: boolean;
  readonly writableLength: number;
  writeHead(status: number, headers: Record<string, string | string[]>): unknown;
  write(bytes: Uint8Array): unknown;
  end(): unknown;
  end(bytes: Uint8Array): unknown;
  destroy(): unknown;
  once(event: "close", listener: () => void): unknown;
}

/** A response on a bare connection. */
export class RawResponse implements ResponseWriter {
  readonly #socket: Duplex;
  headersSent = false;
  writableEnded = false;

  constructor(socket: Duplex) {
    this.#socket = socket;
    socket.on("error", () => undefined); // the client has gone
  }

  get destroyed(): boolean {
    return this.#socket.destroyed;
  }

  get writableLength(): number {
    return this.#socket.writableLength;
  }

  writeHead(status: number, headers: OutletHeaders): void {
    this.headersSent = true;
    const lines = [`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? "Unknown"}`, "Connection: close"];
    for (const [name, values] of Object.entries(headers)) {
      for (const value of [values].flat()) lines.push(`${name}: ${value}`);
    }
    this.#socket.write(`${lines.join("\r\n")}\r\n\r\n`);
  }

  /** Ends where the connection does: no length and no chunks are needed. */
  write(bytes: Uint8Array): void {
    this.#socket.write(bytes);
  }

  end(bytes?: Uint8Array): void {
    this.writableEnded = true;
    this.#socket.end(bytes);
  }

  destroy(): void {
    this.#socket.destroy();
  }

  once(event: "close", listener: () => void): void {
    this.#socket.once(event, listener);
  }
}

/** A connection that somebody may take. */
export class OfferedConnection implements RawConnection {
  readonly socket: Duplex;
  readonly head: Buffer;
  readonly protocol: string;
  isTaken = false;

  constructor(socket: Duplex, head: Buffer, protocol: string) {
    this.socket = socket;
    this.head = head;
    this.protocol = protocol;
  }

  take(): void {
    this.isTaken = true;
  }
}
