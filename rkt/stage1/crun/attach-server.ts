/**
 * Where clients attach to the apps of a pod: a socket in the pod directory, open for root only by
 * the directory's mode. Nothing that a client does, or leaves undone, is felt by the apps or by
 * other clients: what it does not read in time cuts it off.
 */
import { chmodSync } from "node:fs";
import { type Clock, describeFault, Fault, quote } from "@shared/base";
import type { Endpoint } from "../contract.ts";
import type { AppStreams } from "./app-streams.ts";
import {
  type Answer,
  ATTACH_SOCKET,
  type Call,
  encodeFrame,
  encodeJson,
  type Frame,
  FrameReader,
  KIND,
  parseCall,
  parseSize,
} from "./attach-protocol.ts";

/** What may wait for a client before it is cut, in bytes. */
const BACKLOG_BYTES_MAX = 1 << 20;
/** What may wait for an app before its client has to wait, in bytes. */
const INPUT_BYTES_MAX = 256 * 1024;
/** How long clients get at the pod's end to take what waits for them, in ms. */
const FAREWELL_MS = 1000;

type Socket = Bun.Socket<Client>;

/** The door of one supervisor; the working directory is the pod's. */
export class AttachServer implements AsyncDisposable {
  readonly #clock: Clock;
  readonly #apps = new Map<string, AppStreams>();
  readonly #clients = new Set<Client>();
  #listener: Bun.UnixSocketListener<Client> | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** From now on clients may attach to this app; one of the same name before it is forgotten. */
  add(name: string, streams: AppStreams): void {
    this.#apps.set(name, streams);
    this.#listener ??= this.#listen();
  }

  #listen(): Bun.UnixSocketListener<Client> {
    const listener = Bun.listen<Client>({
      unix: ATTACH_SOCKET,
      socket: {
        open: (socket) => {
          socket.data = new Client(socket, (name) => this.#apps.get(name));
          this.#clients.add(socket.data);
        },
        data: (socket, bytes) => socket.data.take(bytes),
        drain: (socket) => socket.data.flush(),
        close: ({ data }) => {
          data.leave();
          this.#clients.delete(data);
        },
        error: ({ data }) => data.leave(),
      },
    });
    chmodSync(ATTACH_SOCKET, 0o600);
    return listener;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const until = this.#clock.now() + FAREWELL_MS;
    while ([...this.#clients].some((client) => client.isBehind) && this.#clock.now() < until) {
      await this.#clock.sleep(5);
    }
    this.#listener?.stop(true);
  }
}

/** One connection. */
class Client {
  readonly #socket: Socket;
  readonly #appOf: (name: string) => AppStreams | undefined;
  readonly #reader = new FrameReader();
  #backlog: Buffer[] = [];
  #backlogBytes = 0;
  /** Whether the first frame of the backlog has been sent in part. */
  #isHeadCut = false;
  #isOver = false;
  #attached: { readonly app: AppStreams; readonly endpoints: readonly Endpoint[] } | undefined;
  #watching: Disposable | undefined;
  #waitingBytes = 0;

  constructor(socket: Socket, appOf: (name: string) => AppStreams | undefined) {
    this.#socket = socket;
    this.#appOf = appOf;
  }

  get isBehind(): boolean {
    return this.#backlog.length > 0;
  }

