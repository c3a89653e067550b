/**
 * One app through all its starts: a resolved configuration flows in; its event handlers, its
 * process and, as its restart policy says, the next process run one after the other; the last exit
 * status flows out.
 *
 * @see appc 0.8.11, aci.md, eventHandlers
 */
import { type EventHandler, lifecycleOf, type RuntimeApp } from "@rkt/spec";
import { crashPoint, Fault, quote } from "@shared/base";
import { prepareStart, writeEnd, writeStart } from "./app-files.ts";
import { type AppProcess, startApp } from "./app-process.ts";
import { mayRestart, nextWaitMs } from "./back-off.ts";
import type { AppConfig } from "./bundle.ts";
import { logSettings } from "./app-log.ts";
import type { RunningPod, Stage1Host } from "./running-pod.ts";
import { type Stdio, stdioOf } from "./stdio.ts";
import { type AnySignal, signalNumber, stopSignalOf } from "./stop-signal.ts";

/** How an app ended for good. */
export interface AppEnd {
  readonly status: number;
  /** Why it could not be started. */
  readonly fault?: Fault;
}

export interface AppLifeOptions {
  readonly pod: RunningPod;
  readonly app: RuntimeApp;
  readonly config: AppConfig;
  /** Descriptors that its process gets, from number 3 on. */
  readonly sockets?: readonly number[];
  /** Put before each line of output; empty where one app has the output for itself. */
  readonly prefix: string;
  /** The status that is written for an end; the app's own unless told. */
  readonly statusToWrite?: (status: number) => number;
}

/** Ids of the containers of event handlers: no app can have a name with a dot. */
function handlerId(app: string, handler: EventHandler["name"]): string {
  return `${app}.${handler}`;
}

const HANDLER_STDIO: Stdio = { stdin: "null", stdout: "log", stderr: "log" };

export class AppLife {
  readonly name: string;
  /** Resolves once the app's own program runs, or it is over: false if it never ran. */
  readonly started: Promise<boolean>;
  /** Undefined for an app that was stopped before it was ever started. */
  readonly ended: Promise<AppEnd | undefined>;
  readonly #host: Stage1Host;
  readonly #options: AppLifeOptions;
  readonly #started = Promise.withResolvers<boolean>();
  readonly #ended = Promise.withResolvers<AppEnd | undefined>();
  readonly #stopping = new AbortController();
  #current: AppProcess | undefined;
  #hasBegun = false;
  #isOver = false;

  constructor(host: Stage1Host, options: AppLifeOptions) {
    this.name = options.app.name;
    this.#host = host;
    this.#options = options;
    this.started = this.#started.promise;
    this.ended = this.#ended.promise;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Starts the app, once. */
  begin(): void {
    if (this.#hasBegun || this.#stopping.signal.aborted) return;
    this.#hasBegun = true;
    this.#live().then(
      (end) => this.#finish(end),
      (error: unknown) => this.#finish({ status: 254, fault: Fault.from(error) }),
    );
  }

  /** Passes a signal on to the process that runs now. */
  signal(signal: AnySignal): void {
    this.#current?.signal(signal);
  }

  /**
   * Asks the app to end, SIGTERM in the way that its image wants; it is not started again. A signal
   * that all processes were sent by somebody else is not sent twice.
   */
  stop(signal: NodeJS.Signals, alreadySent?: number): void {
    this.#stopping.abort();
    if (!this.#hasBegun) this.#finish(undefined);
    const wanted = signal === "SIGTERM" ? stopSignalOf(this.#options.app) : signal;
    if (signalNumber(wanted) !== alreadySent) this.signal(wanted);
  }

  /** Ends the app without asking. */
  kill(): void {
    this.#stopping.abort();
    if (!this.#hasBegun) this.#finish(undefined);
    this.signal("SIGKILL");
  }

  #finish(end: AppEnd | undefined): void {
    this.#isOver = true;
    this.#started.resolve(false);
    this.#ended.resolve(end);
  }

  async #live(): Promise<AppEnd> {
    const { restart } = lifecycleOf(this.#options.app);
    let waitMs: number | undefined;
    for (let restarts = 0; ; restarts++) {
      const beginMs = this.#host.clock.now();
      const end = await this.#runOnce();
      if (end.fault !== undefined || this.#stopping.signal.aborted) return end;
      if (!mayRestart(restart, end.status, restarts)) return end;
      waitMs = nextWaitMs(waitMs, this.#host.clock.now() - beginMs);
      crashPoint("stage1-back-off");
      await this.#host.clock.sleep(waitMs, this.#stopping.signal).catch(() => undefined);
      if (this.#stopping.signal.aborted) return end;
    }
  }

  async #runOnce(): Promise<AppEnd> {
    const { directory } = this.#options.pod;
    const end = await this.#tryOnce();
    crashPoint("stage1-exited");
    const status = this.#options.statusToWrite?.(end.status) ?? end.status;
    writeEnd(this.#host, directory, { app: this.name, status });
    crashPoint("stage1-status");
    return end;
  }

  /** What was begun gets its post-stop handler, however it ended. */
  async #tryOnce(): Promise<AppEnd> {
    const { pod, config } = this.#options;
    const { directory } = pod;
    prepareStart(directory, this.name);
    crashPoint("stage1-app-prepared");
    const before = await this.#runHandler("pre-start");
    if (before !== undefined && (before.status !== 0 || before.fault)) return before;
    if (this.#stopping.signal.aborted) return { status: before?.status ?? 0 };
    writeStart(this.#host, directory, this.name);
    crashPoint("stage1-app-started");
    const end = await this.#runProcess(this.name, config);
    await this.#runHandler("post-stop");
    return end;
  }

  /** Handlers run as root in the app's surroundings, as in rkt. */
  async #runHandler(name: EventHandler["name"]): Promise<AppEnd | undefined> {
    const handler = this.#options.app.app?.eventHandlers?.find((each) => each.name === name);
    if (handler === undefined || handler.exec.length === 0) return undefined;
    const { config } = this.#options;
    const process = {
      ...config.process,
      args: handler.exec,
      user: { uid: 0, gid: 0 },
      terminal: false,
    };
    if (name === "pre-start") crashPoint("stage1-pre-start");
    else crashPoint("stage1-post-stop");
    const end = await this.#runProcess(handlerId(this.name, name), { ...config, process });
    if (end.status !== 0) {
      const handlerOf = `the ${name} handler of app ${quote(this.name)}`;
      this.#host.note(`stage1: warning: ${handlerOf} ended with status ${end.status}`);
    }
    return end;
  }

  async #runProcess(id: string, config: AppConfig): Promise<AppEnd> {
    const { pod, app, prefix } = this.#options;
    const { name } = app;
    const isApp = id === name;
    const { uuid, interactive } = pod.options;
    const stdio = isApp ? stdioOf(app.annotations ?? [], interactive) : HANDLER_STDIO;
    const logs = logSettings(pod.manifest.annotations ?? []);
    const sockets = isApp ? (this.#options.sockets ?? []) : [];
    const place = { pod: pod.directory, uuid, name, id, sockets, keep: pod.cgroups.keep };
    try {
      const process = startApp(this.#host, { ...place, config, stdio, logs, prefix });
      if (isApp) pod.attach.add(name, process.streams);
      this.#current = process;
      crashPoint("stage1-app-spawned");
      if (isApp) void process.started.then((runs) => runs && this.#started.resolve(true));
      const status = await process.ended;
      if (isApp) this.#started.resolve(true);
      return { status };
    } catch (error) {
      return { status: 254, fault: Fault.from(error) };
    } finally {
      this.#current = undefined;
    }
  }
}
