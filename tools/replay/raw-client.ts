/**
 * A client that sends exactly what it is told: methods that nobody knows, paths that others would
 * tidy up. In: a request. Out: status, headers, bytes. One connection, kept open.
 */
import { connect, type TLSSocket } from "node:tls";

export interface RawRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | undefined;
}

export interface RawResponse {
  readonly status: number;
  readonly headers: ReadonlyMap<string, readonly string[]>;
  readonly body: Buffer;
}

export interface RawTarget {
  readonly host: string;
  readonly port: number;
  readonly authority: string;
  /** Absent for an anonymous client. */
  readonly client?: { readonly key: string; readonly certificate: string };
}

/** Says whether enough of an endless answer was read, by what came so far. */
export type Enough = (soFar: Buffer) => boolean;

/** An answer that has stood still for so long, and is enough, is taken. */
const IDLE_MS = 60;
const PATIENCE_MS = 6000;

export class RawClient {
  readonly #target: RawTarget;
  #socket: TLSSocket | undefined;
  #buffer: Buffer = Buffer.alloc(0);
  #ended = false;
  #wake: (() => void) | undefined;

  constructor(target: RawTarget) {
    this.#target = target;
  }

  close(): void {
    this.#socket?.destroy();
    this.#socket = undefined;
  }

  /** With `enough`, the connection is given up as soon as an endless answer has it. */
  async request(request: RawRequest, enough?: Enough): Promise<RawResponse> {
    const socket = await this.#open();
    const { method, path, headers, body } = request;
    const lines = [`${method} ${path} HTTP/1.1`];
    const all: Record<string, string> = {
      Host: `${this.#target.host}:${this.#target.port}`,
      ...headers,
    };
    if (body !== undefined) all["Content-Length"] = String(body.length);
    for (const [name, value] of Object.entries(all)) lines.push(`${name}: ${value}`);
    socket.write(`${lines.join("\r\n")}\r\n\r\n`);
    if (body !== undefined) socket.write(body);
    return await this.#read(method, enough);
  }

  async #open(): Promise<TLSSocket> {
    if (this.#socket !== undefined && !this.#ended && !this.#socket.destroyed) return this.#socket;
    const { host, port, authority, client } = this.#target;
    this.#buffer = Buffer.alloc(0);
    this.#ended = false;
    const keys = client === undefined ? {} : { key: client.key, cert: client.certificate };
    const socket = connect({ host, port, ca: authority, ALPNProtocols: ["http/1.1"], ...keys });
    socket.on("data", (part: Buffer) => {
      if (this.#socket !== socket) return;
      this.#buffer = this.#buffer.length === 0 ? part : Buffer.concat([this.#buffer, part]);
      this.#wake?.();
    });
    for (const event of ["close", "error", "end"]) {
      socket.on(event, () => {
        if (this.#socket !== socket) return;
        this.#ended = true;
        this.#wake?.();
      });
    }
    this.#socket = socket;
    await new Promise<void>((resolve, reject) => {
      socket.once("secureConnect", resolve);
      socket.once("error", reject);
    });
    return socket;
  }

  async #read(method: string, enough: Enough | undefined): Promise<RawResponse> {
    const end = await this.#until(() => this.#buffer.indexOf("\r\n\r\n"));
    const head = this.#take(end + 4)
      .toString("latin1")
      .split("\r\n");
    const status = Number(head[0]?.split(" ")[1] ?? 0);
    const headers = new Map<string, string[]>();
    for (const line of head.slice(1)) {
      const at = line.indexOf(":");
      if (at < 0) continue;
      const name = line.slice(0, at).toLowerCase();
      headers.set(name, [...(headers.get(name) ?? []), line.slice(at + 1).trim()]);
    }
    if (status === 100) return await this.#read(method, enough);
    const hasBody = method !== "HEAD" && status !== 204 && status !== 304;
    const body = hasBody ? await this.#body(headers, enough) : Buffer.alloc(0);
    if (headers.get("connection")?.[0]?.toLowerCase() === "close") this.close();
    return { status, headers, body };
  }

  async #body(headers: ReadonlyMap<string, readonly string[]>, enough?: Enough): Promise<Buffer> {
    const length = headers.get("content-length")?.[0];
    if (length !== undefined) {
      await this.#until(() => (this.#buffer.length >= Number(length) ? 0 : -1));
      return this.#take(Number(length));
    }
    if (headers.get("transfer-encoding")?.[0] !== "chunked") {
      await this.#until(() => (this.#ended ? 0 : -1));
      return this.#take(this.#buffer.length);
    }
    return await this.#chunks(enough);
  }

  async #chunks(enough: Enough | undefined): Promise<Buffer> {
    const parts: Buffer[] = [];
    for (;;) {
      const line = await this.#untilIdle(parts, enough);
      if (line < 0) {
        this.close();
        return Buffer.concat(parts);
      }
      const size = Number.parseInt(this.#take(line + 2).toString("latin1"), 16);
      await this.#until(() => (this.#buffer.length >= size + 2 ? 0 : -1));
      parts.push(Buffer.from(this.#take(size)));
      this.#take(2);
      if (size === 0) return Buffer.concat(parts);
    }
  }

  /** Where the next chunk's line ends, or -1 when enough came and nothing more does. */
  async #untilIdle(parts: readonly Buffer[], enough: Enough | undefined): Promise<number> {
    const find = (): number => this.#buffer.indexOf("\r\n");
    if (enough === undefined) return await this.#until(find);
    const began = performance.now();
    for (;;) {
      const at = find();
      if (at >= 0) return at;
      if (this.#ended) return -1;
      const came = await this.#pause(IDLE_MS);
      if (came) continue;
      if (enough(Buffer.concat(parts)) || performance.now() - began > PATIENCE_MS) return -1;
    }
  }

  /** Waits until `find` has an answer. */
  async #until(find: () => number): Promise<number> {
    const began = performance.now();
    for (;;) {
      const at = find();
      if (at >= 0) return at;
      if (this.#ended) throw new Error("the server closed the connection");
      await this.#pause(1000);
      if (performance.now() - began > 30_000) throw new Error("no answer within 30 s");
    }
  }

  /** True when something came. */
  #pause(ms: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => done(false), ms);
      const done = (came: boolean): void => {
        clearTimeout(timer);
        this.#wake = undefined;
        resolve(came);
      };
      this.#wake = () => done(true);
    });
  }

  #take(length: number): Buffer {
    const taken = this.#buffer.subarray(0, length);
    this.#buffer = this.#buffer.subarray(length);
    return taken;
  }
}
