/**
 * Lines of logs onto standard output and standard error, each behind its time and the name of its
 * app if asked.
 */
import type { Host } from "../host.ts";
import type { LogLine } from "./log-file.ts";

export interface LogLayout {
  /** Whether the name of the app stands before each line. */
  readonly prefixed: boolean;
  readonly timestamps: boolean;
  /** Lines before this time, in ms since the epoch, are left out. */
  readonly since?: number | undefined;
}

const ENOUGH = 64 * 1024;

/** Collects what goes to one stream before it is written, so that a long log costs few calls. */
export class LogPrinter {
  readonly #host: Pick<Host, "write">;
  readonly #layout: LogLayout;
  #stream: LogLine["stream"] = "stdout";
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  /** App and stream of the line that the last record left open. */
  #lastOpen: string | undefined;

  constructor(host: Pick<Host, "write">, layout: LogLayout) {
    this.#host = host;
    this.#layout = layout;
  }

  /** A part of a line stays open: a later record of the same app and stream goes on with it. */
  print(line: LogLine): void {
    const { since } = this.#layout;
    if (since !== undefined && Date.parse(line.time) < since) return;
    const source = `${line.app} ${line.stream}`;
    if (this.#lastOpen !== undefined && this.#lastOpen !== source) this.#endOpenLine();
    if (this.#lastOpen !== source) this.#put(line.stream, Buffer.from(this.#headOf(line)));
    this.#put(line.stream, line.text);
    if (line.ended) this.#put(line.stream, Buffer.from("\n"));
    this.#lastOpen = line.ended ? undefined : source;
  }

  /** Writes what is collected. */
  flush(): void {
    if (this.#waiting.length > 0) this.#host.write(this.#stream, Buffer.concat(this.#waiting));
    this.#waiting = [];
    this.#waitingBytes = 0;
  }

  /** Another line comes between: the reader sees two lines rather than a mixed one. */
  #endOpenLine(): void {
    this.#put(this.#stream, Buffer.from("\n"));
    this.#lastOpen = undefined;
  }

  #headOf(line: LogLine): string {
    const time = this.#layout.timestamps ? `${line.time} ` : "";
    return this.#layout.prefixed ? `${time}${line.app}: ` : time;
  }

  #put(stream: LogLine["stream"], bytes: Uint8Array): void {
    if (stream !== this.#stream || this.#waitingBytes > ENOUGH) this.flush();
    this.#stream = stream;
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
  }
}
