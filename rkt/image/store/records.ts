/**
 * The image records: which images there are, what they are called, which blobs and layers they are
 * made of. In: images and names; out: `StoredImage`s. One SQLite file in WAL mode, one transaction
 * per change. Never touches a blob or a layer.
 */
import { Database, SQLiteError } from "bun:sqlite";
import { statfsSync } from "node:fs";
import { dirname } from "node:path";
import type { ImageManifest, NameValue } from "@rkt/spec";
import { Fault, type FaultKind, quote } from "@shared/base";
import type { BlobDigest, ImageId, LayerId, StoredImage, Verification } from "../image.ts";

/** What `addImage` writes down, complete. */
export interface NewImage {
  readonly id: ImageId;
  readonly format: "aci" | "oci";
  /** As `image list` shows it. */
  readonly name: string;
  readonly manifest: ImageManifest;
  /** Bottom first. */
  readonly layers: readonly LayerId[];
  /** Blobs that this image needs: the ACI itself, or manifest, configuration and layers. */
  readonly blobs: readonly BlobDigest[];
  readonly sizeBytes: number;
  readonly importedMs: number;
  readonly verification: Verification;
  /** Normalised reference texts that mean this image from now on. */
  readonly references: readonly string[];
  /** Further ids, e.g. `sha256:<hex>` of an OCI manifest and of its configuration. */
  readonly aliases: readonly string[];
}

const SCHEMA_VERSION = 2;
const BUSY_TIMEOUT_MS = 10_000;

const SCHEMA = `
CREATE TABLE images (
  id TEXT PRIMARY KEY NOT NULL,
  format TEXT NOT NULL,
  name TEXT NOT NULL,
  app_name TEXT NOT NULL,
  manifest TEXT NOT NULL,
  layers TEXT NOT NULL,
  blobs TEXT NOT NULL,
  size_bytes INTEGER NOT NULL,
  imported_ms INTEGER NOT NULL,
  verification TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX images_by_app_name ON images (app_name, imported_ms);
CREATE TABLE image_references (
  reference TEXT PRIMARY KEY NOT NULL,
  image_id TEXT NOT NULL REFERENCES images (id) ON DELETE CASCADE
) WITHOUT ROWID;
CREATE INDEX image_references_by_image ON image_references (image_id);
CREATE TABLE image_aliases (
  alias TEXT NOT NULL,
  image_id TEXT NOT NULL REFERENCES images (id) ON DELETE CASCADE,
  PRIMARY KEY (alias, image_id)
) WITHOUT ROWID;
CREATE INDEX image_aliases_by_image ON image_aliases (image_id);
CREATE TABLE remotes (
  url TEXT PRIMARY KEY NOT NULL,
  image_id TEXT NOT NULL REFERENCES images (id) ON DELETE CASCADE,
  etag TEXT NOT NULL,
  max_age_ms INTEGER NOT NULL,
  fetched_ms INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX remotes_by_image ON remotes (image_id);
PRAGMA user_version = ${SCHEMA_VERSION};
`;

const COLUMNS = "id, format, name, manifest, layers, size_bytes, imported_ms, verification";

interface Row {
  readonly id: ImageId;
  readonly format: "aci" | "oci";
  readonly name: string;
  readonly manifest: string;
  readonly layers: string;
  readonly size_bytes: number;
  readonly imported_ms: number;
  readonly verification: string;
}

