/**
 * The door: TLS with client certificates, HTTP/1.1 and HTTP/2 on one port. In: connections. Out:
 * requests for `handle`, its answers as bytes. Decides nothing.
 */
import { createHash, type KeyObject, X509Certificate } from "node:crypto";
import { createSecureServer, type Http2SecureServer } from "node:http2";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";
import type { IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";
import { gzip } from "node:zlib";
import { tooLarge } from "@rktnetes/api/status-fault";
import { goQuote } from "@rktnetes/api/field-error";
import { errnoWords, Fault, quote } from "@shared/base";
import type { ApiServer } from "../api-server.ts";
import { handle } from "../handle.ts";
import type { Answer } from "./answer.ts";
import type {
  ApiRequest,
  Outlet,
  OutletHeaders,
  PeerCertificate,
  RawConnection,
} from "./api-request.ts";
import { OfferedConnection, RawResponse, type ResponseWriter } from "./raw-response.ts";

/** Where to listen, and with which keys. */
export interface ListenOptions {
  readonly host: string;
  /** 0 for any. */
  readonly port: number;
  /** PEM of this server's key and certificate chain. */
  readonly key: string;
  readonly certificate: string;
  /** PEM of whoever signs certificates of clients. */
  readonly clientAuthority: string;
  /** PEM of whoever signs certificates of proxies that speak for their users. */
  readonly frontProxyAuthority?: string | undefined;
}

const WORDS: Readonly<Record<string, string>> = {
  EADDRINUSE: "it is in use",
  EADDRNOTAVAIL: "it is no address of this machine",
};

/** Bodies may be this long. */
const BODY_MAX = 3 * 1024 * 1024;

/** Answers from this length on are compressed for clients that can read that. */
const GZIP_MIN = 128 * 1024;

/** One listening port in front of an API server. */
export class HttpServer {
  readonly #server: Http2SecureServer;
  readonly #api: ApiServer;
  readonly #frontProxy: KeyObject | undefined;

  constructor(api: ApiServer, listen: ListenOptions) {
    const { key, certificate, clientAuthority, frontProxyAuthority } = listen;
    this.#api = api;
    const authorities = [clientAuthority];
    if (frontProxyAuthority !== undefined) {
      authorities.push(frontProxyAuthority);
      this.#frontProxy = new X509Certificate(frontProxyAuthority).publicKey;
    }
    const options = { key, cert: certificate, ca: authorities };
    this.#server = createSecureServer(
      { ...options, allowHTTP1: true, requestCert: true, rejectUnauthorized: false },
      (request, response) => {
        this.#serve(request, response).catch(() => response.destroy());
      },
    );
    this.#server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      this.#serveUpgrade(request, socket, head).catch(() => socket.destroy());
    });
    this.#server.on("sessionError", () => undefined);
    this.#server.on("tlsClientError", () => undefined);
  }

  /** Resolves to the port. @throws {Fault} "precondition" for a port that is in use */
  listen({ host, port }: Pick<ListenOptions, "host" | "port">): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", (error: Error & { code?: string }) => {
        const words = WORDS[error.code ?? ""] ?? errnoWords(error.code ?? "");
        const where = quote(`${host}:${port}`);
        reject(new Fault("precondition", `listen on ${where}: ${words || error.message}`));
      });
      this.#server.listen(port, host, () => {
        resolve((this.#server.address() as AddressInfo).port);
      });
    });
  }

  /** Takes no more connections; resolves when the last one has gone. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
    });
  }

  async #serve(request: Http2ServerRequest, response: Http2ServerResponse): Promise<void> {
    const began = this.#api.host.clock.now();
    const code = await this.#answer(new HttpRequest(request, response, this.#frontProxy), response);
    this.#api.metrics.count(request.method, code, this.#api.host.clock.now() - began);
  }

  /** Whoever handles the request may take the connection; an answer ends it otherwise. */
  async #serveUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const response = new RawResponse(socket);
    const connection = new OfferedConnection(socket, head, request.headers.upgrade ?? "");
    const asked = request as unknown as Http2ServerRequest;
    const call = new HttpRequest(asked, response, this.#frontProxy, connection);
    await this.#answer(call, response);
  }

  /** The status that was answered. */
  async #answer(call: HttpRequest, response: ResponseWriter): Promise<number> {
    const outlet = new HttpOutlet(response, () => this.#api.host.uuid());
    const { answer, warnings } = await handle(this.#api, call, outlet);
    if (answer !== undefined) await this.#send(call, response, { answer, warnings });
    return answer?.status ?? 200;
  }

  async #send(
    request: HttpRequest,
    response: ResponseWriter,
    { answer, warnings }: { readonly answer: Answer; readonly warnings: readonly string[] },
  ): Promise<void> {
    const { status, type, uncached = false } = answer;
    const headers: Record<string, string | string[]> = {
      "audit-id": request.header("audit-id") ?? this.#api.host.uuid(),
    };
    if (!uncached) headers["cache-control"] = "no-cache, private";
    if (type !== "") headers["content-type"] = type;
    if (warnings.length > 0) headers["warning"] = warnings.map((text) => `299 - ${goQuote(text)}`);
    Object.assign(headers, answer.headers);
    let body = typeof answer.body === "string" ? Buffer.from(answer.body) : answer.body;
    if (body.length >= GZIP_MIN && request.header("accept-encoding")?.includes("gzip") === true) {
      body = await compressed(body);
      headers["content-encoding"] = "gzip";
      headers["vary"] = "Accept-Encoding";
    }
    if (response.destroyed || response.writableEnded) return;
    if (response.headersSent) return void response.destroy(); // what was begun cannot be unsaid
    if (status !== 304) headers["content-length"] = String(body.length);
    atOnce(response, () => {
      response.writeHead(status, headers);
      if (request.method === "HEAD" || status === 304) response.end();
      else response.end(body);
    });
  }
}

