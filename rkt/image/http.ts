/**
 * One HTTP request. In: a URL and headers; out: status, headers and a bounded-wait stream of the
 * body. Follows redirects itself: credentials stay with their host, and https never becomes http
 * unless that is allowed. Never retries, never interprets a body, never decodes it: digests and
 * signatures are over the bytes as stored.
 */
import { Fault, quote } from "@shared/base";
import { siteAuthorization } from "./config/http-auth.ts";
import { siteTls } from "./config/certificates.ts";
import type { ImageHost } from "./host.ts";

export type HttpHost = Pick<
  ImageHost,
  "clock" | "random" | "version" | "authorities" | "signal" | "site" | "proxyOf" | "patienceMs"
>;

export interface HttpRequest {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Certificates are not checked. */
  readonly insecureTls?: boolean;
  /** An https URL may redirect to http. */
  readonly downgrade?: boolean;
  /** GET unless told; what another method sends is not sent again after a redirect. */
  readonly method?: "HEAD" | "POST" | "PUT";
  readonly body?: RequestBody;
  /** The caller sees to credentials; those of `auth.d` are for servers of files. */
  readonly ownCredentials?: boolean;
}

export interface RequestBody {
  readonly content: Uint8Array | Blob | string;
  readonly sizeBytes: number;
}

export interface HttpReply {
  /** After redirects. */
  readonly url: string;
  readonly status: number;
  readonly headers: Headers;
  /** Ends with a fault when it is cut short or stalls. Read it or `return()` it. */
  readonly body: AsyncGenerator<Uint8Array, void, undefined>;
}

const REDIRECTS_MAX = 10;
/** How long a server may take for its headers; twice as long may pass between looks at a body. */
const PATIENCE_MS = 30_000;
/** A body that is slower than this is not on its way but keeps us waiting. */
const BYTES_PER_MS_MIN = 1;

/** @throws {Fault} "unavailable", "timeout", "denied" (certificate), "canceled", "invalid" */
export async function httpGet(host: HttpHost, request: HttpRequest): Promise<HttpReply> {
  let { url } = request;
  let headers = request.headers ?? {};
  for (let hop = 0; hop <= REDIRECTS_MAX; hop++) {
    const reply = await getOnce(host, { ...request, url, headers });
    const location = reply.headers.get("location");
    if (reply.status < 300 || reply.status > 399 || location === null) return reply;
    if (request.body !== undefined) return reply;
    await reply.body.return();
    const next = redirectTarget(url, location, request.downgrade === true);
    if (!mayTravel(url, next)) headers = withoutCredentials(headers);
    url = next;
  }
  throw new Fault("invalid", `get ${shown(request.url)}: more than ${REDIRECTS_MAX} redirects`);
}

function redirectTarget(from: string, location: string, downgrade: boolean): string {
  const next = URL.parse(location, from);
  const plain = next?.protocol === "http:" && (downgrade || from.startsWith("http:"));
  if (next !== null && (next.protocol === "https:" || plain)) return next.href;
  throw new Fault("denied", `get ${shown(from)}: refuse the redirect to ${shown(location)}`);
}

/** Credentials stay with the host that they are for, and never leave https for http. */
function mayTravel(from: string, to: string): boolean {
  const [here, there] = [new URL(from), new URL(to)];
  return here.host === there.host && (here.protocol === there.protocol || isSecure(there));
}

function isSecure({ protocol }: URL): boolean {
  return protocol === "https:";
}

function withoutCredentials(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => name.toLowerCase() !== "authorization"),
  );
}

async function getOnce(host: HttpHost, request: HttpRequest): Promise<HttpReply> {
  const watch = startWatch(host, request);
  try {
    const response = await fetch(request.url, {
      method: request.method ?? "GET",
      ...(request.body !== undefined && { body: request.body.content }),
      // Told so, the runtime does not look for proxies itself.
      proxy: host.proxyOf?.(request.url) ?? false,
      redirect: "manual",
      decompress: false,
      signal: watch.signal,
      headers: {
        "User-Agent": `rkt/${host.version}`,
        "Accept-Encoding": "identity",
        ...request.headers,
        ...(request.ownCredentials !== true && siteAuthorization(host, request)),
      },
      tls: {
        rejectUnauthorized: request.insecureTls !== true,
        ...siteTls(host, request.url),
      },
    } as unknown as BunFetchRequestInit);
    watch.received(Number.POSITIVE_INFINITY);
    const { url } = request;
    const body = readBody({ url, bodiless: request.method === "HEAD" }, response, watch);
    return { url, status: response.status, headers: response.headers, body };
  } catch (error) {
    watch.stop();
    throw watch.reason() ?? trustsNobody(host, request) ?? networkFault(request.url, error);
  }
}

