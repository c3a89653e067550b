/**
 * The pod from "all apps started" to "all apps ended": signals go in, statuses are written, one
 * exit status comes out.
 *
 * The failure of one app ends the pod; apps that end well are only waited for. @see appc 0.8.11
 * pods.md
 */
import { readFileSync, writeFileSync } from "node:fs";
import { crashPoint, Fault } from "@shared/base";
import { podPaths } from "../contract.ts";
import type { AppProcess } from "./app-process.ts";
import type { RunningPod, Stage1Host } from "./running-pod.ts";
import { type AnySignal, stopSignalOf } from "./stop-signal.ts";

/** How long apps may take to end after they were asked to, in ms; as in docker and podman. */
const STOP_GRACE_MS = 10_000;

/**
 * @returns status of the first app that failed by itself, else of one that failed when told to
 * stop, else 0
 */
export async function superviseApps(
  host: Stage1Host,
  pod: RunningPod,
  apps: readonly AppProcess[],
): Promise<number> {
  const stopper = new Stopper(host, pod, apps);
  pod.signals.deliverTo({
    end: (signal) => stopper.demand(signal),
    pass: (signal) => {
      for (const app of apps) app.signal(signal);
    },
  });
  let first: number | undefined;
  await Promise.all(
    apps.map(async (app) => {
      const ended = await endOf(app);
      crashPoint("stage1-exited");
      const isCollateral = first !== undefined;
      writeStatus(pod, app.name, isCollateral ? 0 : ended.status);
      crashPoint("stage1-status");
      if (ended.fault !== undefined) stopper.fault ??= ended.fault;
      if (ended.status === 0 || isCollateral) return;
      first = ended.status;
      stopper.stop("SIGTERM");
    }),
  );
  stopper.finish();
  if (stopper.fault !== undefined) throw stopper.fault;
  return first ?? 0;
}

async function endOf(app: AppProcess): Promise<{ status: number; fault?: Fault }> {
  try {
    return { status: await app.ended };
  } catch (fault) {
    return { status: 254, fault: Fault.from(fault) };
  }
}

/** Asks all apps to end, and ends them when they do not. */
class Stopper {
  fault: Fault | undefined;
  #timer: AbortController | undefined;
  readonly #host: Stage1Host;
  readonly #pod: RunningPod;
  readonly #apps: readonly AppProcess[];

  constructor(host: Stage1Host, pod: RunningPod, apps: readonly AppProcess[]) {
    this.#host = host;
    this.#pod = pod;
    this.#apps = apps;
  }

  /** Somebody outside asks: the first time as `stop`, the second time the whole pod is killed. */
  demand(signal: NodeJS.Signals): void {
    if (this.#timer === undefined) this.stop(signal);
    else this.#pod.init.kill();
  }

  /**
   * Passes `signal` on, once, SIGTERM as each app wants it; after the grace period, kills the whole
   * pod.
   */
  stop(signal: NodeJS.Signals): void {
    if (this.#timer !== undefined) return;
    this.#timer = new AbortController();
    for (const app of this.#apps) app.signal(signal === "SIGTERM" ? this.#wish(app) : signal);
    this.#host.clock.sleep(graceMs(this.#pod), this.#timer.signal).then(
      () => this.#pod.init.kill(),
      () => undefined, // all have ended in time
    );
  }

  #wish({ name }: AppProcess): AnySignal {
    return stopSignalOf(this.#pod.manifest.apps.find((app) => app.name === name) ?? {});
  }

  finish(): void {
    this.#timer?.abort();
  }
}

/** What the last who stopped the pod asked for. */
function graceMs({ directory }: RunningPod): number {
  try {
    const ms = Number(readFileSync(podPaths.stopGrace(directory), "utf8"));
    return Number.isSafeInteger(ms) && ms >= 0 ? ms : STOP_GRACE_MS;
  } catch (error) {
    if (Fault.from(error).kind === "not-found") return STOP_GRACE_MS;
    throw error;
  }
}

function writeStatus(pod: RunningPod, app: string, status: number): void {
  writeFileSync(podPaths.appStatus(pod.directory, app), String(status));
}
