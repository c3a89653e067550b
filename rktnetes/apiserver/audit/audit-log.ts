/**
 * The file that audit events go to: one line each, in order. In: lines. Out: a file that starts
 * anew when it has become long; older ones beside it, so many and so old as asked. Lines that
 * arrive while one write is under way go out together with the next.
 */
import { appendFile, mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, extname, join } from "node:path";
import type { Clock } from "@shared/base";

/** Where the lines go, and for how long they stay. */
export interface AuditLogOptions {
  readonly path: string;
  /** A file longer than this is put aside; never for 0. */
  readonly maxBytes: number;
  /** So many files are kept beside it; all for 0. */
  readonly maxBackups: number;
  /** Files older than this are removed; none for 0. */
  readonly maxAgeMs: number;
}

/** Takes lines; what was taken is in the file after disposal. */
export class AuditLog implements AsyncDisposable {
  readonly #options: AuditLogOptions;
  readonly #clock: Clock;
  #lines: string[] = [];
  #length = 0;
  #writing: Promise<void> = Promise.resolve();
  #isWriting = false;

  private constructor(options: AuditLogOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
  }

  static async open(options: AuditLogOptions, clock: Clock): Promise<AuditLog> {
    const log = new AuditLog(options, clock);
    await mkdir(dirname(options.path), { recursive: true });
    await appendFile(options.path, "", { mode: 0o600 });
    log.#length = (await stat(options.path)).size;
    return log;
  }

  write(line: string): void {
    this.#lines.push(`${line}\n`);
    if (this.#isWriting) return;
    this.#isWriting = true;
    this.#writing = this.#drain();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writing;
  }

  async #drain(): Promise<void> {
    try {
      while (this.#lines.length > 0) {
        const bytes = Buffer.from(this.#lines.join(""));
        this.#lines = [];
        await this.#append(bytes);
      }
    } finally {
      this.#isWriting = false;
    }
  }

  async #append(bytes: Buffer): Promise<void> {
    const { path, maxBytes } = this.#options;
    if (maxBytes > 0 && this.#length > 0 && this.#length + bytes.length > maxBytes) {
      await this.#rotate();
    }
    await appendFile(path, bytes, { mode: 0o600 });
    this.#length += bytes.length;
  }

  async #rotate(): Promise<void> {
    const { path, maxBackups, maxAgeMs } = this.#options;
    const extension = extname(path);
    const stem = basename(path, extension);
    const now = this.#clock.now();
    const stamp = new Date(now).toISOString().replaceAll(":", "-");
    await rename(path, join(dirname(path), `${stem}-${stamp}${extension}`));
    this.#length = 0;
    const names = (await readdir(dirname(path)))
      .filter((name) => name.startsWith(`${stem}-`) && name.endsWith(extension))
      .sort()
      .reverse();
    for (const [at, name] of names.entries()) {
      const file = join(dirname(path), name);
      const isTooMany = maxBackups > 0 && at >= maxBackups;
      const isTooOld = maxAgeMs > 0 && (await stat(file)).mtimeMs < now - maxAgeMs;
      if (isTooMany || isTooOld) await rm(file, { force: true });
    }
  }
}