async function* readBody(
  { url, bodiless }: { readonly url: string; readonly bodiless: boolean },
  response: Response,
  watch: Watch,
): AsyncGenerator<Uint8Array, void, undefined> {
  const length = bodiless ? null : response.headers.get("content-length");
  let bytes = 0;
  try {
    const stream: AsyncIterable<Uint8Array> | null = response.body;
    for await (const chunk of stream ?? nothing()) {
      watch.received(chunk.length);
      bytes += chunk.length;
      yield chunk;
    }
  } catch (error) {
    throw watch.reason() ?? networkFault(url, error);
  } finally {
    watch.stop();
  }
  if (length !== null && bytes !== Number(length)) {
    const short = `the connection ended after ${bytes} of ${length} bytes`;
    throw new Fault("unavailable", `get ${shown(url)}: ${short}`);
  }
}

async function* nothing(): AsyncGenerator<Uint8Array, void, undefined> {}

/** Aborts a request that stands still. */
interface Watch {
  readonly signal: AbortSignal;
  /** Bytes that have come; without end for the headers, which count as much as any. */
  received(bytes: number): void;
  stop(): void;
  /** Why it was aborted, if it was. */
  reason(): Fault | undefined;
}

/** An upload may be as slow as this and still be on its way. */
const UPLOAD_BYTES_PER_MS = 16;

function startWatch(host: HttpHost, { url, body }: HttpRequest): Watch {
  const { patienceMs = PATIENCE_MS } = host;
  const headMsMax = patienceMs + (body?.sizeBytes ?? 0) / UPLOAD_BYTES_PER_MS;
  const idleMsMax = 2 * patienceMs;
  const request = new AbortController();
  const timer = new AbortController();
  let seen = 0;
  let reason: Fault | undefined;
  const abort = (fault: Fault): void => {
    reason ??= fault;
    request.abort(fault);
  };
  const cancel = (): void => abort(new Fault("canceled", `get ${shown(url)}: canceled`));
  host.signal?.addEventListener("abort", cancel, { once: true });
  if (host.signal?.aborted === true) cancel();
  const loop = async (): Promise<void> => {
    await host.clock.sleep(headMsMax, timer.signal);
    let enough = seen > 0;
    const begun = enough;
    while (enough) {
      seen = 0;
      await host.clock.sleep(idleMsMax, timer.signal);
      enough = seen >= idleMsMax * BYTES_PER_MS_MIN;
    }
    const why = begun && seen > 0 ? "is too slow" : "does not answer";
    abort(new Fault("timeout", `get ${shown(url)}: the server ${why}`));
  };
  loop().catch(() => undefined); // rejected by stop() only
  return {
    signal: request.signal,
    received: (bytes) => {
      seen += bytes;
    },
    stop: () => {
      timer.abort();
      host.signal?.removeEventListener("abort", cancel);
    },
    reason: () => reason,
  };
}

/** A list without a certificate fails before the first byte, with an error that says nothing. */
function trustsNobody(
  { authorities }: HttpHost,
  { url, insecureTls }: HttpRequest,
): Fault | undefined {
  const checked = insecureTls !== true && isSecure(new URL(url));
  if (!checked || authorities === undefined || authorities.includes("BEGIN CERT")) return undefined;
  const why = "x509: certificate signed by unknown authority";
  return new Fault("denied", `get ${shown(url)}: ${why}`, {
    hint: "no certificates were found where SSL_CERT_FILE or SSL_CERT_DIR say",
  });
}

const CERTIFICATE = /CERT|SELF_SIGNED|UNABLE_TO_|HOSTNAME|ALTNAME/;

/** Nobody there whom we could talk to: waiting a second will not help. */
const UNREACHED: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused",
  ConnectionRefused: "connection refused",
  ENOTFOUND: "no such host",
  EPROTO: "tls: the server does not speak TLS",
};

/** An answer that breaks the protocol: asked again it would be the same. */
const MALFORMED: Readonly<Record<string, string>> = {
  Malformed_HTTP_Response: "the answer is not HTTP",
  InvalidHTTPResponse: "the answer is not HTTP",
  InvalidContentLength: "the answer has two lengths",
  ResponseHeadersTooLarge: "the headers of the answer are too large",
};

