/**
 * Who we are for a server of archives, as `auth.d` has it. In: a request; out: its headers. Over
 * plain HTTP only where that was allowed.
 */
import type { ImageHost } from "../host.ts";
import type { HttpAuth } from "./auth.ts";
import { awsHeaders } from "./aws.ts";

type AuthHost = Pick<ImageHost, "clock" | "site">;

export interface AuthRequest {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly downgrade?: boolean;
}

/** No headers where nothing is known of the host, or the caller has brought credentials. */
export function siteAuthorization(
  host: AuthHost,
  { url, headers = {}, downgrade }: AuthRequest,
): Readonly<Record<string, string>> {
  const at = new URL(url);
  const allowed = at.protocol === "https:" || downgrade === true;
  const brought = Object.keys(headers).some((name) => name.toLowerCase() === "authorization");
  if (!allowed || brought || host.site === undefined) return {};
  const { domains } = host.site().auth;
  const auth = domains.get(at.host) ?? domains.get(at.hostname);
  if (auth === undefined) return {};
  return auth.type === "aws"
    ? awsHeaders(at, headers, auth, host.clock.now())
    : { Authorization: authorization(auth) };
}

function authorization(auth: Exclude<HttpAuth, { type: "aws" }>): string {
  if (auth.type === "oauth") return `Bearer ${auth.token}`;
  return `Basic ${Buffer.from(`${auth.user}:${auth.password}`).toString("base64")}`;
}
