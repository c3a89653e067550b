/**
 * A pod whose apps come and go: requests from the control socket flow in, apps start and end. It
 * stays up whatever they do, until somebody stops it.
 *
 * What apps there are is in the pod manifest on disk, and nowhere else: a caller that dies in the
 * midst of its work leaves nothing here that is not true.
 */
import { readFileSync, rmSync } from "node:fs";
import { parsePodManifest, type PodManifest, type RuntimeApp } from "@rkt/spec";
import { crashPoint, Fault, quote } from "@shared/base";
import { podPaths } from "../contract.ts";
import { noteEvent } from "./app-files.ts";
import { AppLife } from "./app-life.ts";
import { crunPaths } from "./app-process.ts";
import type { ControlRequest } from "./control.ts";
import { serveControl } from "./control-socket.ts";
import type { RunningPod, Stage1Host } from "./running-pod.ts";
import type { ResolveApp } from "./start-apps.ts";
import { STOP_GRACE_MS, Stopper, tellReady } from "./supervise.ts";

/** @returns 0: what ends a mutable pod is its owner's wish */
export async function superviseMutable(
  host: Stage1Host,
  pod: RunningPod,
  resolve: ResolveApp,
): Promise<number> {
  const apps = new MutableApps(host, pod, resolve);
  const isToEnd = Promise.withResolvers<void>();
  const stopper = new Stopper(host, pod, () => apps.lives());
  stopper.listen(() => isToEnd.resolve());
  using _control = serveControl((request) => apps.handle(request));
  crashPoint("stage1-control");
  tellReady(pod);
  await isToEnd.promise;
  apps.close();
  await Promise.all(apps.lives().map((life) => life.ended));
  stopper.finish();
  return 0;
}

class MutableApps {
  readonly #host: Stage1Host;
  readonly #pod: RunningPod;
  readonly #resolve: ResolveApp;
  readonly #lives = new Map<string, AppLife>();
  /** The work on each app, one piece after the other. */
  readonly #queues = new Map<string, Promise<void>>();
  #isClosed = false;

  constructor(host: Stage1Host, pod: RunningPod, resolve: ResolveApp) {
    this.#host = host;
    this.#pod = pod;
    this.#resolve = resolve;
  }

  lives(): readonly AppLife[] {
    return [...this.#lives.values()];
  }

  /** Nothing is started from now on. */
  close(): void {
    this.#isClosed = true;
  }

  handle(request: ControlRequest): Promise<void> {
    const before = this.#queues.get(request.app) ?? Promise.resolve();
    const work = before.then(() => this.#do(request));
    this.#queues.set(
      request.app,
      work.catch(() => undefined),
    );
    return work;
  }

  async #do(request: ControlRequest): Promise<void> {
    const { app } = request;
    switch (request.do) {
      case "add":
        await this.#resolve(...this.#find(app));
        return noteEvent(this.#host, this.#pod.directory, { event: "app-added", app });
      case "start":
        return await this.#start(app);
      case "stop":
        return await this.#stop(request);
      case "rm":
        return await this.#remove(request);
    }
  }

  #find(name: string): [PodManifest, RuntimeApp] {
    const manifest = parsePodManifest(readFileSync(podPaths.manifest(this.#pod.directory), "utf8"));
    const app = manifest.apps.find((each) => each.name === name);
    if (app === undefined) throw new Fault("not-found", `nonexistent app ${quote(name)}`);
    return [manifest, app];
  }

  async #start(name: string): Promise<void> {
    if (this.#lives.get(name)?.isOver === false) {
      throw new Fault("precondition", `app ${quote(name)} is already running`);
    }
    const { app, config } = await this.#resolve(...this.#find(name));
    if (this.#isClosed) throw new Fault("precondition", "the pod is about to end");
    const pod = this.#pod;
    const life = new AppLife(this.#host, { pod, app, config, prefix: `${name}: ` });
    this.#lives.set(name, life);
    life.begin();
    if (await life.started) return;
    const end = await life.ended;
    if (end?.fault !== undefined) throw end.fault;
    throw new Fault("precondition", `app ${quote(name)} ended before it ran`);
  }

  /** An app that does not run is stopped. */
  async #stop({ app, graceMs = STOP_GRACE_MS }: ControlRequest): Promise<void> {
    const life = this.#lives.get(app);
    if (life === undefined) return void this.#find(app);
    const timer = new AbortController();
    if (graceMs > 0) life.stop("SIGTERM");
    else life.kill();
    crashPoint("stage1-app-stopping");
    this.#host.clock.sleep(graceMs, timer.signal).then(
      () => life.kill(),
      () => undefined, // it has ended in time
    );
    await life.ended;
    timer.abort();
  }

  async #remove(request: ControlRequest): Promise<void> {
    const { app } = request;
    await this.#stop(request);
    this.#lives.delete(app);
    const { directory } = this.#pod;
    for (const path of [
      crunPaths.bundle(directory, app),
      podPaths.appStatus(directory, app),
      podPaths.appStarted(directory, app),
      podPaths.appCreated(directory, app),
    ]) {
      rmSync(path, { recursive: true, force: true });
    }
    noteEvent(this.#host, directory, { event: "app-removed", app });
    crashPoint("stage1-app-removed");
  }
}
