/**
 * What every part of the project shares: faults, time, units, safe files, retry. Imports nothing.
 */
export { syncDirectory, writeAll, writeFileAtomic } from "./atomic-file.ts";
export type { AtomicFileOptions } from "./atomic-file.ts";
export { systemClock } from "./clock.ts";
export type { Clock } from "./clock.ts";
export { CRASH_POINTS, crashPoint } from "./crash-point.ts";
export type { CrashPoint } from "./crash-point.ts";
export {
  assert,
  describeFault,
  errnoKind,
  errnoWords,
  Fault,
  hintOf,
  quote,
} from "./fault.ts";
export type { FaultKind, FaultOptions } from "./fault.ts";
export { retry } from "./retry.ts";
export type { RetryHost, RetryOptions } from "./retry.ts";
export { formatAge, formatBytes, formatTime, GiB, KiB, MiB, parseDuration } from "./units.ts";
