/** Parts of times and durations. Pure. */
import { CelError, type CelValue, Duration, Timestamp } from "../values.ts";
import type { Library, PartialFunction } from "./library.ts";
import { floorDivide } from "./time-text.ts";

const MILLI = 1_000_000n;

function ofTime(read: (date: Date) => number): PartialFunction {
  return ([time, zone]) => {
    if (!(time instanceof Timestamp)) return undefined;
    const ms = Number(floorDivide(time.nanos, MILLI));
    return BigInt(read(new Date(ms + offsetMs(zone, ms))));
  };
}

/** The zone's distance from UTC at that time. */
function offsetMs(zone: CelValue | undefined, ms: number): number {
  if (zone === undefined || typeof zone !== "string" || zone === "" || zone === "UTC") return 0;
  const fixed = /^([+-]?)(\d{2}):(\d{2})$/.exec(zone);
  if (fixed !== null) {
    const [, sign, hours, minutes] = fixed;
    return (sign === "-" ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000;
  }
  try {
    const parts = new Intl.DateTimeFormat("en-US", {
      timeZone: zone,
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    }).formatToParts(ms);
    const part = (type: string): number => Number(parts.find((each) => each.type === type)?.value);
    const local = Date.UTC(
      part("year"),
      part("month") - 1,
      part("day"),
      part("hour"),
      part("minute"),
      part("second"),
    );
    return local - Math.floor(ms / 1000) * 1000;
  } catch {
    throw new CelError(`unknown time zone ${zone}`);
  }
}

const DAY_MS = 86_400_000;

function dayOfYear(date: Date): number {
  return Math.floor((date.getTime() - Date.UTC(date.getUTCFullYear(), 0, 1)) / DAY_MS);
}

/** Of a duration the whole of it in that unit, of a time its part. */
function both(unit: bigint, part: (date: Date) => number): PartialFunction {
  const time = ofTime(part);
  return (args) => {
    const [value] = args;
    return value instanceof Duration ? value.nanos / unit : time(args);
  };
}

export const TIME_FUNCTIONS: Library = {
  getFullYear: ofTime((date) => date.getUTCFullYear()),
  getMonth: ofTime((date) => date.getUTCMonth()),
  getDayOfYear: ofTime(dayOfYear),
  getDayOfMonth: ofTime((date) => date.getUTCDate() - 1),
  getDate: ofTime((date) => date.getUTCDate()),
  getDayOfWeek: ofTime((date) => date.getUTCDay()),
  getHours: both(3_600_000_000_000n, (date) => date.getUTCHours()),
  getMinutes: both(60_000_000_000n, (date) => date.getUTCMinutes()),
  getSeconds: both(1_000_000_000n, (date) => date.getUTCSeconds()),
  getMilliseconds: ([value, zone]) => {
    if (value instanceof Duration) return (value.nanos / MILLI) % 1000n;
    return ofTime((date) => date.getUTCMilliseconds())(
      zone === undefined ? [value ?? null] : [value ?? null, zone],
    );
  },
};
