/**
 * Makes commits durable without holding up the thread that serves requests: SQLite writes its log
 * to the page cache, `sync` has the kernel bring it to the disk meanwhile. In: a database in WAL
 * mode with `synchronous = NORMAL` and no automatic checkpoints. Out: promises that resolve when
 * everything written before is safe.
 *
 * A checkpoint copies pages from the log to the file, and the log may start over only after the
 * file is safe too. SQLite would wait for the disk in between; here a reader that sees the whole
 * log keeps it from starting over until the kernel is done.
 */
import { Database, SQLiteError } from "bun:sqlite";
import { closeSync, fdatasync, openSync } from "node:fs";
import { dirname } from "node:path";
import { Fault, quote, syncDirectory } from "@shared/base";

/** The log is copied when it has grown by so much. */
const CHECKPOINT_BYTES = 8 << 20;

export class WriteAheadLog {
  readonly #file: string;
  readonly #writer: Database;
  readonly #reader: Database;
  readonly #log: number;
  readonly #main: number;
  #grown = 0;
  #state: "short" | "copying" | "copied" = "short";
  #copying: Promise<void> | undefined;

  /** The database has been written to once, so that its log is there. */
  constructor(file: string, writer: Database) {
    this.#file = file;
    this.#writer = writer;
    this.#reader = new Database(file, { readonly: true });
    this.#log = openSync(`${file}-wal`, "r+");
    this.#main = openSync(file, "r+");
    syncDirectory(dirname(file));
  }

  /** Notes what a transaction added to the log, about. */
  grow(bytes: number): void {
    this.#grown += bytes;
  }

  /** Resolves when all that was committed before the call is on the disk. @throws {Fault} */
  sync(): Promise<void> {
    return flush(this.#log, `${this.#file}-wal`);
  }

  /**
   * Copies the log where it is long: first most of it, while others go on writing, later the rest
   * in the promise that is returned, for which they have to wait. Only when nothing was committed
   * since the last `sync`: what is in the file must be in the log first. @throws {Fault}
   */
  checkpoint(): Promise<void> | undefined {
    if (this.#state === "copied") return this.#copyRest();
    if (this.#state === "short" && this.#grown >= CHECKPOINT_BYTES) {
      this.#copying = this.#copyMost();
    }
    return undefined;
  }

  async close(): Promise<void> {
    await this.#copying;
    this.#reader.close();
    this.#writer.run("PRAGMA synchronous = FULL");
    this.#writer.close();
    // Last: closing a descriptor of the file drops the locks that SQLite holds on it.
    closeSync(this.#log);
    closeSync(this.#main);
  }

  async #copyMost(): Promise<void> {
    this.#state = this.#copy() ? "copying" : "short";
    if (this.#state === "short") return;
    try {
      await flush(this.#main, this.#file);
      this.#reader.run("COMMIT");
      this.#state = "copied";
    } catch {
      // The reader stays, and with it all of the log. Later syncs fail as well and say so.
    }
  }

  /** The next commit finds everything copied, and nobody who needs the log: it starts over. */
  async #copyRest(): Promise<void> {
    this.#state = "short";
    if (!this.#copy()) return;
    await flush(this.#main, this.#file);
    this.#reader.run("COMMIT");
  }

  /** False when the file could not be written, being full: the log keeps all it has. */
  #copy(): boolean {
    this.#grown = 0;
    this.#reader.run("BEGIN");
    this.#reader.query("SELECT revision FROM mark LIMIT 1").get();
    this.#writer.run("PRAGMA synchronous = OFF");
    try {
      this.#writer.run("PRAGMA wal_checkpoint(PASSIVE)");
      return true;
    } catch (error) {
      if (!(error instanceof SQLiteError)) throw error;
      this.#reader.run("COMMIT");
      return false;
    } finally {
      this.#writer.run("PRAGMA synchronous = NORMAL");
    }
  }
}

function flush(descriptor: number, file: string): Promise<void> {
  return new Promise((resolve, reject) => {
    fdatasync(descriptor, (error) => {
      if (error === null) resolve();
      else {
        const hint = "the disk may be failing: what was answered before is safe";
        reject(
          new Fault("unavailable", `bring ${quote(file)} to the disk`, { cause: error, hint }),
        );
      }
    });
  });
}
