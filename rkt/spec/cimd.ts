/**
 * Distribution points of rkt: `cimd:TYPE:v=0:DATA` flows in, the plain reference that says the same
 * flows out. Pure.
 *
 * @see rkt Documentation/devel/distribution-point.md
 */
import { Fault, quote } from "@shared/base";

const VERSION = 0;

/** What kind of place it is, and the plain text for it. */
export interface DistributionPoint {
  readonly type: "appc" | "aci-archive" | "docker";
  readonly text: string;
}

/** The text without `cimd:` as a point. Faults: invalid, with rkt's words. */
export function parseDistributionPoint(text: string): DistributionPoint {
  const [type, version, ...rest] = text.split(":");
  const whole = quote(`cimd:${text}`);
  if (type === undefined || version === undefined || rest.length === 0) {
    throw wrong(whole, "malformed distribution string");
  }
  const number = /^v=(\d{1,10})$/.exec(version)?.[1];
  if (number === undefined) throw wrong(whole, `malformed distribution version: ${version}`);
  if (Number(number) !== VERSION) throw wrong(whole, `unsupported version: ${Number(number)}`);
  const data = rest.join(":");
  if (type === "appc") return { type, text: appcName(data, whole) };
  if (type === "aci-archive") return { type, text: archiveUrl(unescape(data, whole), whole) };
  if (type === "docker") return { type, text: `docker://${unescape(data, whole)}` };
  throw new Fault("invalid", `unknown distribution type: ${quote(type)}`);
}

/** `name?version=1&os=linux` → `name:1,os=linux`; a label given twice counts as first given. */
function appcName(data: string, whole: string): string {
  const question = data.indexOf("?");
  const name = unescape(question < 0 ? data : data.slice(0, question), whole);
  const labels = new Map<string, string>();
  for (const [label, value] of new URLSearchParams(question < 0 ? "" : data.slice(question))) {
    if (!labels.has(label)) labels.set(label, value);
  }
  return [name, ...[...labels].map(([label, value]) => `${label}=${value}`)].join(",");
}

function archiveUrl(url: string, whole: string): string {
  if (/^(?:file|https?):/i.test(url)) return url;
  throw wrong(whole, "wrong archive transport url");
}

function unescape(text: string, whole: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    throw wrong(whole, `invalid URL escape in ${quote(text)}`);
  }
}

function wrong(whole: string, why: string): Fault {
  return new Fault("invalid", `cannot parse URI: ${whole}: ${why}`);
}
