/**
 * Bytes in JSON. In: base64 text. Out: the same bytes as Go's encoder writes them, or a Fault that
 * names the offset of what is wrong, counted as Go counts it.
 */
import { Fault } from "@shared/base";

const WHOLE = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const DIGIT = /[A-Za-z0-9+/]/;

/** Text without line breaks, padded, with no stray bits at its end. */
export function canonicalBase64(text: string): string {
  if (WHOLE.test(text)) {
    return text.endsWith("=") ? Buffer.from(text, "base64").toString("base64") : text;
  }
  const wrongAt = firstWrong(text);
  if (wrongAt !== undefined) {
    throw new Fault("invalid", `illegal base64 data at input byte ${wrongAt}`);
  }
  return Buffer.from(text, "base64").toString("base64");
}

/** Where Go's decoder stops; undefined when it reads to the end. */
function firstWrong(text: string): number | undefined {
  let digits = 0;
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at);
    if (char === "\n" || char === "\r") continue;
    if (char === "=") return wrongPadding(text, at, digits);
    if (!DIGIT.test(char)) return Buffer.byteLength(text.slice(0, at));
    digits = (digits + 1) % 4;
  }
  return digits === 0 ? undefined : text.length - digits;
}

function wrongPadding(text: string, at: number, digits: number): number | undefined {
  if (digits < 2) return at;
  let next = afterBreaks(text, at + 1);
  if (digits === 2) {
    if (next === text.length) return next;
    if (text[next] !== "=") return next;
    next = afterBreaks(text, next + 1);
  }
  return next < text.length ? next : undefined;
}

function afterBreaks(text: string, from: number): number {
  let at = from;
  while (text[at] === "\n" || text[at] === "\r") at++;
  return at;
}
