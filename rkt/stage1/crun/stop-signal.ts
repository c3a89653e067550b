/**
 * How an app wants to be asked to end: the annotation of a pod's app flows in, the signal flows
 * out. Pure.
 *
 * @see OCI image-spec 1.1, config.md, "StopSignal"
 */
import { constants } from "node:os";
import { type RuntimeApp, STOP_SIGNAL_ANNOTATION } from "@rkt/spec";

/** A name that the kernel knows, or a number: real-time signals have no names here. */
export type AnySignal = NodeJS.Signals | number;

/** Linux leaves the first two real-time signals to the C library. */
const REAL_TIME_MIN = 34;
const REAL_TIME_MAX = 64;

/** The signal that the app's image names, such as `SIGINT`, `QUIT`, `3` or `SIGRTMIN+3`. */
export function stopSignalOf(app: Pick<RuntimeApp, "annotations">): AnySignal {
  const found = app.annotations?.find(({ name }) => name === STOP_SIGNAL_ANNOTATION)?.value;
  return (found === undefined ? undefined : parseSignal(found)) ?? "SIGTERM";
}

export function signalNumber(signal: AnySignal): number {
  return typeof signal === "number" ? signal : constants.signals[signal];
}

/** Undefined for a text that names no signal. */
export function parseSignal(text: string): AnySignal | undefined {
  const word = text.trim().toUpperCase().replace(/^SIG/, "");
  if (/^\d+$/.test(word)) return inRange(Number(word));
  const [, base, sign, offset = "0"] = /^RT(MIN|MAX)(?:([+-])(\d+))?$/.exec(word) ?? [];
  if (base !== undefined) {
    const distance = sign === "-" ? -Number(offset) : Number(offset);
    return inRange((base === "MIN" ? REAL_TIME_MIN : REAL_TIME_MAX) + distance);
  }
  const name = `SIG${word}`;
  return name in constants.signals ? (name as NodeJS.Signals) : undefined;
}

function inRange(number: number): number | undefined {
  return number >= 1 && number <= REAL_TIME_MAX ? number : undefined;
}
