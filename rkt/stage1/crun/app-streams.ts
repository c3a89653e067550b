/**
 * The streams of a running app as others see them: its output goes to all who watch, its input
 * comes from whoever attached. Several may do so at once. The seam for `attach`, and later for the
 * container runtime interface.
 */
import { closeSync } from "node:fs";
import type { Clock } from "@shared/base";
import { setTerminalSize, type TerminalSize } from "@shared/linux";
import type { Endpoint } from "../contract.ts";
import { PatientWriter } from "./patient-writer.ts";

/** Takes what the app says; it must not wait. */
export interface StreamWatcher {
  output(stream: "stdout" | "stderr", bytes: Buffer): void;
  /** The app has ended, with its exit status; nothing more comes. */
  ended(status: number): void;
}

/** What programs expect of a terminal whose size nobody knows. */
const USUAL_SIZE: TerminalSize = { columns: 80, rows: 24 };

export class AppStreams {
  readonly endpoints: readonly Endpoint[];
  readonly #clock: Clock;
  readonly #watchers = new Set<StreamWatcher>();
  #input: { readonly fd: number; readonly writer: PatientWriter } | undefined;
  #terminal: number | undefined;
  #size = USUAL_SIZE;

  constructor(clock: Clock, endpoints: readonly Endpoint[]) {
    this.#clock = clock;
    this.endpoints = endpoints;
  }

  /** From now on the app's input goes to this descriptor, which is closed with the app. */
  setInput(fd: number): void {
    this.#input = { fd, writer: new PatientWriter(this.#clock, fd) };
  }

  /** The app's terminal is there; it stays the caller's. */
  setTerminal(fd: number): void {
    this.#terminal = fd;
    this.resize(this.#size);
    if (this.endpoints.includes("tty-in")) {
      this.#input = { fd: -1, writer: new PatientWriter(this.#clock, fd) };
    }
  }

  watch(watcher: StreamWatcher): Disposable {
    this.#watchers.add(watcher);
    return { [Symbol.dispose]: () => void this.#watchers.delete(watcher) };
  }

  say(stream: "stdout" | "stderr", bytes: Buffer): void {
    for (const watcher of this.#watchers) watcher.output(stream, bytes);
  }

  /** Resolves once the app has room for all of it; what comes after its end is dropped. */
  async write(bytes: Uint8Array): Promise<void> {
    await this.#input?.writer.write(bytes);
  }

  /** The last size that anybody asked for is the terminal's. */
  resize(size: TerminalSize): void {
    this.#size = size.columns === 0 || size.rows === 0 ? USUAL_SIZE : size;
    if (this.#terminal !== undefined) setTerminalSize(this.#terminal, this.#size);
  }

  /** Somebody new looks at the terminal: full-screen programs draw again when its size changes. */
  redraw(): void {
    const { columns, rows } = this.#size;
    if (this.#terminal === undefined) return;
    setTerminalSize(this.#terminal, { columns, rows: rows + 1 });
    setTerminalSize(this.#terminal, { columns, rows });
  }

  /** The terminal is about to be closed. */
  dropTerminal(): void {
    this.#terminal = undefined;
    this.#dropInput();
  }

  end(status: number): void {
    this.#dropInput();
    for (const watcher of this.#watchers) watcher.ended(status);
    this.#watchers.clear();
  }

  #dropInput(): void {
    const input = this.#input;
    this.#input = undefined;
    input?.writer.abandon();
    if (input !== undefined && input.fd >= 0) closeSync(input.fd);
  }
}