const BROKEN: Readonly<Record<string, string>> = {
  ECONNRESET: "the connection was closed",
  ConnectionClosed: "the connection was closed",
  EAI_AGAIN: "temporary failure in name resolution",
};

function networkFault(url: string, error: unknown): Fault {
  if (error instanceof Fault) return error;
  const { code, message } = error as { code?: unknown; message?: unknown };
  const name = typeof code === "string" ? code : "";
  const action = `get ${shown(url)}`;
  if (CERTIFICATE.test(name)) {
    return new Fault("denied", `${action}: x509: ${words(String(message))}`, {
      hint: "if you trust this server all the same: --insecure-options=tls",
    });
  }
  const unreached = UNREACHED[name];
  if (unreached !== undefined) {
    return new Fault("unavailable", `${action}: ${unreached}`, { details: { reached: "no" } });
  }
  const malformed = MALFORMED[name];
  if (malformed !== undefined) return new Fault("invalid", `${action}: ${malformed}`);
  const reason = BROKEN[name] ?? (words(String(message ?? error)) || name);
  return new Fault("unavailable", `${action}: ${reason}`);
}

/** A URL as it stands in messages: without its password. */
function shown(url: string): string {
  return quote(url.replace(/^([a-z]+:\/\/[^/?#@]*?):[^/?#@]*@/i, "$1:***@"));
}

/** A message of the runtime without its code and its full stop. */
function words(text: string): string {
  const plain = text.replace(/^[A-Z_]+: /, "").replace(/\.$/, "");
  return plain.charAt(0).toLowerCase() + plain.slice(1);
}

/** Rkt's words for a status that is no success. */
export function statusFault(reply: HttpReply): Fault {
  const message = `get ${shown(reply.url)}: bad HTTP status code: ${reply.status}`;
  if (reply.status === 404) return new Fault("not-found", message);
  if (reply.status === 401 || reply.status === 403) return new Fault("denied", message);
  const later = reply.status === 429 || reply.status >= 500;
  if (!later) return new Fault("invalid", message);
  const waitMs = waitOf(reply.headers.get("retry-after") ?? "", reply.headers.get("date") ?? "");
  if (waitMs === undefined) return new Fault("unavailable", message);
  if (waitMs <= WAIT_MS_MAX) return new Fault("unavailable", message, { details: { waitMs } });
  const hint = `the server wants no more requests for ${Math.ceil(waitMs / 1000)} s`;
  return new Fault("unavailable", message, { hint, details: { reached: "no" } });
}

/** Longer than this nobody wants to look at a command that does nothing. */
const WAIT_MS_MAX = 60_000;

/** What `Retry-After` asks for: seconds, or a time, which counts from the server's own. */
function waitOf(after: string, now: string): number | undefined {
  if (/^\d+$/.test(after)) return Number(after) * 1000;
  const waitMs = Date.parse(after) - Date.parse(now);
  return Number.isNaN(waitMs) ? undefined : Math.max(0, waitMs);
}

/** How long the server asked us to wait; undefined where it did not. */
export function retryAfterMs(error: unknown): number | undefined {
  const { waitMs } = Fault.from(error).details;
  return typeof waitMs === "number" ? waitMs : undefined;
}

/** A whole small body. @throws {Fault} "exhausted" when it is larger than `bytesMax` */
export async function readAll(reply: HttpReply, bytesMax: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of reply.body) {
    bytes += chunk.length;
    if (bytes > bytesMax) {
      const message = `get ${shown(reply.url)}: larger than the ${bytesMax} bytes allowed`;
      throw new Fault("exhausted", message);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** A whole small document. @throws {Fault} as `httpGet`, `statusFault` and `readAll` */
export async function getSmall(
  host: HttpHost,
  request: HttpRequest,
  bytesMax: number,
): Promise<Uint8Array> {
  const reply = await httpGet(host, request);
  if (reply.status === 200) return await readAll(reply, bytesMax);
  await reply.body.return();
  throw statusFault(reply);
}

/** Whether the same request may succeed a little later. */
export function worthRetrying(error: unknown): boolean {
  const { kind, details } = Fault.from(error);
  return (kind === "unavailable" && details["reached"] !== "no") || kind === "timeout";
}