/** Opens the database; `create` is called, once, around the making of a new one. */
export function openDatabase(path: string, create: (make: () => void) => void): Database {
  return guarded("open the image database", () => {
    const db = new Database(path, { create: true, readwrite: true, strict: true });
    try {
      db.run(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
      const version = schemaVersion(db);
      if (version === 0) create(() => makeSchema(db));
      refuseNewer(version === 0 ? schemaVersion(db) : version, path);
      db.run("PRAGMA synchronous = NORMAL");
      db.run("PRAGMA foreign_keys = ON");
      return db;
    } catch (error) {
      db.close();
      if (error instanceof SQLiteError && isFull(path)) throw fullDisk(error);
      throw error;
    }
  });
}

function makeSchema(db: Database): void {
  db.run("PRAGMA journal_mode = WAL");
  const make = db.transaction(() => {
    if (schemaVersion(db) === 0) db.run(SCHEMA);
  });
  make.immediate();
}

function schemaVersion(db: Database): number {
  const row = db.query<{ user_version: number }, []>("PRAGMA user_version").get();
  return row?.user_version ?? 0;
}

function refuseNewer(version: number, path: string): void {
  if (version <= SCHEMA_VERSION) return;
  throw new Fault("unsupported", `open ${quote(path)}: its version ${version} is not known`, {
    hint: "a newer version of this program wrote it; use that one",
  });
}

export function insertImage(db: Database, image: NewImage): void {
  durably(db, "record an image", () => {
    const { id } = image;
    db.query("DELETE FROM image_aliases WHERE image_id = ?").run(id);
    db.query(
      `INSERT INTO images (${COLUMNS}, app_name, blobs) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET format = excluded.format, name = excluded.name,
         manifest = excluded.manifest, layers = excluded.layers, size_bytes = excluded.size_bytes,
         imported_ms = excluded.imported_ms,
         verification = excluded.verification, app_name = excluded.app_name,
         blobs = excluded.blobs`,
    ).run(
      id,
      image.format,
      image.name,
      JSON.stringify(image.manifest),
      JSON.stringify(image.layers),
      image.sizeBytes,
      image.importedMs,
      JSON.stringify(image.verification),
      image.manifest.name,
      JSON.stringify(image.blobs),
    );
    const refer = db.query("INSERT OR REPLACE INTO image_references VALUES (?, ?)");
    for (const reference of image.references) refer.run(reference, id);
    const alias = db.query("INSERT OR IGNORE INTO image_aliases VALUES (?, ?)");
    for (const name of image.aliases) alias.run(name, id);
  });
}

export function insertReference(db: Database, reference: string, id: ImageId): void {
  guarded("record the name of an image", () =>
    db.query("INSERT OR REPLACE INTO image_references VALUES (?, ?)").run(reference, id),
  );
}

/** What an image was made of when its record was deleted; undefined when there was none. */
export function deleteImage(
  db: Database,
  id: string,
): { readonly layers: LayerId[]; readonly blobs: BlobDigest[] } | undefined {
  return durably(db, "remove an image's record", () => {
    const row = db
      .query<{ layers: string; blobs: string }, [string]>(
        "DELETE FROM images WHERE id = ? RETURNING layers, blobs",
      )
      .get(id);
    if (row === null) return undefined;
    return {
      layers: JSON.parse(row.layers) as LayerId[],
      blobs: JSON.parse(row.blobs) as BlobDigest[],
    };
  });
}

/** The blobs of an image, in the order in which they were recorded. */
export function selectBlobs(db: Database, id: string): BlobDigest[] {
  return guarded("read the image database", () => {
    const sql = "SELECT blobs FROM images WHERE id = ?";
    const row = db.query<{ blobs: string }, [string]>(sql).get(id);
    return row === null ? [] : (JSON.parse(row.blobs) as BlobDigest[]);
  });
}

/** The reference texts that mean an image. */
export function selectReferences(db: Database, id: string): string[] {
  return guarded("read the image database", () => {
    const sql = "SELECT reference FROM image_references WHERE image_id = ? ORDER BY reference";
    const rows = db.query<{ reference: string }, [string]>(sql).all(id);
    return rows.map((row) => row.reference);
  });
}

/** Every layer and every blob that some record names. */
export function namedContent(db: Database): { layers: Set<string>; blobs: Set<string> } {
  return guarded("read the image database", () => {
    const values = (column: "layers" | "blobs"): Set<string> => {
      const sql = `SELECT DISTINCT value FROM images, json_each(images.${column})`;
      return new Set(
        db
          .query<{ value: string }, []>(sql)
          .all()
          .map((row) => row.value),
      );
    };
    return { layers: values("layers"), blobs: values("blobs") };
  });
}

export function selectAll(db: Database): StoredImage[] {
  return select(db, "ORDER BY imported_ms, id", []);
}

export function selectByReference(db: Database, reference: string): StoredImage | undefined {
  const where = "WHERE id = (SELECT image_id FROM image_references WHERE reference = ?)";
  return select(db, where, [reference])[0];
}

export function selectByName(
  db: Database,
  name: string,
  labels: readonly NameValue[],
): StoredImage | undefined {
  const rows = select(db, "WHERE app_name = ? ORDER BY imported_ms DESC, id", [name]);
  return rows.find((image) => hasLabels(image.manifest, labels));
}

function hasLabels(manifest: ImageManifest, wanted: readonly NameValue[]): boolean {
  return wanted.every((label) =>
    manifest.labels?.some((has) => has.name === label.name && has.value === label.value),
  );
}

/** Ids start with `sha512-` and hex digits: the texts from the prefix up to its successor. */
export function selectByIdPrefix(db: Database, prefix: string): StoredImage[] {
  return select(db, "WHERE id >= ? AND id < ?", [prefix, `${prefix}~`]);
}

export function selectByAliasPrefix(db: Database, prefix: string): StoredImage[] {
  const where = "WHERE id IN (SELECT image_id FROM image_aliases WHERE alias >= ? AND alias < ?)";
  return select(db, where, [prefix, `${prefix}~`]);
}

function select(db: Database, where: string, values: string[]): StoredImage[] {
  return guarded("read the image database", () =>
    db
      .query<Row, string[]>(`SELECT ${COLUMNS} FROM images ${where}`)
      .all(...values)
      .map(imageOf),
  );
}

function imageOf(row: Row): StoredImage {
  return {
    id: row.id,
    format: row.format,
    name: row.name,
    manifest: JSON.parse(row.manifest) as ImageManifest,
    layers: JSON.parse(row.layers) as LayerId[],
    sizeBytes: row.size_bytes,
    importedMs: row.imported_ms,
    lastUsedMs: row.imported_ms,
    verification: JSON.parse(row.verification) as Verification,
  };
}

/**
 * One transaction that a power cut after it cannot undo: files are added or removed on its word.
 */
function durably<T>(db: Database, action: string, change: () => T): T {
  return guarded(action, () => {
    db.run("PRAGMA synchronous = FULL");
    try {
      return db.transaction(change).immediate();
    } finally {
      db.run("PRAGMA synchronous = NORMAL");
    }
  });
}

const KIND_OF_CODE: Readonly<Record<string, FaultKind>> = {
  SQLITE_FULL: "exhausted",
  SQLITE_BUSY: "timeout",
  SQLITE_CORRUPT: "corrupt",
  SQLITE_NOTADB: "corrupt",
  SQLITE_READONLY: "denied",
  SQLITE_PERM: "denied",
  SQLITE_AUTH: "denied",
};

/** What SQLite needs beside the database before it can read: 32 KiB, which it maps. */
const INDEX_BYTES = 32 * 1024;

/** SQLite calls it an input/output error when the index of its journal does not fit. */
function isFull(path: string): boolean {
  const { bfree, bsize } = statfsSync(dirname(path));
  return bfree * bsize < INDEX_BYTES;
}

function fullDisk(cause: SQLiteError): Fault {
  return new Fault("exhausted", "open the image database: no space left on device", { cause });
}

/** Does the work; what SQLite throws becomes a fault that names the action. */
export function guarded<T>(action: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof SQLiteError)) throw error;
    const family = /^SQLITE_[A-Z]+/.exec(error.code ?? "")?.[0] ?? "";
    throw new Fault(KIND_OF_CODE[family] ?? "internal", `${action}: ${error.message}`);
  }
}
