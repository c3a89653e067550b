/** Sizes, durations and times as rkt 1.30 prints and reads them. */
import { Fault, quote } from "./fault.ts";

/** Bytes in a kibibyte. */
export const KiB: number = 1024;
/** Bytes in a mebibyte. */
export const MiB: number = 1024 * KiB;
/** Bytes in a gibibyte. */
export const GiB: number = 1024 * MiB;

const IEC = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"] as const;

/** Bytes for people: 10 → `10B`, 1536 → `1.5KiB`, 48 × 2^20 → `48MiB`. */
export function formatBytes(bytes: number): string {
  if (bytes < 10) return `${bytes}B`;
  const step = Math.min(IEC.length - 1, Math.floor(Math.log2(bytes) / 10));
  const value = Math.floor((bytes / 1024 ** step) * 10 + 0.5) / 10;
  return `${value < 10 ? value.toFixed(1) : value.toFixed(0)}${IEC[step]}`;
}

const AGES: readonly (readonly [limitS: number, words: string, unitS: number])[] = [
  [1, "now", 1],
  [2, "1 second %s", 1],
  [60, "%d seconds %s", 1],
  [120, "1 minute %s", 1],
  [3600, "%d minutes %s", 60],
  [7200, "1 hour %s", 1],
  [86_400, "%d hours %s", 3600],
  [172_800, "1 day %s", 1],
  [604_800, "%d days %s", 86_400],
  [1_209_600, "1 week %s", 1],
  [2_592_000, "%d weeks %s", 604_800],
  [5_184_000, "1 month %s", 1],
  [31_104_000, "%d months %s", 2_592_000],
  [46_656_000, "1 year %s", 1],
  [62_208_000, "2 years %s", 1],
  [Number.POSITIVE_INFINITY, "%d years %s", 31_104_000],
];

/**
 * How long ago `thenMs` was, both in ms since the epoch: `3 minutes ago`, `now`, `1 hour from now`.
 */
export function formatAge(thenMs: number, nowMs: number): string {
  const side = thenMs > nowMs ? "from now" : "ago";
  const seconds = Math.floor(Math.abs(nowMs - thenMs) / 1000);
  const row = AGES.find(([limit]) => seconds < limit) ?? AGES.at(-1);
  if (row === undefined) return side;
  return row[1].replace("%d", String(Math.floor(seconds / row[2]))).replace("%s", side);
}

/** Ms since the epoch in rkt's layout `2006-01-02 15:04:05.999 -0700 MST`, always in UTC. */
export function formatTime(ms: number): string {
  const iso = new Date(ms).toISOString();
  const fraction = iso.slice(20, 23).replace(/0+$/, "");
  return `${iso.slice(0, 10)} ${iso.slice(11, 19)}${fraction && `.${fraction}`} +0000 UTC`;
}

const UNIT_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/** A Go duration (`1h30m`, `-1.5s`, `0`) in milliseconds. @throws {Fault} "invalid" */
export function parseDuration(text: string): number {
  const [, sign = "", body = ""] = /^([+-]?)(.*)$/s.exec(text) ?? [];
  if (body === "0") return 0;
  if (!/^((\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h))+$/.test(body)) {
    throw new Fault("invalid", `time: invalid duration ${quote(text)}`);
  }
  let total = 0;
  for (const [, number = "", unit = ""] of body.matchAll(/([\d.]+)(ns|us|µs|μs|ms|s|m|h)/g)) {
    total += Number(number) * (UNIT_MS[unit] ?? 0);
  }
  return sign === "-" ? -total : total;
}
