/**
 * Audit events sent to a program, many at once. In: lines of JSON. Out: EventLists, in order. What
 * cannot be sent is tried again; when too much waits, the newest is left out and somebody is told.
 *
 * @see audit.k8s.io/v1 EventList
 */
import type { Json, JsonObject } from "@rktnetes/api/schema";
import { type Clock, Fault } from "@shared/base";
import { postJson } from "../auth/remote/post-json.ts";
import type { RemoteConfig } from "../auth/remote/remote-config.ts";

/** Where the events go, and how many at once. */
export interface AuditBatchOptions {
  readonly remote: RemoteConfig;
  /** So many events go out together. */
  readonly maxSize: number;
  /** They wait no longer than this for others. */
  readonly maxWaitMs: number;
  /** So many may wait. */
  readonly bufferSize: number;
  /** Told of what was not sent. */
  readonly failed: (line: string) => void;
}

const TIMEOUT_MS = 30_000;

/** Takes lines, each one event; what was taken is sent before disposal ends. Never throws. */
export class AuditBatch implements AsyncDisposable {
  readonly #options: AuditBatchOptions;
  readonly #clock: Clock;
  #waiting: string[] = [];
  #sending: Promise<void> | undefined;
  #wake: () => void = () => undefined;
  #isEnding = false;

  constructor(options: AuditBatchOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
  }

  write(line: string): void {
    if (this.#waiting.length >= this.#options.bufferSize) {
      return this.#options.failed("send audit events: too many wait; one was left out");
    }
    this.#waiting.push(line);
    if (this.#waiting.length >= this.#options.maxSize) this.#wake();
    this.#sending ??= this.#send();
  }

  /** What waits is sent first. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isEnding = true;
    this.#wake();
    await this.#sending;
  }

  async #send(): Promise<void> {
    while (this.#waiting.length > 0) {
      await this.#company();
      const lines = this.#waiting.splice(0, this.#options.maxSize);
      await this.#post(lines);
    }
    this.#sending = undefined;
  }

  /** Waits for others to go along, unless there are enough already. */
  async #company(): Promise<void> {
    if (this.#isEnding || this.#waiting.length >= this.#options.maxSize) return;
    const timer = new AbortController();
    const full = new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    const waited = this.#clock.sleep(this.#options.maxWaitMs, timer.signal).catch(() => undefined);
    await Promise.race([full, waited]);
    timer.abort(new Fault("canceled", "the events go out"));
    await waited;
  }

  async #post(lines: readonly string[]): Promise<void> {
    const list: JsonObject = {
      kind: "EventList",
      apiVersion: "audit.k8s.io/v1",
      metadata: {},
      items: lines.map((line) => JSON.parse(line) as Json),
    };
    try {
      const options = { timeoutMs: TIMEOUT_MS, clock: this.#clock };
      await postJson(this.#options.remote, list, options);
    } catch (error) {
      this.#options.failed(`send ${lines.length} audit events: ${Fault.from(error).message}`);
    }
  }
}
