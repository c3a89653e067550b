/**
 * The file behind the SQLite store: how it is opened, what it holds, what SQLite's errors mean. In:
 * a path. Out: a database in WAL mode with the tables of this version. Never scans a table when it
 * opens one.
 */
import { Database, SQLiteError } from "bun:sqlite";
import { chmodSync, existsSync } from "node:fs";
import { Fault, type FaultKind, quote } from "@shared/base";

/** Says to `file` and to us whose database this is: "rktn". */
const APPLICATION_ID = 0x72_6b_74_6e;
const SCHEMA_VERSION = 2;

/**
 * `log` has a small row for each write, `data` the values that were written, both in the order of
 * revisions, so that writing appends; `current` has the last write of each key that exists. What is
 * known about the past is in `log`: a value is in `data` as long as its row in `log` is. A sum says
 * whether key and value are what was written; values of version 1 have none.
 */
const SCHEMA = `
  CREATE TABLE log (
    revision INTEGER PRIMARY KEY, key TEXT NOT NULL, previous INTEGER NOT NULL,
    deleted INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE data (
    revision INTEGER PRIMARY KEY, value BLOB NOT NULL, sum INTEGER
  ) STRICT;
  CREATE TABLE current (key TEXT PRIMARY KEY, revision INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE mark (name TEXT PRIMARY KEY, revision INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  INSERT INTO mark VALUES ('compacted', 0), ('swept', 0), ('brief', 0);
`;

/** From version 1 to 2. */
const UPGRADE = "ALTER TABLE data ADD COLUMN sum INTEGER";

/** Opens the database, or makes it. @throws {Fault} "corrupt", "exhausted", "denied" */
export function openDatabase(file: string): Database {
  return explained(`open the store ${quote(file)}`, () => {
    const isNew = !existsSync(file);
    const database = new Database(file, { create: true, readwrite: true });
    try {
      if (isNew) chmodSync(file, 0o600);
      prepare(database, file);
      return database;
    } catch (error) {
      database.close();
      throw error;
    }
  });
}

function prepare(database: Database, file: string): void {
  database.run("PRAGMA busy_timeout = 5000");
  const { application_id: owner } = pragma(database, "application_id");
  const { user_version: version } = pragma(database, "user_version");
  if (owner === 0 && version === 0 && pragma(database, "schema_version").schema_version === 0) {
    database.run("PRAGMA page_size = 4096");
    database.run("PRAGMA auto_vacuum = INCREMENTAL");
  } else if (owner !== APPLICATION_ID) {
    throw new Fault("invalid", `${quote(file)} is a database of another program`);
  } else if (version === 1) {
    database.transaction(() => {
      database.run(UPGRADE);
      database.run(`PRAGMA user_version = ${SCHEMA_VERSION}`);
    })();
  } else if (version !== SCHEMA_VERSION) {
    const hint = "a newer version of this program wrote it";
    throw new Fault("unsupported", `the store has version ${String(version)}`, { hint });
  }
  database.run("PRAGMA journal_mode = WAL");
  // Commits are made durable by fdatasync of the log, outside of the thread that serves requests.
  database.run("PRAGMA synchronous = NORMAL");
  database.run("PRAGMA wal_autocheckpoint = 0");
  database.run("PRAGMA journal_size_limit = 67108864");
  database.run("PRAGMA cache_size = -8192");
  if (owner === APPLICATION_ID) return;
  database.transaction(() => {
    database.run(SCHEMA);
    database.run(`PRAGMA application_id = ${APPLICATION_ID}`);
    database.run(`PRAGMA user_version = ${SCHEMA_VERSION}`);
  })();
}

/** @throws {Fault} "invalid", "unsupported" when it is no store of this version */
export function checkStoreDatabase(database: Database): void {
  if (pragma(database, "application_id").application_id !== APPLICATION_ID) {
    throw new Fault("invalid", "it is a database of another program");
  }
  const { user_version: version } = pragma(database, "user_version");
  if (version === SCHEMA_VERSION) return;
  const hint = "a server that is started on an older store brings it up to date";
  throw new Fault("unsupported", `it has version ${String(version)}`, { hint });
}

function pragma<Name extends string>(database: Database, name: Name): Record<Name, unknown> {
  return database.query(`PRAGMA ${name}`).get() as Record<Name, unknown>;
}

/** A transaction that is rolled back when `work` throws; the store is as before then. */
export function transaction<T>(database: Database, work: () => T): T {
  database.query("BEGIN IMMEDIATE").run();
  try {
    const result = work();
    database.query("COMMIT").run();
    return result;
  } catch (error) {
    if (database.inTransaction) database.run("ROLLBACK");
    throw error;
  }
}

const KINDS: readonly (readonly [code: string, kind: FaultKind, words: string])[] = [
  ["SQLITE_FULL", "exhausted", "no space left on device"],
  ["SQLITE_IOERR_WRITE", "exhausted", "the disk took no more"],
  ["SQLITE_CORRUPT", "corrupt", "the file is damaged"],
  ["SQLITE_NOTADB", "corrupt", "the file is not a database"],
  ["SQLITE_BUSY", "precondition", "another process is writing to it"],
  ["SQLITE_CANTOPEN", "denied", "it cannot be opened"],
  ["SQLITE_READONLY", "denied", "it cannot be written"],
  ["SQLITE_PERM", "denied", "it cannot be written"],
  ["SQLITE_IOERR", "unavailable", "the disk does not work"],
];

const RESTORE = "restore a snapshot: rktnetes store restore";

/** Does something with the database; what SQLite throws becomes a fault that a person can use. */
export function explained<T>(action: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw explanationOf(action, error);
  }
}

/** What went wrong, for a person; what is neither SQLite's nor ours comes back as it is. */
export function explanationOf(action: string, error: unknown): unknown {
  if (error instanceof Fault) return new Fault(error.kind, action, { cause: error });
  if (!(error instanceof SQLiteError)) return error;
  const known = KINDS.find(([code]) => error.code?.startsWith(code) === true);
  const [, kind, words] = known ?? [undefined, "internal" as const, error.message];
  return new Fault(kind, `${action}: ${words}`, kind === "corrupt" ? { hint: RESTORE } : {});
}
