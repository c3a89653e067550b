/**
 * A request that another server answers. In: the request of somebody who may make it, and the
 * backend. Out: the backend's answer as it comes, or why there is none. Nobody's credentials are
 * passed on: who asks stands in headers that the front-proxy certificate vouches for.
 */
import type { IncomingMessage } from "node:http";
import { StatusFault } from "@rktnetes/api/status-fault";
import { Fault, systemClock } from "@shared/base";
import type { ApiServer } from "../api-server.ts";
import type { User } from "../auth/user.ts";
import { type Answer, textAnswer } from "../http/answer.ts";
import type { ApiRequest, Outlet } from "../http/api-request.ts";
import type { Backend } from "./backend.ts";
import { type Headers, send, tlsOptionsOf, userHeaders } from "./connect.ts";
import { dialError } from "./dial-error.ts";
import { type Address, resolveService } from "./resolve-service.ts";

/** A request and where its answer goes. */
export interface Passing {
  readonly request: ApiRequest;
  readonly outlet: Outlet;
  readonly user: User;
}

/** Clients that do not read may have so many bytes waiting. */
const WAITING_MAX = 1024 * 1024;
const WAIT_MS = 20;

export async function passOn(
  server: ApiServer,
  backend: Backend,
  passing: Passing,
): Promise<Answer | undefined> {
  if (!backend.isAvailable) return unavailable("service unavailable");
  const address = await addressOf(server, backend);
  if (address === undefined) return unavailable("service unavailable");
  const tls = tlsOptionsOf(backend, server.apiServices.keys);
  const { request, user } = passing;
  const headers = { ...passedHeaders(request), ...userHeaders(user) };
  const path = request.search === "" ? request.path : `${request.path}?${request.search}`;
  const { method, connection } = request;
  if (connection !== undefined) {
    const { passUpgrade } = await import("./proxy-upgrade.ts");
    return await passUpgrade({ connection, address, tls }, { method, headers, path });
  }
  const body = BODILESS.has(method) ? undefined : await request.body();
  using patience = patienceWith(request);
  const { signal } = patience;
  try {
    const sent = { method, path, headers, signal, ...(body === undefined ? {} : { body }) };
    const response = await send(address, tls, sent);
    patience.stop();
    await relay(response, passing.outlet);
    return undefined;
  } catch (error) {
    if (patience.isOver) throw tooSlow();
    return unavailable(dialError(error, address.host, address.port));
  }
}

/** So long until an answer begins; that of a watch may take as long as the client waits. */
const PATIENCE_MS = 60_000;

interface ProxyPatience extends Disposable {
  /** Aborts when the client goes, or when the time is over. */
  readonly signal: AbortSignal;
  readonly isOver: boolean;
  stop(): void;
}

function patienceWith(request: ApiRequest): ProxyPatience {
  const over = new AbortController();
  const isWatch = /(?:^|&)watch=(?:true|1|t|T|TRUE|True)(?:&|$)/.test(request.search);
  const timer = isWatch ? undefined : setTimeout(() => over.abort(), PATIENCE_MS);
  return {
    signal: AbortSignal.any([request.signal(), over.signal]),
    get isOver() {
      return over.signal.aborted;
    },
    stop: () => clearTimeout(timer),
    [Symbol.dispose]: () => clearTimeout(timer),
  };
}

function tooSlow(): StatusFault {
  const message = "Timeout: request did not complete within the allotted timeout";
  return new StatusFault({ code: 504, reason: "Timeout", message, details: {} });
}

const BODILESS: ReadonlySet<string> = new Set(["GET", "HEAD"]);

function unavailable(why: string): Answer {
  return textAnswer(503, `${why}\n`);
}

async function addressOf(parts: ApiServer, { service }: Backend): Promise<Address | undefined> {
  try {
    return await resolveService(parts, service);
  } catch (error) {
    if (Fault.from(error).kind === "unavailable") return undefined;
    throw error;
  }
}

/** Of one connection, not of the request. @see RFC 9110 §7.6.1 */
const HOP: ReadonlySet<string> = new Set([
  "connection",
  "content-length",
  "host",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** Say who asks, to this server only. */
const CREDENTIALS = /^(authorization$|impersonate-|x-remote-|:)/;

function passedHeaders(request: ApiRequest): Headers {
  const headers: Record<string, readonly string[]> = {};
  for (const name of request.headerNames()) {
    if (!HOP.has(name) && !CREDENTIALS.test(name)) headers[name] = request.headerValues(name);
  }
  const { sourceAddress = "" } = request;
  if (sourceAddress === "") return headers;
  const before = request.header("x-forwarded-for");
  const forwarded = before === undefined ? sourceAddress : `${before}, ${sourceAddress}`;
  return { ...headers, "x-forwarded-for": forwarded };
}

/** Resolves when the answer has begun; the rest follows by itself. */
async function relay(response: IncomingMessage, outlet: Outlet): Promise<void> {
  outlet.begin(response.statusCode ?? 502, answeredHeaders(response.rawHeaders));
  await pour(response, outlet);
}

async function pour(response: IncomingMessage, outlet: Outlet): Promise<void> {
  try {
    for await (const part of response as AsyncIterable<Buffer>) {
      outlet.write(part);
      while (outlet.waitingBytes > WAITING_MAX) await systemClock.sleep(WAIT_MS);
    }
    outlet.end();
  } catch {
    outlet.destroy(); // what was begun cannot be unsaid
  }
}

function answeredHeaders(raw: readonly string[]): Headers {
  const headers: Record<string, string[]> = {};
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = (raw[at] ?? "").toLowerCase();
    const isHop = HOP.has(name) && name !== "content-length";
    if (!isHop) (headers[name] ??= []).push(raw[at + 1] ?? "");
  }
  return headers;
}
