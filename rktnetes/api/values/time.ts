/**
 * Times as Kubernetes reads and writes them. In: RFC 3339 text. Out: the same instant in UTC, to
 * the second (`Time`) or to the microsecond (`MicroTime`), or a Fault in the words of Go's
 * `time.Parse`.
 */
import { Fault, quote } from "@shared/base";

const SECONDS_LAYOUT = "2006-01-02T15:04:05Z07:00";
const MICRO_LAYOUT = "2006-01-02T15:04:05.000000Z07:00";
/** What Go's zero time reads. Objects show it as null. */
const ZERO_MS = -62_135_596_800_000;

const USUAL = /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\dZ$/;

/** An instant: whole seconds since the epoch and the nanoseconds after them. */
export interface Instant {
  readonly seconds: number;
  readonly nanos: number;
}

/** `2024-01-01T01:00:00.5+01:00` → `2024-01-01T00:00:00Z`; undefined for Go's zero time. */
export function canonicalTime(text: string): string | undefined {
  if (USUAL.test(text) && !text.startsWith("0")) return text;
  return formatTime(parseTime(text, SECONDS_LAYOUT));
}

/** Like `canonicalTime`; the text must have exactly six digits of a second's fraction. */
export function canonicalMicroTime(text: string): string | undefined {
  return formatMicroTime(parseTime(text, MICRO_LAYOUT));
}

/** The instant that RFC 3339 text names. */
export function parseInstant(text: string): Instant {
  return parseTime(text, SECONDS_LAYOUT);
}

/** To the second; undefined for Go's zero time. */
export function formatTime({ seconds, nanos }: Instant): string | undefined {
  if (seconds * 1000 === ZERO_MS && nanos === 0) return undefined;
  return `${dateText(seconds)}Z`;
}

/** To the microsecond; undefined for Go's zero time. */
export function formatMicroTime({ seconds, nanos }: Instant): string | undefined {
  if (seconds * 1000 === ZERO_MS && nanos === 0) return undefined;
  return `${dateText(seconds)}.${String(Math.trunc(nanos / 1000)).padStart(6, "0")}Z`;
}

function dateText(seconds: number): string {
  const date = new Date(seconds * 1000);
  const text = date.toISOString();
  const year = date.getUTCFullYear();
  const rest = text.slice(text.indexOf("-", 1), -5);
  return `${year < 0 ? "-" : ""}${String(Math.abs(year)).padStart(4, "0")}${restOf(rest, year)}`;
}

/** toISOString writes six digits for years outside of 0 to 9999. */
function restOf(rest: string, year: number): string {
  return year >= 0 && year <= 9999 ? rest : rest.slice(rest.indexOf("-"));
}

/** Reads `value` element by element, as the layout has them; says where it stopped. */
class TimeReader {
  readonly #layout: string;
  readonly #value: string;
  #at = 0;
  /** The first number that is beyond its range; said only when the whole text has the form. */
  outOfRange: string | undefined;

  constructor(layout: string, value: string) {
    this.#layout = layout;
    this.#value = value;
  }

  get rest(): string {
    return this.#value.slice(this.#at);
  }

  bad(element: string): Fault {
    const where = `parsing time ${quote(this.#value)} as ${quote(this.#layout)}`;
    return new Fault("invalid", `${where}: cannot parse ${quote(this.rest)} as ${quote(element)}`);
  }

  wrong(what: string): Fault {
    return new Fault("invalid", `parsing time ${quote(this.#value)}: ${what}`);
  }

  literal(text: string): void {
    if (!this.rest.startsWith(text)) throw this.bad(text);
    this.#at += text.length;
  }

  /** Digits that match `form`; an element without them is an error. */
  digits(form: RegExp, element: string): number {
    const found = form.exec(this.rest)?.[0];
    if (found === undefined) throw this.bad(element);
    this.#at += found.length;
    return Number(found);
  }

  text(form: RegExp): string | undefined {
    const found = form.exec(this.rest)?.[0];
    this.#at += found?.length ?? 0;
    return found;
  }

  limit(value: number, from: number, to: number, what: string): number {
    if (value < from || value > to) this.outOfRange ??= what;
    return value;
  }
}

function parseTime(value: string, layout: string): Instant {
  const reader = new TimeReader(layout, value);
  const year = reader.digits(/^\d{4}/, "2006");
  reader.literal("-");
  const month = reader.limit(reader.digits(/^\d{2}/, "01"), 1, 12, "month");
  reader.literal("-");
  const day = reader.digits(/^\d{2}/, "02");
  reader.literal("T");
  const hour = reader.limit(reader.digits(/^\d{1,2}/, "15"), 0, 23, "hour");
  reader.literal(":");
  const minute = reader.limit(reader.digits(/^\d{2}/, "04"), 0, 59, "minute");
  reader.literal(":");
  const second = reader.limit(reader.digits(/^\d{2}/, "05"), 0, 59, "second");
  const nanos = readFraction(reader, layout);
  const offset = readZone(reader);
  if (reader.outOfRange !== undefined) throw reader.wrong(`${reader.outOfRange} out of range`);
  if (reader.rest !== "") throw reader.wrong(`extra text: ${quote(reader.rest)}`);
  if (day < 1 || day > daysOf(year, month)) throw reader.wrong("day out of range");
  const date = new Date(Date.UTC(2000, month - 1, day, hour, minute, second));
  date.setUTCFullYear(year, month - 1, day);
  return { seconds: date.getTime() / 1000 - offset, nanos };
}

function daysOf(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}

function readFraction(reader: TimeReader, layout: string): number {
  if (layout === SECONDS_LAYOUT) {
    const fraction = reader.text(/^[.,]\d+/) ?? "";
    return Number(fraction.slice(1, 10).padEnd(9, "0"));
  }
  const fraction = reader.text(/^[.,]\d{6}/);
  if (fraction === undefined) throw reader.bad(".000000");
  return Number(fraction.slice(1).padEnd(9, "0"));
}

/** Seconds east of Greenwich. */
function readZone(reader: TimeReader): number {
  if (reader.text(/^Z/) !== undefined) return 0;
  const zone = /^([+-])(\d\d):(\d\d)/.exec(reader.rest);
  if (zone === null) throw reader.bad("Z07:00");
  reader.text(/^.{6}/);
  const hours = reader.limit(Number(zone[2]), 0, 24, "time zone offset hour");
  const minutes = reader.limit(Number(zone[3]), 0, 60, "time zone offset minute");
  return (zone[1] === "-" ? -1 : 1) * (hours * 3600 + minutes * 60);
}
