/**
 * How long an answer of a server holds. In: its headers, or what was kept of them; out: a lifetime,
 * or whether it is over. Pure.
 *
 * @see RFC 9111 section 5.2.2; rkt, rkt/image/httpops.go
 */

/** What a server said of a file: enough to ask for it again only if it has changed. */
export interface Validity {
  /** Empty where the server gave none. */
  readonly etag: string;
  /** 0 where the server has to be asked always. */
  readonly maxAgeMs: number;
}

/** Ten years: whoever says more means "for ever", and the sum must stay a safe integer. */
const AGE_MS_MAX = 10 * 365 * 86_400_000;

export function validityOf(headers: Headers): Validity {
  return {
    etag: headers.get("etag") ?? "",
    maxAgeMs: maxAgeMsOf(headers.get("cache-control") ?? ""),
  };
}

function maxAgeMsOf(cacheControl: string): number {
  const directives = cacheControl.split(",").map((text) => text.trim().toLowerCase());
  if (directives.includes("no-store") || directives.includes("no-cache")) return 0;
  const text = directives.find((each) => each.startsWith("max-age="))?.slice("max-age=".length);
  if (text === undefined || !/^"?\d+"?$/.test(text)) return 0;
  return Math.min(Number(text.replaceAll('"', "")) * 1000, AGE_MS_MAX);
}

/** Whether an answer of `fetchedMs` still holds. One from the future does not. */
export function isFresh(
  { maxAgeMs, fetchedMs }: { readonly maxAgeMs: number; readonly fetchedMs: number },
  nowMs: number,
): boolean {
  return fetchedMs <= nowMs && nowMs < fetchedMs + maxAgeMs;
}
