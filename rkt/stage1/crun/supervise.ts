/**
 * The pod from its first app to its last: apps are started in order, signals go in, statuses are
 * written, one exit status comes out.
 *
 * The failure of one app ends the pod, unless its restart policy says otherwise; apps that end well
 * are only waited for. @see appc 0.8.11 pods.md
 */
import { readFileSync, symlinkSync } from "node:fs";
import { lifecycleOf } from "@rkt/spec";
import { crashPoint, Fault } from "@shared/base";
import { podPaths } from "../contract.ts";
import { type AppEnd, AppLife } from "./app-life.ts";
import type { RunningPod, Stage1Host } from "./running-pod.ts";
import type { ResolvedApp } from "./start-apps.ts";

/** How long apps may take to end after they were asked to, in ms; as in docker and podman. */
export const STOP_GRACE_MS = 10_000;

/**
 * @returns status of the first app that failed by itself, else of one that failed when told to
 * stop, else 0
 */
export async function superviseApps(
  host: Stage1Host,
  pod: RunningPod,
  apps: readonly ResolvedApp[],
): Promise<number> {
  const verdict = new Verdict();
  const lives = apps.map(({ app, config, sockets }) => ({
    order: lifecycleOf(app),
    life: new AppLife(host, {
      pod,
      app,
      config,
      sockets,
      prefix: apps.length > 1 ? `${app.name}: ` : "",
      statusToWrite: (status) => (verdict.hasFailed ? 0 : status),
    }),
  }));
  const stopper = new Stopper(host, pod, () => lives.map(({ life }) => life));
  stopper.listen();
  const judged = lives.map(async ({ life }) => {
    const end = await life.ended;
    if (end !== undefined && verdict.isFirstFailure(end)) stopper.stop("SIGTERM");
    return end;
  });
  await startInOrder(pod, lives);
  await Promise.all(judged);
  stopper.finish();
  return verdict.result();
}

/** What the ends of apps mean for the pod. */
class Verdict {
  #first: number | undefined;
  #fault: Fault | undefined;

  get hasFailed(): boolean {
    return this.#first !== undefined;
  }

  /** Those that fail after the first were told to stop. */
  isFirstFailure({ status, fault }: AppEnd): boolean {
    this.#fault ??= fault;
    if (status === 0 || this.hasFailed) return false;
    this.#first = status;
    return true;
  }

  result(): number {
    if (this.#fault !== undefined) throw this.#fault;
    return this.#first ?? 0;
  }
}

interface OrderedLife {
  readonly order: ReturnType<typeof lifecycleOf>;
  readonly life: AppLife;
}

/**
 * Init apps run to their end one after the other; the others start together, each after those that
 * it names. Of a pod that is being stopped nothing is started any more: its lives see to that.
 */
async function startInOrder(pod: RunningPod, lives: readonly OrderedLife[]): Promise<void> {
  for (const { order, life } of lives) {
    if (!order.isInit) continue;
    life.begin();
    const end = await life.ended;
    if (end === undefined || end.status !== 0) return;
    crashPoint("stage1-init-app");
  }
  const others = lives.filter(({ order }) => !order.isInit);
  const beginInTurn = async ({ order, life }: OrderedLife): Promise<void> => {
    const before = others.filter((each) => order.startAfter.includes(each.life.name));
    if (before.length > 0) await Promise.all(before.map((each) => each.life.started));
    life.begin();
  };
  for (const each of others) void beginInTurn(each);
  crashPoint("stage1-apps");
  void tellWhenAllRun(pod, others);
}

async function tellWhenAllRun(pod: RunningPod, lives: readonly OrderedLife[]): Promise<void> {
  const started = await Promise.all(lives.map(({ life }) => life.started));
  if (!started.every(Boolean)) return;
  await pod.service.appsAreReady();
  tellReady(pod);
}

/** Where the disk is full, whoever waits for the pod waits on; the apps run. */
export function tellReady({ directory, service }: RunningPod): void {
  try {
    symlinkSync("ready", podPaths.supervisorStatus(directory));
  } catch (error) {
    if (Fault.from(error).kind !== "exhausted") throw error;
  }
  service.tellReady();
  crashPoint("stage1-ready");
}

/** Asks all apps to end, and ends them when they do not. */
export class Stopper {
  #timer: AbortController | undefined;
  readonly #host: Stage1Host;
  readonly #pod: RunningPod;
  readonly #lives: () => readonly AppLife[];

  constructor(host: Stage1Host, pod: RunningPod, lives: () => readonly AppLife[]) {
    this.#host = host;
    this.#pod = pod;
    this.#lives = lives;
  }

  /** From now on signals reach the apps; when the pod's init has gone, no app may start again. */
  listen(onEnd: () => void = () => undefined): void {
    this.#pod.signals.deliverTo({
      end: (signal) => {
        this.demand(signal);
        onEnd();
      },
      pass: (signal) => {
        for (const life of this.#lives()) life.signal(signal);
      },
    });
    void this.#endWithInit(onEnd);
  }

  async #endWithInit(onEnd: () => void): Promise<void> {
    await this.#pod.init.exited;
    for (const life of this.#lives()) life.kill();
    onEnd();
  }

  /** Somebody outside asks: the first time as `stop`, the second time the whole pod is killed. */
  demand(signal: NodeJS.Signals): void {
    if (this.#timer === undefined) this.stop(signal);
    else this.#pod.init.kill();
  }

  /** Passes `signal` on, once; after the grace period, kills the whole pod. */
  stop(signal: NodeJS.Signals): void {
    if (this.#timer !== undefined) return;
    this.#timer = new AbortController();
    this.#pod.service.tellStopping();
    crashPoint("stage1-stopping");
    void this.#ask(signal);
    this.#host.clock.sleep(graceMs(this.#pod), this.#timer.signal).then(
      () => this.#pod.init.kill(),
      () => undefined, // all have ended in time
    );
  }

  /** In a unit of systemd the apps may have got the signal with all that is in the unit. */
  async #ask(signal: NodeJS.Signals): Promise<void> {
    const { unit } = this.#pod.cgroups;
    const ask = (sent?: number): void => {
      for (const life of this.#lives()) life.stop(signal, sent);
    };
    if (unit === undefined) return ask();
    const { signalSentToAll } = await import("./unit-stop.ts");
    ask(await signalSentToAll(unit));
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
