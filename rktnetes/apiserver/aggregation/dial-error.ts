/** What clients of an API server read when it could not reach another server. Pure. */
import { goQuote } from "@rktnetes/api/field-error";

const UNKNOWN_AUTHORITY: ReadonlySet<string> = new Set([
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
]);

const CONNECT: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connect: connection refused",
  EHOSTUNREACH: "connect: no route to host",
  ENETUNREACH: "connect: network is unreachable",
  ETIMEDOUT: "i/o timeout",
};

/** The words for an error of a connection to `host:port`. */
export function dialError(error: unknown, host: string, port: number): string {
  const { code = "", message } = error as Error & { readonly code?: string };
  const connect = CONNECT[code];
  if (connect !== undefined) return `dial tcp ${authorityOf(host, port)}: ${connect}`;
  if (code === "ENOTFOUND" || code === "EAI_AGAIN" || code === "DNS_ENOTFOUND") {
    return `dial tcp: lookup ${host}: no such host`;
  }
  if (UNKNOWN_AUTHORITY.has(code)) {
    return "tls: failed to verify certificate: x509: certificate signed by unknown authority";
  }
  if (code === "CERT_HAS_EXPIRED" || code === "CERT_NOT_YET_VALID") {
    const why = "certificate has expired or is not yet valid";
    return `tls: failed to verify certificate: x509: ${why}`;
  }
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") return nameProblem(message);
  return message;
}

/** `Host: a.b.svc. is not in the cert's altnames: DNS:x, DNS:y` */
function nameProblem(message: string): string {
  const wanted = /Host: (.*)\. is not/.exec(message)?.[1] ?? "";
  const names = [...message.matchAll(/(?:DNS|IP Address):([^,\s]+)/g)].map(([, name]) => name);
  const valid =
    names.length === 0
      ? `certificate is not valid for any names, but wanted to match ${wanted}`
      : `certificate is valid for ${names.join(", ")}, not ${wanted}`;
  return `tls: failed to verify certificate: x509: ${valid}`;
}

/** `Get "https://…": why` */
export function getError(url: string, why: string): string {
  return `Get ${goQuote(url)}: ${why}`;
}

/** `host:port`, with brackets for IPv6. */
export function authorityOf(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
