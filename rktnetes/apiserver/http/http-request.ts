/**
 * A request of HTTP/1.1 or HTTP/2 as the API reads it. In: what came off the wire. Out: parts that
 * are read when they are asked for; a body that is too long or too slow is a fault.
 */
import type { Http2ServerRequest } from "node:http2";
import { StatusFault, tooLarge } from "@rktnetes/api/status-fault";
import { Fault } from "@shared/base";
import type { ApiRequest, PeerCertificate, RawConnection } from "./api-request.ts";
import { type PeerAuthorities, peerOf } from "./peer-certificate.ts";
import type { ResponseWriter } from "./raw-response.ts";

/** Bodies may be this long. */
const BODY_MAX = 3 * 1024 * 1024;

export interface HttpRequestParts {
  readonly frontProxy: PeerAuthorities | undefined;
  readonly connection: RawConnection | undefined;
  readonly bodyMs: number;
}

export class HttpRequest implements ApiRequest {
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