/**
 * Sends what is written as one piece. HTTP/1.1 would make pieces of head, length and body, each
 * encrypted and sent for itself; HTTP/2 gathers frames of its own accord.
 */
function atOnce(response: ResponseWriter, write: () => void): void {
  const { stream, socket } = response as Partial<Http2ServerResponse>;
  const gathers = stream === undefined ? socket : undefined;
  gathers?.cork();
  write();
  gathers?.uncork();
}

function compressed(body: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    gzip(body, { level: 1 }, (error, result) => {
      if (error === null) resolve(result);
      else reject(error);
    });
  });
}

class HttpRequest implements ApiRequest {
  readonly method: string;
  readonly path: string;
  readonly search: string;
  readonly #request: Http2ServerRequest;
  readonly #response: ResponseWriter;
  readonly connection?: RawConnection;
  readonly #frontProxy: KeyObject | undefined;
  #query: URLSearchParams | undefined;

  constructor(
    request: Http2ServerRequest,
    response: ResponseWriter,
    frontProxy: KeyObject | undefined,
    connection?: RawConnection,
  ) {
    if (connection !== undefined) this.connection = connection;
    this.#frontProxy = frontProxy;
    const { url } = request;
    const at = url.indexOf("?");
    this.method = request.method;
    this.path = at < 0 ? url : url.slice(0, at);
    this.search = at < 0 ? "" : url.slice(at + 1);
    this.#request = request;
    this.#response = response;
  }

  get query(): URLSearchParams {
    this.#query ??= new URLSearchParams(this.search);
    return this.#query;
  }

  header(name: string): string | undefined {
    const value = this.#request.headers[name];
    return Array.isArray(value) ? value.join(", ") : value;
  }

  get sourceAddress(): string {
    return this.#request.socket.remoteAddress ?? "";
  }

  headerValues(name: string): readonly string[] {
    const raw = this.#request.rawHeaders;
    const values: string[] = [];
    for (let at = 0; at + 1 < raw.length; at += 2) {
      if (raw[at]?.toLowerCase() === name) values.push(raw[at + 1] ?? "");
    }
    return values;
  }

  headerNames(): readonly string[] {
    return Object.keys(this.#request.headers);
  }

  body(): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const parts: Buffer[] = [];
      let length = 0;
      this.#request.on("data", (part: Buffer) => {
        length += part.length;
        if (length <= BODY_MAX) parts.push(part);
        else reject(tooLarge(`Request entity too large: limit is ${BODY_MAX}`));
      });
      this.#request.on("end", () =>
        resolve(parts.length === 1 ? (parts[0] ?? EMPTY) : Buffer.concat(parts)),
      );
      this.#request.on("error", reject);
      this.#request.on("aborted", () => reject(new Fault("canceled", "the client has gone")));
    });
  }

  certificate(): PeerCertificate | undefined {
    return peerOf(this.#request, this.#frontProxy);
  }

  signal(): AbortSignal {
    const gone = new AbortController();
    this.#response.once("close", () => gone.abort());
    return gone.signal;
  }
}

const EMPTY = Buffer.alloc(0);

const PEERS = new WeakMap<object, { readonly certificate: PeerCertificate | undefined }>();

/** Read once per connection; only what the authority of clients signed counts. */
function peerOf(
  request: Http2ServerRequest,
  frontProxy: KeyObject | undefined,
): PeerCertificate | undefined {
  const socket = (request.stream?.session?.socket ?? request.socket) as TLSSocket;
  const known = PEERS.get(socket);
  if (known !== undefined) return known.certificate;
  const certificate = readPeer(socket, frontProxy);
  PEERS.set(socket, { certificate });
  return certificate;
}

function readPeer(
  socket: TLSSocket,
  frontProxy: KeyObject | undefined,
): PeerCertificate | undefined {
  if (!socket.authorized) return undefined;
  const { subject, raw } = socket.getPeerCertificate() ?? {};
  if (subject?.CN === undefined || raw === undefined) return undefined;
  const groups: string | readonly string[] | undefined = subject.O;
  const organizations = groups === undefined ? [] : typeof groups === "string" ? [groups] : groups;
  const commonName = String(subject.CN);
  const sha256 = createHash("sha256").update(raw).digest("hex");
  if (frontProxy === undefined) return { commonName, organizations, sha256 };
  const isFrontProxy = new X509Certificate(raw).verify(frontProxy);
  return { commonName, organizations, sha256, isFrontProxy };
}

class HttpOutlet implements Outlet {
  readonly #response: ResponseWriter;
  readonly #uuid: () => string;

  constructor(response: ResponseWriter, uuid: () => string) {
    this.#response = response;
    this.#uuid = uuid;
  }

  begin(status: number, headers: OutletHeaders): void {
    const always = { "cache-control": "no-cache, private", "audit-id": this.#uuid() };
    const all: Record<string, string | string[]> = { ...always };
    for (const [name, value] of Object.entries(headers)) {
      all[name] = typeof value === "string" ? value : [...value];
    }
    this.#response.writeHead(status, all);
    // only answers of HTTP/1.1 wait for the first byte, and only they have this
    (this.#response as { readonly flushHeaders?: () => void }).flushHeaders?.();
  }

  write(bytes: Uint8Array): void {
    if (!this.#response.destroyed) atOnce(this.#response, () => this.#response.write(bytes));
  }

  get waitingBytes(): number {
    return this.#response.writableLength;
  }

  end(): void {
    if (!this.#response.destroyed) this.#response.end();
  }

  destroy(): void {
    this.#response.destroy();
  }
}
