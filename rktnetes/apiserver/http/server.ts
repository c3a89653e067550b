/**
 * The door: TLS with client certificates, HTTP/1.1 and HTTP/2 on one port. In: connections. Out:
 * requests for `handle`, its answers as bytes. Decides nothing.
 */
import { createHash, type KeyObject, X509Certificate } from "node:crypto";
import { constants, createSecureServer, type Http2SecureServer } from "node:http2";
import type { Http2ServerRequest, Http2ServerResponse, ServerHttp2Session } from "node:http2";
import type { IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";
import { gzip } from "node:zlib";
import { StatusFault, tooLarge } from "@rktnetes/api/status-fault";
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
import { ConnectionsInUse, type Ending, PATIENCE, type Patience } from "./connections-in-use.ts";
import { type Refusal, refusalOf, refusalText, unreadable } from "./broken-request.ts";
import { OfferedConnection, RawResponse, type ResponseWriter } from "./raw-response.ts";

/** Where to listen, and with which keys. */
export interface ListenOptions {
  readonly host: string;
  /** 0 for any. */
  readonly port: number;
  /** PEM of this server's key and certificate chain. */
  readonly key: string;
  readonly certificate: string;
  /** PEM of all who sign certificates of clients. */
  readonly clientAuthority: string;
  /** PEM of whoever signs certificates of proxies that speak for their users. */
  readonly frontProxyAuthority?: string | undefined;
  /** How long clients may take; what the real server grants without it. */
  readonly patience?: Patience;
}

const WORDS: Readonly<Record<string, string>> = {
  EADDRINUSE: "it is in use",
  EADDRNOTAVAIL: "it is no address of this machine",
};

/** So often the server looks for clients that keep it waiting, for each part of its patience. */
const LOOKS = 8;

/** Request line and headers together; further ones are not read. */
const HEADERS_MAX = 1024 * 1024;

/** Bodies may be this long. */
const BODY_MAX = 3 * 1024 * 1024;

/** Answers from this length on are compressed for clients that can read that. */
const GZIP_MIN = 128 * 1024;

/** A file of several authorities has one certificate after the other. */
function certificatesIn(pem: string): string[] {
  const found = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g);
  return found === null ? [pem] : [...found];
}

/** One listening port in front of an API server. */
export class HttpServer {
  readonly #server: Http2SecureServer;
  readonly #api: ApiServer;
  readonly #trust: object;
  readonly #frontProxy: PeerAuthorities | undefined;
  readonly #patience: Patience;
  readonly #connections: ConnectionsInUse;
  readonly #turns: WeakMap<object, Promise<void>> = new WeakMap();
  readonly #refused: WeakSet<Duplex> = new WeakSet();

