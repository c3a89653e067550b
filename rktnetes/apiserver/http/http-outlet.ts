/**
 * An answer without a known end as bytes on a connection. In: headers, then pieces. Out: each piece
 * at once, and how much of them has not left yet.
 */
import type { Http2ServerResponse } from "node:http2";
import type { Outlet, OutletHeaders } from "./api-request.ts";
import type { ResponseWriter } from "./raw-response.ts";

export class HttpOutlet implements Outlet {
  readonly #response: ResponseWriter;
  readonly #uuid: () => string;
  #unsent: Unsent | undefined;

  constructor(response: ResponseWriter, uuid: () => string) {
    this.#response = response;
    this.#uuid = uuid;
  }

  begin(status: number, headers: OutletHeaders): void {
    const always = { "cache-control": "no-cache, private", "audit-id": this.#uuid() };
    this.#unsent = new Unsent(this.#response);
    const all: Record<string, string | string[]> = { ...always };
    for (const [name, value] of Object.entries(headers)) {
      all[name] = typeof value === "string" ? value : [...value];
    }
    this.#response.writeHead(status, all);
    // only answers of HTTP/1.1 wait for the first byte, and only they have this
    (this.#response as { readonly flushHeaders?: () => void }).flushHeaders?.();
  }

  write(bytes: Uint8Array): void {
    if (this.#response.destroyed) return;
    this.#unsent?.wrote(bytes.length);
    atOnce(this.#response, () => this.#response.write(bytes));
  }

  get waitingBytes(): number {
    return this.#response.destroyed ? 0 : (this.#unsent?.bytes ?? 0);
  }

  end(): void {
    if (!this.#response.destroyed) this.#response.end();
  }

  destroy(): void {
    this.#response.destroy();
  }
}

/**
 * What was written and has not left. HTTP/2 takes all that a client says it has room for and then
 * does not count it, though its connection may carry nothing any more: what left the connection
 * since the answer began is known.
 */
class Unsent {
  readonly #response: ResponseWriter;
  readonly #socket: { readonly bytesWritten: number } | undefined;
  readonly #before: number;
  #written = 0;

  constructor(response: ResponseWriter) {
    this.#response = response;
    this.#socket = (response as Partial<Http2ServerResponse>).stream?.session?.socket;
    this.#before = this.#socket?.bytesWritten ?? 0;
  }

  wrote(bytes: number): void {
    this.#written += bytes;
  }

  get bytes(): number {
    const left = (this.#socket?.bytesWritten ?? Infinity) - this.#before;
    return Math.max(this.#response.writableLength, this.#written - left);
  }
}

/**
 * Sends what is written as one piece. HTTP/1.1 would make pieces of head, length and body, each
 * encrypted and sent for itself; HTTP/2 gathers frames of its own accord.
 */
export function atOnce(response: ResponseWriter, write: () => void): void {
  const { stream, socket } = response as Partial<Http2ServerResponse>;
  const gathers = stream === undefined ? socket : undefined;
  gathers?.cork();
  try {
    write();
  } finally {
    gathers?.uncork();
  }
}