  take(bytes: Uint8Array): void {
    if (this.#isOver) return;
    try {
      for (const frame of this.#reader.add(bytes)) this.#handle(frame);
    } catch (error) {
      this.#finish(describeFault(Fault.from(error)));
    }
  }

  #handle({ kind, bytes }: Frame): void {
    if (this.#attached === undefined) {
      if (kind !== KIND.call) throw new Fault("invalid", "read a call: it is none");
      this.#answer(parseCall(bytes));
      return;
    }
    const { app, endpoints } = this.#attached;
    if (kind === KIND.resize && isOnTerminal(endpoints)) app.resize(parseSize(bytes));
    const takesInput = endpoints.includes("stdin") || endpoints.includes("tty-in");
    if (kind === KIND.stdin && takesInput) this.#pass(app, bytes);
  }

  /** The app reads when it likes: a client that is too far ahead is not read from meanwhile. */
  #pass(app: AppStreams, bytes: Buffer): void {
    this.#waitingBytes += bytes.length;
    if (this.#waitingBytes > INPUT_BYTES_MAX) this.#socket.pause();
    const pass = async (): Promise<void> => {
      await app.write(bytes);
      this.#waitingBytes -= bytes.length;
      if (this.#waitingBytes <= INPUT_BYTES_MAX) this.#socket.resume();
    };
    void pass();
  }

  #answer(call: Call): void {
    const app = this.#appOf(call.app);
    const answer = app === undefined ? notRunning(call.app) : chooseEndpoints(app, call);
    this.#send(encodeJson(KIND.answer, answer));
    if (app === undefined || "error" in answer || call.endpoints === "list") {
      this.#isOver = true;
      this.#endWhenSent();
      return;
    }
    const { endpoints } = answer;
    this.#attached = { app, endpoints };
    this.#watching = app.watch({
      output: (stream, bytes) => {
        if (wants(endpoints, stream)) this.#send(encodeFrame(KIND[stream], bytes));
      },
      ended: (exit) => {
        this.#send(encodeJson(KIND.status, { exit }));
        this.#isOver = true;
        this.#endWhenSent();
      },
    });
    if (!isOnTerminal(endpoints)) return;
    if (call.size !== undefined) app.resize(call.size);
    app.redraw();
  }

  #send(frame: Buffer): void {
    if (this.#isOver) return;
    this.#backlog.push(frame);
    this.#backlogBytes += frame.length;
    this.flush();
    if (this.#backlogBytes > BACKLOG_BYTES_MAX) {
      this.#finish("it was cut off: it did not read what the app wrote");
    }
  }

  /** What waits is dropped, but for a frame that was begun; the reason is the last thing said. */
  #finish(error: string): void {
    this.leave();
    this.#backlog.length = this.#isHeadCut ? 1 : 0;
    this.#backlog.push(encodeJson(KIND.status, { error }));
    this.flush();
  }

  /** Sends as much as the other side has room for. */
  flush(): void {
    for (let frame = this.#backlog[0]; frame !== undefined; frame = this.#backlog[0]) {
      const sent = Math.max(0, this.#socket.write(frame));
      this.#backlogBytes -= sent;
      if (sent < frame.length) {
        if (sent > 0) this.#isHeadCut = true;
        this.#backlog[0] = frame.subarray(sent);
        return;
      }
      this.#backlog.shift();
      this.#isHeadCut = false;
    }
    this.#endWhenSent();
  }

  #endWhenSent(): void {
    if (this.#isOver && this.#backlog.length === 0) this.#socket.end();
  }

  leave(): void {
    this.#isOver = true;
    this.#watching?.[Symbol.dispose]();
  }
}

function isOnTerminal(endpoints: readonly Endpoint[]): boolean {
  return endpoints.includes("tty-in") || endpoints.includes("tty-out");
}

function wants(endpoints: readonly Endpoint[], stream: "stdout" | "stderr"): boolean {
  return endpoints.includes(stream) || endpoints.includes("tty-out");
}

function notRunning(app: string): Answer {
  return { error: `app ${quote(app)} is not running` };
}

function chooseEndpoints({ endpoints: there }: AppStreams, call: Call): Answer {
  if (call.endpoints === "list") return { endpoints: there };
  if (there.length === 0) return { error: `app ${quote(call.app)} has no endpoints` };
  if (call.endpoints === "auto") return { endpoints: there };
  const missing = call.endpoints.find((each) => !there.includes(each));
  if (missing === undefined) return { endpoints: call.endpoints };
  const what = `app ${quote(call.app)} has no endpoint ${quote(missing)}`;
  return { error: `${what}, only ${there.join(", ")}` };
}
