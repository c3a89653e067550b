/**
 * The service manager that started `rkt run`, mostly systemd: what it handed over flows in and goes
 * on to the apps that are made for it; that the pod is ready, alive or about to end flows back.
 *
 * What it set in the environment is taken out of it: the runtime acts on the same variables.
 *
 * @see sd_notify(3), sd_listen_fds(3); rkt Documentation/using-rkt-with-systemd.md
 */
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { type ExposedPort, NOTIFY_ANNOTATION, type RuntimeApp, valueOf } from "@rkt/spec";
import { type Clock, quote } from "@shared/base";
import { type DatagramReceiver, datagramsAt, datagramsTo, type Kernel } from "@shared/linux";
import type { BoundVolume } from "./bound-volume.ts";
import { LISTEN_PID_UNSET, listenStarter } from "./listen-starter.ts";
import { findSockets, type PassedSocket } from "./passed-sockets.ts";

/** What one app gets of the service manager. */
export interface AppServices {
  readonly environment: readonly (readonly [string, string])[];
  readonly binds: readonly BoundVolume[];
  /** Descriptors, for its numbers from 3 on. */
  readonly sockets: readonly number[];
  /** Path in the app of what must start its program. */
  readonly starter: string | undefined;
}

const NOTHING: AppServices = { environment: [], binds: [], sockets: [], starter: undefined };

/** In the app's /dev, which is its own and ends with it. */
const NOTIFY_PATH = "/dev/rkt-notify";
const STARTER_PATH = "/dev/rkt-listen";

/** Directory for sockets of apps, below the pod's, which is the working directory. */
const DIRECTORY = "notify";

/** What an app may tell the service manager of itself. */
const PASSED_ON = /^(STATUS|WATCHDOG|RELOADING|MONOTONIC_USEC|ERRNO|BUSERROR|EXTEND_TIMEOUT_USEC)=/;

/** How often an app's socket is looked at: until it is ready, and when only signs of life come. */
const WAIT_MS = 10;
const WAIT_AFTER_READY_MS = 100;

interface ServiceHost {
  readonly clock: Clock;
  readonly kernel: Kernel;
  readonly note: (line: string) => void;
}

type Variables = Record<string, string | undefined>;

export class HostService implements Disposable {
  readonly #host: ServiceHost;
  readonly #send: (message: string) => void;
  readonly #sockets: readonly PassedSocket[];
  readonly #ending = new AbortController();
  readonly #awaited = new Map<string, PromiseWithResolvers<void>>();
  readonly #watchdogUs: number;
  #watchdog: Timer | undefined;

