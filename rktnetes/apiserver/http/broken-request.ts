/**
 * Requests that Go's HTTP server refuses before anybody reads them. In: a request as it was parsed.
 * Out: the refusal in Go's words, or nothing. Pure.
 * @see RFC 9112 §3.2, §6.1
 */
import { STATUS_CODES } from "node:http";

/** An answer that ends the connection. */
export interface Refusal {
  readonly status: number;
  /** Of the status line. */
  readonly words: string;
  readonly body: string;
}

/** What of a request is looked at. */
export interface ParsedRequest {
  readonly url?: string | undefined;
  readonly httpVersion: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly rawHeaders: readonly string[];
}

/** @param code of the parser that could not read a request */
export function unreadable(code: string): Refusal {
  if (code !== "HPE_HEADER_OVERFLOW") return badRequest();
  const words = STATUS_CODES[431] ?? "";
  return { status: 431, words, body: `431 ${words}` };
}

function badRequest(why?: string): Refusal {
  const words = why === undefined ? "Bad Request" : `Bad Request: ${why}`;
  return { status: 400, words, body: `400 ${words}` };
}

export function refusalOf({
  url = "",
  httpVersion,
  headers,
  rawHeaders,
}: ParsedRequest): Refusal | undefined {
  const at = url.indexOf("?");
  if (/%(?![0-9a-fA-F]{2})/.test(at < 0 ? url : url.slice(0, at))) return badRequest();
  if (httpVersion !== "1.1") return undefined;
  const coding = headers["transfer-encoding"];
  if (coding !== undefined && String(coding).toLowerCase() !== "chunked") {
    const words = STATUS_CODES[501] ?? "";
    return { status: 501, words, body: "Unsupported transfer encoding" };
  }
  if (headers["host"] === undefined) return badRequest("missing required Host header");
  let hosts = 0;
  for (let name = 0; name < rawHeaders.length; name += 2) {
    if (rawHeaders[name]?.toLowerCase() === "host") hosts++;
  }
  return hosts > 1 ? badRequest("too many Host headers") : undefined;
}

/** The whole answer, for a connection on which nothing else will be said. */
export function refusalText({ status, words, body }: Refusal): string {
  const headers = ["Content-Type: text/plain; charset=utf-8", "Connection: close"];
  return `${[`HTTP/1.1 ${status} ${words}`, ...headers].join("\r\n")}\r\n\r\n${body}`;
}
