/**
 * What `format` demands of a string. Formats that are not listed here demand nothing. Pure.
 */
import { isIP, isIPv4, isIPv6 } from "node:net";
import { dnsLabelProblems, dnsSubdomainProblems } from "../values/names.ts";

type Check = (text: string) => boolean;

function matches(pattern: RegExp): Check {
  return (text) => pattern.test(text);
}

const UUID = (version: string): RegExp =>
  new RegExp(`^[0-9a-f]{8}-?[0-9a-f]{4}-?${version}[0-9a-f]{3}-?[0-9a-f]{4}-?[0-9a-f]{12}$`, "i");

const HOST_LABEL = "[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?";
const HOST = new RegExp(String.raw`^${HOST_LABEL}(\.${HOST_LABEL})*$`);

const BYTE = "[0-9a-fA-F]{2}";
const MAC = new RegExp(
  String.raw`^(${BYTE}[:-]){5}(${BYTE}|(${BYTE}[:-]){2}${BYTE})$` +
    String.raw`|^([0-9a-fA-F]{4}\.){2,3}[0-9a-fA-F]{4}$`,
);

const CARD = new RegExp(
  String.raw`^(?:4\d{12}(?:\d{3})?|5[1-5]\d{14}|6(?:011|5\d\d)\d{12}|3[47]\d{13}` +
    String.raw`|3(?:0[0-5]|[68]\d)\d{11}|(?:2131|1800|35\d{3})\d{11})$`,
);

const UNITS =
  "ns|nanos?|us|µs|micros?|ms|millis?|s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?|w|" +
  "wks?|weeks?";
const WORDED = new RegExp(String.raw`^(\d+(\.\d+)?\s*(${UNITS})\s*)+$`, "i");

const CHECKS: Readonly<Record<string, Check>> = {
  bsonobjectid: matches(/^[0-9a-fA-F]{24}$/),
  uri: isUri,
  email: matches(/^[^\s@<>,;]+@[^\s@<>,;]+$/),
  hostname: matches(HOST),
  ipv4: isIPv4,
  ipv6: isIPv6,
  ip: (text) => isIP(text) !== 0,
  cidr: isCidr,
  mac: matches(MAC),
  uuid: matches(UUID("[0-9a-f]")),
  uuid3: matches(UUID("3")),
  uuid4: matches(/^[0-9a-f]{8}-?[0-9a-f]{4}-?4[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}$/i),
  uuid5: matches(/^[0-9a-f]{8}-?[0-9a-f]{4}-?5[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}$/i),
  isbn: (text) => isIsbn10(text) || isIsbn13(text),
  isbn10: isIsbn10,
  isbn13: isIsbn13,
  creditcard: matches(CARD),
  ssn: matches(/^\d{3}[- ]?\d{2}[- ]?\d{4}$/),
  hexcolor: matches(/^#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$/),
  rgbcolor: isRgb,
  byte: isBase64,
  password: () => true,
  date: isDate,
  duration: isDuration,
  datetime: isDateTime,
  "date-time": isDateTime,
  "k8s-short-name": (text) => dnsLabelProblems(text).length === 0,
  "k8s-long-name": (text) => dnsSubdomainProblems(text).length === 0,
};

/** Numbers have formats too; they say how large the number may be. */
const OF_NUMBERS: ReadonlySet<string> = new Set(["int32", "int64", "float", "double"]);

/** Whether anybody knows this format. */
export function isKnownFormat(format: string): boolean {
  return format === "" || Object.hasOwn(CHECKS, format) || OF_NUMBERS.has(format);
}

/** Whether a string has the format; unknown formats fit anything. */
export function hasFormat(format: string, text: string): boolean {
  const check = Object.hasOwn(CHECKS, format) ? CHECKS[format] : undefined;
  return check === undefined || check(text);
}

function isUri(text: string): boolean {
  if (text.startsWith("/")) return true;
  return URL.canParse(text) && /^[a-zA-Z][a-zA-Z0-9+.-]*:/.test(text);
}

function isCidr(text: string): boolean {
  const [address = "", bits = "", ...more] = text.split("/");
  const version = isIP(address);
  if (more.length > 0 || version === 0 || !/^\d{1,3}$/.test(bits)) return false;
  return Number(bits) <= (version === 4 ? 32 : 128);
}

function isIsbn10(text: string): boolean {
  const digits = text.replace(/[\s-]/g, "");
  if (!/^\d{9}[\dXx]$/.test(digits)) return false;
  let sum = 0;
  for (const [at, char] of [...digits].entries()) sum += (10 - at) * (/x/i.test(char) ? 10 : +char);
  return sum % 11 === 0;
}

function isIsbn13(text: string): boolean {
  const digits = text.replace(/[\s-]/g, "");
  if (!/^\d{13}$/.test(digits)) return false;
  let sum = 0;
  for (const [at, char] of [...digits].entries()) sum += (at % 2 === 0 ? 1 : 3) * +char;
  return sum % 10 === 0;
}

function isRgb(text: string): boolean {
  const found = /^rgb\(\s*(\d{1,3})\s*,\s*(\d{1,3})\s*,\s*(\d{1,3})\s*\)$/.exec(text);
  return found !== null && found.slice(1).every((part) => Number(part) <= 255);
}

function isBase64(text: string): boolean {
  return /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text);
}

function isDate(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const time = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(time.getTime()) && time.toISOString().startsWith(text);
}

const DATE_TIME =
  /^(\d{4}-\d{2}-\d{2})[Tt ](\d{2}):(\d{2}):(\d{2})(\.\d+)?([Zz]|[+-]\d{2}:?\d{2})?$/;

function isDateTime(text: string): boolean {
  const found = DATE_TIME.exec(text);
  if (found === null) return false;
  const [, date = "", hours, minutes, seconds] = found;
  return isDate(date) && Number(hours) < 24 && Number(minutes) < 60 && Number(seconds) < 61;
}

/** Go's form, or a number with a word: `1h30m`, `2 days`. */
function isDuration(text: string): boolean {
  if (/^[+-]?(0|(\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h))+$/.test(text)) return true;
  return WORDED.test(text);
}