  /** @param variables the process's own environment; those of the service manager are removed */
  constructor(host: ServiceHost, variables: Variables) {
    this.#host = host;
    const taken = takeVariables(variables);
    const path = taken.get("NOTIFY_SOCKET");
    this.#send = path === undefined ? () => undefined : senderTo(path);
    this.#watchdogUs = Number(taken.get("WATCHDOG_USEC") ?? 0);
    const count = isMe(taken.get("LISTEN_PID")) ? Number(taken.get("LISTEN_FDS") ?? 0) : 0;
    this.#sockets = findSockets(count, (taken.get("LISTEN_FDNAMES") ?? "").split(":"));
    for (const { fd } of this.#sockets) host.kernel.setCloseOnExec(fd, true);
  }

  /** Whether a socket that listens on this port of the host was handed over. */
  holds(hostPort: number): boolean {
    return this.#sockets.some(({ port }) => port === hostPort);
  }

  /** What is for this app. Its socket for messages is made, and waited for. */
  servicesFor(app: RuntimeApp, ports: readonly ExposedPort[]): AppServices {
    const sockets = this.#socketsOf(app, ports);
    if (sockets.length === 0 && !saysWhenReady(app)) return NOTHING;
    const parts = [
      ...(sockets.length > 0 ? [handOver(sockets)] : []),
      ...(saysWhenReady(app) ? [this.#listenTo(app.name)] : []),
    ];
    return {
      environment: parts.flatMap(({ environment }) => environment),
      binds: parts.flatMap(({ binds }) => binds),
      sockets: sockets.map(({ fd }) => fd),
      starter: parts.find(({ starter }) => starter !== undefined)?.starter,
    };
  }

  /** Resolves once every app that says so has said that it is ready. */
  async appsAreReady(): Promise<void> {
    await Promise.all([...this.#awaited.values()].map(({ promise }) => promise));
  }

  tellReady(): void {
    this.#send(`READY=1\nMAINPID=${process.pid}`);
    if (this.#watchdogUs > 0 && this.#awaited.size === 0) {
      this.#watchdog = setInterval(() => this.#send("WATCHDOG=1"), this.#watchdogUs / 2000);
    }
  }

  tellStopping(): void {
    this.#send("STOPPING=1");
  }

  [Symbol.dispose](): void {
    clearInterval(this.#watchdog);
    this.#ending.abort();
  }

  /** By the host's port that leads to it, or by the name of the socket. */
  #socketsOf({ app }: RuntimeApp, ports: readonly ExposedPort[]): readonly PassedSocket[] {
    const wanted = (app?.ports ?? []).filter(({ socketActivated }) => socketActivated === true);
    return this.#sockets.filter((socket) =>
      wanted.some(({ name, port, protocol }) => {
        const hostPort = ports.find((each) => each.name === name)?.hostPort ?? port;
        const isPort = socket.port === hostPort && socket.transport === protocol;
        return isPort || socket.name === name;
      }),
    );
  }

  #listenTo(name: string): AppServices {
    mkdirSync(DIRECTORY, { recursive: true });
    const path = join(DIRECTORY, name);
    const receiver = datagramsAt(path);
    chmodSync(path, 0o666); // of whatever user the app is
    this.#awaited.set(name, Promise.withResolvers());
    void this.#passOn(name, receiver);
    return {
      ...NOTHING,
      environment: [
        ["NOTIFY_SOCKET", NOTIFY_PATH],
        ...(this.#watchdogUs > 0 ? ([["WATCHDOG_USEC", String(this.#watchdogUs)]] as const) : []),
      ],
      binds: [bind(join(process.cwd(), path), NOTIFY_PATH)],
    };
  }

  async #passOn(name: string, receiver: DatagramReceiver): Promise<void> {
    const { signal } = this.#ending;
    for (let waitMs = WAIT_MS; !signal.aborted; ) {
      const message = receiver.take();
      if (message === undefined) {
        await this.#host.clock.sleep(waitMs, signal).catch(() => undefined);
        continue;
      }
      const lines = Buffer.from(message).toString().split("\n");
      if (lines.includes("READY=1")) {
        this.#awaited.get(name)?.resolve();
        waitMs = WAIT_AFTER_READY_MS;
      }
      const kept = lines.filter((line) => PASSED_ON.test(line));
      if (kept.length > 0) this.#send(kept.join("\n"));
    }
    receiver[Symbol.dispose]();
  }

  /** Sockets that no app takes would let clients wait for ever. */
  warnOfUnused(apps: readonly RuntimeApp[], ports: readonly ExposedPort[]): void {
    const used = new Set(apps.flatMap((app) => this.#socketsOf(app, ports)));
    for (const socket of this.#sockets) {
      if (used.has(socket)) continue;
      const { port, name } = socket;
      const which = port === undefined ? `named ${quote(name)}` : `on port ${port}`;
      this.#host.note(`stage1: warning: no app takes the socket ${which}`);
    }
  }
}

const NAMES = [
  "NOTIFY_SOCKET",
  "WATCHDOG_USEC",
  "WATCHDOG_PID",
  "LISTEN_PID",
  "LISTEN_FDS",
  "LISTEN_FDNAMES",
] as const;
type Name = (typeof NAMES)[number];

function takeVariables(variables: Variables): ReadonlyMap<Name, string> {
  const taken = new Map<Name, string>();
  for (const name of NAMES) {
    const value = variables[name];
    if (value !== undefined) taken.set(name, value);
    delete variables[name];
  }
  return taken;
}

function isMe(pid: string | undefined): boolean {
  return pid === String(process.pid);
}

/** What nobody takes is lost, as sd_notify(3) does it. */
function senderTo(path: string): (message: string) => void {
  const sender = datagramsTo(path);
  return (message) => void sender.send(Buffer.from(`${message}\n`));
}

function saysWhenReady({ annotations }: RuntimeApp): boolean {
  return valueOf(annotations, NOTIFY_ANNOTATION) === "true";
}

function handOver(sockets: readonly PassedSocket[]): AppServices {
  const starter = listenStarter();
  const file = "listen-starter";
  if (starter !== undefined) writeFileSync(file, starter, { mode: 0o755 });
  return {
    ...NOTHING,
    environment: [
      ["LISTEN_FDS", String(sockets.length)],
      ["LISTEN_FDNAMES", sockets.map(({ name }) => name).join(":")],
      ...(starter === undefined ? [] : ([["LISTEN_PID", LISTEN_PID_UNSET]] as const)),
    ],
    binds: starter === undefined ? [] : [bind(join(process.cwd(), file), STARTER_PATH)],
    starter: starter === undefined ? undefined : STARTER_PATH,
  };
}

function bind(source: string, target: string): BoundVolume {
  return { source, target, readOnly: false, recursive: false };
}
