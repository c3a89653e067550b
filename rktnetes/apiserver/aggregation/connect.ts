/**
 * Requests of this server to other API servers, in the name of somebody: the front-proxy
 * certificate says who speaks, headers say for whom. In: a backend, an address, a request. Out: the
 * response as it begins. @throws what the connection threw
 */
import type { IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import type { User } from "../auth/user.ts";
import type { KeyPair } from "../certificates/certificates.ts";
import { type Backend, serverNameOf } from "./backend.ts";
import { authorityOf } from "./dial-error.ts";
import type { Address } from "./resolve-service.ts";

/** Headers as they go over the wire. */
export type Headers = Readonly<Record<string, string | readonly string[]>>;

/** One request to a backend. */
export interface Sent {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: Headers;
  readonly body?: Buffer;
  readonly signal: AbortSignal;
}

/** What both sides of a connection to a backend show each other. */
export interface TlsOptions {
  readonly servername: string;
  readonly rejectUnauthorized: boolean;
  readonly ca?: string;
  readonly key?: string;
  readonly cert?: string;
}

export function tlsOptionsOf(backend: Backend, keys: KeyPair | undefined): TlsOptions {
  const { authority, isInsecure } = backend;
  return {
    servername: serverNameOf(backend),
    rejectUnauthorized: !isInsecure,
    ...(authority === undefined ? {} : { ca: authority }),
    ...(keys === undefined ? {} : { key: keys.key, cert: keys.certificate }),
  };
}

export function send(
  { host, port }: Address,
  tls: TlsOptions,
  { method, path, headers, body, signal }: Sent,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = httpsRequest(
      {
        ...tls,
        host,
        port,
        method,
        path,
        agent: false,
        headers: { host: authorityOf(host, port), ...mutable(headers), connection: "close" },
      },
      resolve,
    );
    const stop = (): void => void request.destroy(new Error("context canceled"));
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
    request.once("close", () => signal.removeEventListener("abort", stop));
    request.on("error", reject);
    request.end(body);
  });
}

function mutable(headers: Headers): Record<string, string | string[]> {
  const all = Object.entries(headers);
  return Object.fromEntries(
    all.map(([name, value]) => [name, typeof value === "string" ? value : [...value]]),
  );
}

/** By these headers a server that trusts the front proxy knows the user. */
export function userHeaders({ name, uid, groups, extra }: User): Headers {
  const headers: Record<string, string | readonly string[]> = { "x-remote-user": name };
  if (uid !== "") headers["x-remote-uid"] = uid;
  if (groups.length > 0) headers["x-remote-group"] = groups;
  for (const [key, values] of Object.entries(extra)) {
    headers[`x-remote-extra-${escapedKey(key)}`] = values;
  }
  return headers;
}

/** Whatever cannot stand in the name of a header is written as in a URL. */
function escapedKey(key: string): string {
  const safe = /[A-Za-z0-9!#$&'*+.^_`|~-]/;
  const escape = (byte: number): string => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  return [...Buffer.from(key)]
    .map((byte) =>
      safe.test(String.fromCharCode(byte)) ? String.fromCharCode(byte) : escape(byte),
    )
    .join("");
}
