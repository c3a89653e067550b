/**
 * The door: TLS with client certificates, HTTP/1.1 and HTTP/2 on one port. In: connections. Out:
 * requests for `handle`, its answers as bytes. Decides nothing.
 */
import { constants, createSecureServer, type Http2SecureServer } from "node:http2";
import type { Http2ServerRequest, Http2ServerResponse, ServerHttp2Session } from "node:http2";
import type { IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";
import { gzip } from "node:zlib";
import { goQuote } from "@rktnetes/api/field-error";
import { errnoWords, Fault, quote } from "@shared/base";
import type { ApiServer } from "../api-server.ts";
import { handle } from "../handle.ts";
import type { Answer } from "./answer.ts";
import type { RawConnection } from "./api-request.ts";
import { ConnectionsInUse, type Ending, PATIENCE, type Patience } from "./connections-in-use.ts";
import { type Refusal, refusalOf, refusalText, unreadable } from "./broken-request.ts";
import { atOnce, HttpOutlet } from "./http-outlet.ts";
import { HttpRequest, type HttpRequestParts } from "./http-request.ts";
import { certificatesIn, keysOf, type PeerAuthorities } from "./peer-certificate.ts";
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

/** Answers from this length on are compressed for clients that can read that. */
const GZIP_MIN = 128 * 1024;

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

function compressed(body: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    gzip(body, { level: 1 }, (error, result) => {
      if (error === null) resolve(result);
      else reject(error);
    });
  });
}
