/**
 * The log of one app: lines flow in, records in the CRI form `<RFC 3339 time> stdout|stderr F|P
 * <text>` go to a file that is rotated, and entries to the system journal where there is one.
 *
 * Never waits and never fails: what cannot be kept is left out, and a record says how much.
 */
import {
  closeSync,
  existsSync,
  fstatSync,
  ftruncateSync,
  openSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import type { NameValue } from "@rkt/spec";
import { Fault, MiB, quote } from "@shared/base";
import { type DatagramSender, datagramsTo } from "@shared/linux";
import { LOG_ANNOTATIONS, podPaths } from "../contract.ts";
import { JOURNAL_SOCKET, journalEntry } from "./journal.ts";

export interface LogSettings {
  readonly driver: "auto" | "file" | "journald" | "none";
  readonly maxBytes: number;
  readonly maxFiles: number;
}

const DRIVERS = ["auto", "file", "journald", "none"] as const;

/** What the pod's annotations say. @throws {Fault} "invalid" */
export function logSettings(annotations: readonly NameValue[]): LogSettings {
  const valueOf = (name: string): string | undefined =>
    annotations.find((each) => each.name === name)?.value;
  const numberOf = (name: string, usual: number): number => {
    const text = valueOf(name);
    if (text === undefined) return usual;
    if (/^[1-9]\d{0,14}$/.test(text)) return Number(text);
    throw new Fault("invalid", `annotation ${quote(name)}: ${quote(text)} is no number above 0`);
  };
  const name = valueOf(LOG_ANNOTATIONS.driver) ?? "auto";
  const driver = DRIVERS.find((each) => each === name);
  if (driver === undefined) throw new Fault("invalid", `${quote(name)} is no log driver`);
  return {
    driver,
    maxBytes: numberOf(LOG_ANNOTATIONS.maxSize, 10 * MiB),
    maxFiles: numberOf(LOG_ANNOTATIONS.maxFiles, 5),
  };
}

export interface LogRecord {
  readonly stream: "stdout" | "stderr";
  readonly text: Buffer;
  /** False where the line goes on in the next record of the stream. */
  readonly isWhole: boolean;
}

export interface LoggedApp {
  readonly pod: string;
  readonly uuid: string;
  readonly name: string;
}

export class AppLog implements Disposable {
  readonly #now: () => number;
  readonly #app: LoggedApp;
  readonly #file: RotatedFile | undefined;
  readonly #journal: DatagramSender | undefined;
  #lost = 0;

  constructor(now: () => number, app: LoggedApp, settings: LogSettings) {
    const { driver } = settings;
    this.#now = now;
    this.#app = app;
    if (driver === "auto" || driver === "file") this.#file = new RotatedFile(app, settings);
    const wantsJournal = driver === "journald" || (driver === "auto" && existsSync(JOURNAL_SOCKET));
    if (wantsJournal) this.#journal = datagramsTo(JOURNAL_SOCKET);
  }

  /** Keeps the records of one piece of output. */
  add(records: readonly LogRecord[]): void {
    if (records.length === 0) return;
    if (this.#file !== undefined) this.#addToFile(this.#file, records);
    const { uuid, name: app } = this.#app;
    for (const record of records) this.#journal?.send(journalEntry({ uuid, app, ...record }));
  }

  #addToFile(file: RotatedFile, records: readonly LogRecord[]): void {
    const time = new Date(this.#now()).toISOString().replace("Z", "000000Z");
    const kept = this.#lost === 0 ? records : [lossRecord(this.#lost), ...records];
    const left = file.append(kept.map((record) => ({ head: headOf(time, record), ...record })));
    this.#lost = left === 0 ? 0 : this.#lost + Math.min(left, records.length);
  }

  [Symbol.dispose](): void {
    this.#file?.[Symbol.dispose]();
    this.#journal?.[Symbol.dispose]();
  }
}

const NEWLINE = Buffer.from("\n");

interface WrittenRecord {
  readonly head: string;
  readonly text: Buffer;
}

function headOf(time: string, { stream, isWhole }: LogRecord): string {
  return `${time} ${stream} ${isWhole ? "F" : "P"} `;
}

function bytesOf(records: readonly WrittenRecord[]): Buffer {
  return Buffer.concat(records.flatMap(({ head, text }) => [Buffer.from(head), text, NEWLINE]));
}

function lossRecord(count: number): LogRecord {
  const text = Buffer.from(`rkt: ${count} lines were lost: the log could not be written`);
  return { stream: "stderr", text, isWhole: true };
}

/** A file that makes room for a new one when it is full. */
class RotatedFile implements Disposable {
  readonly #app: LoggedApp;
  readonly #settings: LogSettings;
  #fd: number | undefined;
  #sizeBytes = 0;

  constructor(app: LoggedApp, settings: LogSettings) {
    this.#app = app;
    this.#settings = settings;
  }

  /** Appends records, as few writes as there are files. Returns how many could not be written. */
  append(records: readonly WrittenRecord[]): number {
    let from = 0;
    try {
      while (from < records.length) {
        if (this.#fd === undefined) this.#open();
        const to = this.#roomUntil(records, from);
        if (to > from && !this.#write(bytesOf(records.slice(from, to)))) break;
        if (to < records.length) this.#rotate();
        from = to;
      }
    } catch {
      // a full disk: the next record tries again
    }
    return records.length - from;
  }

  /** Behind the last record that the file has room for; an empty one has room for any. */
  #roomUntil(records: readonly WrittenRecord[], from: number): number {
    let size = this.#sizeBytes;
    let to = from;
    for (const { head, text } of records.slice(from)) {
      const length = head.length + text.length + NEWLINE.length;
      if (size > 0 && size + length > this.#settings.maxBytes) break;
      size += length;
      to++;
    }
    return to;
  }

  #write(bytes: Buffer): boolean {
    const fd = this.#fd ?? -1;
    for (let at = 0; at < bytes.length; ) {
      try {
        at += writeSync(fd, bytes, at, bytes.length - at);
      } catch (error) {
        if ((error as { readonly code?: unknown }).code === "EINTR") continue;
        ftruncateSync(fd, this.#sizeBytes); // what a full disk let through of it
        return false;
      }
    }
    this.#sizeBytes += bytes.length;
    return true;
  }

  #open(): void {
    this.#fd = openSync(podPaths.appLog(this.#app.pod, this.#app.name), "a", 0o640);
    this.#sizeBytes = fstatSync(this.#fd).size;
  }

  #rotate(): void {
    const { pod, name } = this.#app;
    const path = (age: number): string =>
      age === 0 ? podPaths.appLog(pod, name) : podPaths.rotatedLog(pod, name, age);
    this[Symbol.dispose]();
    const oldest = this.#settings.maxFiles - 1;
    if (oldest === 0) rmSync(path(0), { force: true });
    for (let age = oldest; age > 0; age--) {
      if (existsSync(path(age - 1))) renameSync(path(age - 1), path(age));
    }
  }

  [Symbol.dispose](): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
    this.#sizeBytes = 0;
  }
}
