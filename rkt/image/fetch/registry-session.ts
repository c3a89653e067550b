/**
 * A conversation with one repository of one registry. In: requests; out: replies. Finds out how the
 * registry is reached (https, or plain http only where that was allowed), answers what it asks of
 * us, and keeps the answer. Credentials go to the registry and to the token server it names.
 *
 * @see OCI Distribution Specification 1.1; Docker Registry v2 token authentication
 */
import { Fault, quote } from "@shared/base";
import type { RegistryPlace } from "../config/registries.ts";
import type { Insecure } from "../host.ts";
import { type HttpHost, type HttpReply, type HttpRequest, httpGet } from "../http.ts";
import { type Challenge, parseChallenge } from "./challenge.ts";
import { answerChallenge } from "./registry-auth.ts";
import type { Actions, RegistryOptions } from "./registry-options.ts";

/** What one request of a conversation may say. */
export type SessionRequest = Pick<HttpRequest, "method" | "headers" | "body">;

export interface RegistrySession {
  /** `https://registry.test/v2/library/busybox`, without a slash at its end. */
  readonly url: string;
  readonly send: (url: string, request?: SessionRequest) => Promise<HttpReply>;
}

/**
 * Asks the registry how it wants to be talked to. @throws {Fault} "unavailable", "denied",
 * "timeout"
 */
export async function openSession(
  host: HttpHost,
  place: RegistryPlace,
  options: RegistryOptions & { readonly actions: Actions },
): Promise<RegistrySession> {
  const { base, challenge } = await findBase(host, place.registry, options.insecure);
  const send = authorised(host, { base, place, options, challenge });
  return { url: `${base}/v2/${place.repository}`, send };
}

interface Found {
  readonly base: string;
  readonly challenge: Challenge | undefined;
}

/** https; where it does not answer and plain HTTP is allowed, http. */
async function findBase(host: HttpHost, registry: string, insecure: Insecure): Promise<Found> {
  try {
    return await ping(host, `https://${registry}`, insecure);
  } catch (error) {
    const { kind } = Fault.from(error);
    const mute = kind === "unavailable" || kind === "timeout";
    if (!insecure.http || !mute) throw withHttpHint(error, insecure);
  }
  return await ping(host, `http://${registry}`, insecure);
}

function withHttpHint(error: unknown, insecure: Insecure): Fault {
  const fault = Fault.from(error);
  if (insecure.http || fault.kind !== "unavailable") return fault;
  const hint = "if the registry speaks plain HTTP: --insecure-options=http";
  return new Fault(fault.kind, fault.message, { cause: fault.cause, hint });
}

async function ping(host: HttpHost, base: string, insecure: Insecure): Promise<Found> {
  const reply = await httpGet(host, requestOf(`${base}/v2/`, {}, insecure));
  await reply.body.return();
  return { base, challenge: reply.status === 401 ? challengeOf(reply) : undefined };
}

function challengeOf(reply: HttpReply): Challenge | undefined {
  return parseChallenge(reply.headers.get("www-authenticate") ?? "");
}

function requestOf(url: string, request: SessionRequest, insecure: Insecure): HttpRequest {
  const tls = { insecureTls: insecure.tls, downgrade: insecure.http };
  return { ...request, url, ...tls, ownCredentials: true };
}

interface Parties {
  readonly base: string;
  readonly place: RegistryPlace;
  readonly options: RegistryOptions & { readonly actions: Actions };
  /** Of the first reply; what it asks for is answered before it is asked for again. */
  readonly challenge: Challenge | undefined;
}

function authorised(host: HttpHost, parties: Parties): RegistrySession["send"] {
  const { options } = parties;
  const { origin } = new URL(parties.base);
  let authorization: Promise<string | undefined> | undefined;
  const answer = async (challenge: Challenge | undefined): Promise<string | undefined> =>
    await answerChallenge(host, { ...parties, challenge });
  const send = async (url: string, request: SessionRequest): Promise<HttpReply> => {
    // An upload may go on at another host, which is told nothing of us.
    const word = new URL(url).origin === origin ? await authorization : undefined;
    const headers = { ...request.headers, ...(word !== undefined && { Authorization: word }) };
    return await httpGet(host, requestOf(url, { ...request, headers }, options.insecure));
  };
  return async (url, request = {}) => {
    if (parties.challenge !== undefined) authorization ??= answer(parties.challenge);
    const sent = authorization;
    const reply = await send(url, request);
    if (reply.status !== 401) return reply;
    await reply.body.return();
    // Tokens end; of several requests that notice, one asks for a new one.
    if (authorization === sent) authorization = answer(challengeOf(reply));
    if ((await authorization) === undefined) throw asksForPassword(parties.place.registry, reply);
    return await send(url, request);
  };
}

function asksForPassword(registry: string, reply: HttpReply): Fault {
  const message = `registry ${quote(registry)} asks for a password`;
  return new Fault("denied", message, {
    cause: new Fault("denied", `get ${quote(reply.url)}: bad HTTP status code: ${reply.status}`),
    hint: 'credentials go into auth.d ("dockerAuth") or into docker\'s config.json',
  });
}
