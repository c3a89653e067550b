/**
 * What the supervisor writes about its apps, for `status`, `list` and `events` to read: starts,
 * ends and exit statuses flow in, small files in the pod directory flow out.
 *
 * The room for an exit status is taken when the app starts, so that a full disk cannot lose it.
 */
import {
  appendFileSync,
  closeSync,
  ftruncateSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { type Clock, Fault } from "@shared/base";
import { type PodEvent, podPaths } from "../contract.ts";

/** A status is at most three digits. */
const ROOM = "   ";

/** Takes room for the status of the start to come, and forgets how an earlier one ended. */
export function prepareStart(pod: string, app: string): void {
  writeFileSync(roomOf(pod, app), ROOM);
  rmSync(podPaths.appStatus(pod, app), { force: true });
}

/** The app is being started. */
export function writeStart(host: { readonly clock: Clock }, pod: string, app: string): void {
  writeFileSync(podPaths.appStarted(pod, app), "");
  noteEvent(host, pod, { event: "app-started", app });
}

/** Keeps the exit status for good. */
export function writeEnd(
  host: { readonly clock: Clock },
  pod: string,
  end: { readonly app: string; readonly status: number },
): void {
  const { app, status } = end;
  const text = String(status);
  const fd = openSync(roomOf(pod, app), "r+");
  try {
    writeSync(fd, text, 0);
    ftruncateSync(fd, text.length);
  } finally {
    closeSync(fd);
  }
  renameSync(roomOf(pod, app), podPaths.appStatus(pod, app));
  noteEvent(host, pod, { event: "app-exited", app, status });
}

/** No app can have a name with a dot. */
function roomOf(pod: string, app: string): string {
  return podPaths.appStatus(pod, `${app}.next`);
}

/** Adds a line to the pod's events. Where the disk is full, that line is missing. */
export function noteEvent(
  host: { readonly clock: Clock },
  pod: string,
  event: Omit<PodEvent, "timeMs">,
): void {
  const line: PodEvent = { timeMs: host.clock.now(), ...event };
  try {
    appendFileSync(podPaths.events(pod), `${JSON.stringify(line)}\n`, { mode: 0o640 });
  } catch (error) {
    if (Fault.from(error).kind !== "exhausted") throw error;
  }
}
