/**
 * How an app of a pod begins and goes on: annotations of a pod manifest's app flow in, a proven
 * `AppLifecycle` flows out. appc knows none of this, so it stands in annotations of our own, which
 * other executors ignore. Pure.
 */
import { Fault, quote } from "@shared/base";
import { parseAcName } from "./ac-name.ts";
import type { NameValue, RuntimeApp } from "./appc.ts";

/** `no`, `on-failure`, `on-failure:5` or `always`. */
export const RESTART_ANNOTATION = "coreos.com/rkt/restart";
/** `true` for an app that runs to its end before the others start. */
export const INIT_APP_ANNOTATION = "coreos.com/rkt/init-app";
/** Names of apps, between commas, that run before this one is started. */
export const START_AFTER_ANNOTATION = "coreos.com/rkt/start-after";

/** When an app that has ended is started again. */
export interface RestartPolicy {
  readonly when: "no" | "on-failure" | "always";
  /** How often at most; undefined for as often as it takes. */
  readonly timesMax?: number;
}

/** What the annotations of an app say. */
export interface AppLifecycle {
  readonly restart: RestartPolicy;
  readonly isInit: boolean;
  readonly startAfter: readonly string[];
}

/** @throws {Fault} "invalid" */
export function parseRestartPolicy(text: string): RestartPolicy {
  const [, when, times] = /^(no|on-failure|always)(?::(\d{1,9}))?$/.exec(text) ?? [];
  if (when === "on-failure" && times !== undefined) return { when, timesMax: Number(times) };
  if ((when === "no" || when === "on-failure" || when === "always") && times === undefined) {
    return { when };
  }
  throw new Fault("invalid", `${quote(text)} is no restart policy`, {
    hint: "One of: no, on-failure, on-failure:TIMES, always.",
  });
}

/** The names in a list of apps to start after. @throws {Fault} "invalid" */
export function parseStartAfter(text: string): readonly string[] {
  return text.split(",").map((name) => parseAcName(name));
}

/** @throws {Fault} "invalid" where an annotation cannot be read */
export function lifecycleOf({ annotations }: Pick<RuntimeApp, "annotations">): AppLifecycle {
  const text = (wanted: string): string | undefined =>
    annotations?.find(({ name }) => name === wanted)?.value;
  const after = text(START_AFTER_ANNOTATION);
  return {
    restart: parseRestartPolicy(text(RESTART_ANNOTATION) ?? "no"),
    isInit: text(INIT_APP_ANNOTATION) === "true",
    startAfter: after === undefined || after === "" ? [] : parseStartAfter(after),
  };
}

/**
 * Refuses what could never start: apps that wait for each other or for one that the pod does not
 * have, and init apps that wait for others than those before them.
 *
 * @throws {Fault} "invalid"
 */
export function checkStartOrder(
  apps: readonly { readonly name: string; readonly annotations?: readonly NameValue[] }[],
): void {
  const started = new Set<string>();
  const lives = new Map(apps.map((app) => [app.name, lifecycleOf(app)]));
  for (const [name, { startAfter, isInit }] of lives) {
    for (const other of startAfter) {
      const what = `start app ${quote(name)} after ${quote(other)}`;
      const life = lives.get(other);
      if (life === undefined) throw new Fault("invalid", `${what}: the pod has no such app`);
      if (isInit) throw new Fault("invalid", `${what}: init apps start in the order of the pod`);
    }
  }
  for (;;) {
    const waiting = [...lives].filter(([name]) => !started.has(name));
    const ready = waiting.filter(([, life]) => life.startAfter.every((each) => started.has(each)));
    for (const [name] of ready) started.add(name);
    if (waiting.length === ready.length) return;
    if (ready.length > 0) continue;
    const names = waiting.map(([name]) => quote(name)).join(", ");
    throw new Fault("invalid", `start the apps: ${names} wait for each other`);
  }
}