  constructor(api: ApiServer, listen: ListenOptions) {
    const { key, certificate, clientAuthority, frontProxyAuthority } = listen;
    this.#api = api;
    this.#patience = listen.patience ?? PATIENCE;
    this.#connections = new ConnectionsInUse(this.#patience);
    const authorities = certificatesIn(clientAuthority);
    if (frontProxyAuthority !== undefined) {
      authorities.push(...certificatesIn(frontProxyAuthority));
      this.#frontProxy = {
        frontProxies: keysOf(frontProxyAuthority),
        clients: keysOf(clientAuthority),
      };
    }
    this.#trust = { ca: authorities, requestCert: true, rejectUnauthorized: false };
    const options = {
      ...{ key, cert: certificate, allowHTTP1: true, ...this.#trust },
      ...{ maxHeaderSize: HEADERS_MAX, handshakeTimeout: this.#patience.requestMs },
    };
    this.#server = createSecureServer(
      options,
      (request: Http2ServerRequest, response: Http2ServerResponse) => {
        this.#serve(request, response).catch(() => response.destroy());
      },
    );
    this.#server.on("secureConnection", (socket: TLSSocket) => {
      const ending = { cut: () => socket.destroy(), leave: () => socket.end() };
      if (socket.alpnProtocol !== "h2") this.#opened(socket, ending);
    });
    this.#server.on("session", (session: ServerHttp2Session) => {
      const cut = (): void => (session.closed ? session.destroy() : session.close());
      this.#opened(session, { cut, leave: () => session.close() });
    });
    this.#server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      this.#serveUpgrade(request, socket, head).catch(() => socket.destroy());
    });
    this.#server.on("clientError", ({ code = "" }: Error & { code?: string }, socket: Duplex) => {
      this.#connections.endsAfterAnswers(socket, () => {
        const isUnreadable = code.startsWith("HPE_") && socket.writable;
        if (isUnreadable && !this.#refused.has(socket)) socket.end(refusalText(unreadable(code)));
        else socket.destroy();
      });
    });
    this.#server.on("sessionError", () => undefined);
    this.#server.on("tlsClientError", () => undefined);
  }

  /** Connections from now on see another certificate; those that are open stay. */
  renew({ key, certificate }: Pick<ListenOptions, "key" | "certificate">): void {
    this.#server.setSecureContext({ key, cert: certificate, ...this.#trust });
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
        this.#lookAround();
        resolve((this.#server.address() as AddressInfo).port);
      });
    });
  }

  /** Takes no more connections; resolves when the last one has gone. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#connections.stop();
    });
  }

  #opened(connection: TLSSocket | ServerHttp2Session, ending: Ending): void {
    this.#connections.opened(connection, ending, this.#api.host.clock.now());
    connection.once("close", () => this.#connections.closed(connection));
  }

  #lookAround(): void {
    const { requestMs, idleMs, unreadMs } = this.#patience;
    const every = Math.min(requestMs, idleMs, unreadMs) / LOOKS;
    const timer = setInterval(() => this.#connections.look(this.#api.host.clock.now()), every);
    timer.unref();
    this.#server.once("close", () => clearInterval(timer));
  }

  async #serve(request: Http2ServerRequest, response: Http2ServerResponse): Promise<void> {
    const began = this.#api.host.clock.now();
    const connection = request.stream?.session ?? request.socket;
    this.#connections.began(connection, response, began);
    response.once("close", () => {
      this.#connections.ended(connection, response, this.#api.host.clock.now());
    });
    const refusal = refusalOf(request);
    if (refusal !== undefined) {
      this.#refused.add(request.socket);
      return refuse(request, response, refusal);
    }
    const call = new HttpRequest(request, response, this.#seen());
    const serve = (): Promise<void> => this.#answer(call, response, began);
    await (request.httpVersionMajor > 1 ? serve() : this.#inTurn(connection, serve));
  }

  /** What was sent first on a connection of HTTP/1.1 is done before the next is begun. */
  #inTurn(connection: object, serve: () => Promise<void>): Promise<void> {
    const before = this.#turns.get(connection);
    const turn = before === undefined ? serve() : before.then(serve, serve);
    this.#turns.set(connection, turn);
    return turn;
  }

  #seen(connection?: RawConnection): HttpRequestParts {
    return { frontProxy: this.#frontProxy, connection, bodyMs: this.#patience.bodyMs };
  }

  /** Whoever handles the request may take the connection; an answer ends it otherwise. */
  async #serveUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const response = new RawResponse(socket);
    const connection = new OfferedConnection(socket, head, request.headers.upgrade ?? "");
    const asked = request as unknown as Http2ServerRequest;
    const refusal = refusalOf(request);
    if (refusal !== undefined) return void socket.end(refusalText(refusal));
    this.#connections.closed(socket);
    const call = new HttpRequest(asked, response, this.#seen(connection));
    await this.#answer(call, response, this.#api.host.clock.now());
  }

  async #answer(call: HttpRequest, response: ResponseWriter, began: number): Promise<void> {
    const { host, metrics } = this.#api;
    const outlet = new HttpOutlet(response, () => host.uuid());
    const { answer, warnings, labels, waitedMs } = await handle(this.#api, call, outlet);
    const bytes =
      answer === undefined ? undefined : await this.#send(call, response, { answer, warnings });
    const ms = host.clock.now() - began;
    metrics.count(labels, { code: answer?.status ?? 200, ms, waitedMs, bytes });
  }

  /** How many bytes the body has; undefined where the client has gone. */
  async #send(
    request: HttpRequest,
    response: ResponseWriter,
    { answer, warnings }: { readonly answer: Answer; readonly warnings: readonly string[] },
  ): Promise<number | undefined> {
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
    if (response.destroyed || response.writableEnded) return undefined;
    if (response.headersSent) {
      response.destroy(); // what was begun cannot be unsaid
      return undefined;
    }
    if (status !== 304) headers["content-length"] = String(body.length);
    atOnce(response, () => {
      response.writeHead(status, headers);
      if (request.method === "HEAD" || status === 304) response.end();
      else response.end(body);
    });
    return body.length;
  }
}

const TEXT = "text/plain; charset=utf-8";

/** A broken request of HTTP/2 ends its stream; one of HTTP/1.1 has an answer and ends it all. */
function refuse(
  request: Http2ServerRequest,
  response: Http2ServerResponse,
  { status, words, body }: Refusal,
): void {
  if (request.httpVersionMajor > 1) {
    return request.stream.close(constants.NGHTTP2_PROTOCOL_ERROR);
  }
  const length = { "content-length": body.length };
  response.writeHead(status, words, { ...length, "content-type": TEXT, connection: "close" });
  response.end(body);
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

interface HttpRequestParts {
  readonly frontProxy: PeerAuthorities | undefined;
  readonly connection: RawConnection | undefined;
  readonly bodyMs: number;
}

class HttpRequest implements ApiRequest {
  readonly method: string;
  readonly path: string;
  readonly search: string;
  readonly #request: Http2ServerRequest;
  readonly #response: ResponseWriter;
  readonly connection?: RawConnection;
  readonly #frontProxy: PeerAuthorities | undefined;
  readonly #bodyMs: number;
  #query: URLSearchParams | undefined;

  constructor(
    request: Http2ServerRequest,
    response: ResponseWriter,
    { frontProxy, connection, bodyMs }: HttpRequestParts,
  ) {
    if (connection !== undefined) this.connection = connection;
    this.#frontProxy = frontProxy;
    this.#bodyMs = bodyMs;
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
      const timer = setTimeout(() => refuse(tooSlow()), this.#bodyMs);
      const refuse = (fault: Error): void => {
        clearTimeout(timer);
        parts.length = 0;
        length = Infinity; // what still comes is dropped
        reject(fault);
      };
      this.#request.on("data", (part: Buffer) => {
        length += part.length;
        if (length <= BODY_MAX) parts.push(part);
        else refuse(tooLarge(`Request entity too large: limit is ${BODY_MAX}`));
      });
      this.#request.on("end", () => {
        clearTimeout(timer);
        resolve(parts.length === 1 ? (parts[0] ?? EMPTY) : Buffer.concat(parts));
      });
      this.#request.on("error", refuse);
      this.#request.on("aborted", () => refuse(new Fault("canceled", "the client has gone")));
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

function tooSlow(): StatusFault {
  const message = "Timeout: request did not complete within the allotted timeout";
  return new StatusFault({ code: 504, reason: "Timeout", message, details: {} });
}

const PEERS = new WeakMap<object, { readonly certificate: PeerCertificate | undefined }>();

/** Read once per connection. */
function peerOf(
  request: Http2ServerRequest,
  frontProxy: PeerAuthorities | undefined,
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
  frontProxy: PeerAuthorities | undefined,
): PeerCertificate | undefined {
  const { subject, raw, valid_to: validTo } = socket.getPeerCertificate() ?? {};
  if (raw === undefined) return undefined;
  if (!socket.authorized) return { commonName: "", organizations: [], isRefused: true };
  if (subject?.CN === undefined) return undefined;
  const notAfterMs = Date.parse(validTo ?? "");
  const groups: string | readonly string[] | undefined = subject.O;
  const organizations = groups === undefined ? [] : typeof groups === "string" ? [groups] : groups;
  const commonName = String(subject.CN);
  const sha256 = createHash("sha256").update(raw).digest("hex");
  const peer = { commonName, organizations, sha256, notAfterMs };
  if (frontProxy === undefined) return peer;
  const leaf = new X509Certificate(raw);
  const isFrontProxy = frontProxy.frontProxies.some((key) => leaf.verify(key));
  const isClient = !isFrontProxy || frontProxy.clients.some((key) => leaf.verify(key));
  return { ...peer, isFrontProxy, isClient };
}

/** Who signs which certificates; some may sign both. */
interface PeerAuthorities {
  readonly frontProxies: readonly KeyObject[];
  readonly clients: readonly KeyObject[];
}

/** The keys of all certificates in a file. */
function keysOf(bundle: string): readonly KeyObject[] {
  return certificatesIn(bundle).map((pem) => new X509Certificate(pem).publicKey);
}

class HttpOutlet implements Outlet {
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
