/**
 * A SQLite store as one file, taken while a server writes to it, and put back. In: paths. Out: a
 * whole file or none. Never overwrites.
 */
import { Database } from "bun:sqlite";
import {
  closeSync,
  copyFileSync,
  existsSync,
  fsyncSync,
  linkSync,
  openSync,
  rmSync,
} from "node:fs";
import { dirname } from "node:path";
import { Fault, quote, syncDirectory } from "@shared/base";
import { explained } from "./database.ts";
import { type StoreSummary, verifyStore } from "./verify.ts";

/**
 * Revisions of a store that was put back go on so far behind the last one: who has seen what came
 * after the snapshot must not take new revisions for those.
 */
const RESTORED_AHEAD = 1_000_000;

/** Copies the state of this moment. @throws {Fault} "already-exists", "corrupt", "not-found" */
export function snapshotStore(file: string, target: string): StoreSummary {
  if (!existsSync(file))
    throw new Fault("not-found", `read the store ${quote(file)}: there is none`);
  return placed(target, (temporary) => {
    explained(`copy the store ${quote(file)} to ${quote(target)}`, () => {
      const database = new Database(file, { readonly: true });
      try {
        database.run("PRAGMA busy_timeout = 5000");
        database.query("VACUUM INTO ?").run(temporary);
      } finally {
        database.close();
      }
    });
    return verifyStore(temporary);
  });
}

/**
 * Puts a snapshot in place of a store that is not there. @throws {Fault} "already-exists",
 * "corrupt"
 */
export function restoreStore(snapshot: string, file: string): StoreSummary {
  if (!existsSync(snapshot)) {
    throw new Fault("not-found", `read the snapshot ${quote(snapshot)}: there is none`);
  }
  return placed(file, (temporary) => {
    copyFileSync(snapshot, temporary);
    const summary = verifyStore(temporary);
    explained(`restore the store ${quote(file)}`, () => {
      const database = new Database(temporary, { readwrite: true });
      try {
        const compacted = summary.revision + RESTORED_AHEAD;
        const text = "UPDATE mark SET revision = ? WHERE name = 'compacted'";
        database.query(text).run(compacted);
      } finally {
        database.close();
      }
    });
    return summary;
  });
}

/** `make` fills a file beside the target, that appears under its name when it is on the disk. */
function placed(target: string, make: (temporary: string) => StoreSummary): StoreSummary {
  refuseExisting(target);
  const temporary = `${target}.part`;
  const rests = ["", "-wal", "-shm", "-journal"].map((end) => temporary + end);
  for (const rest of rests) rmSync(rest, { force: true });
  try {
    closeSync(openSync(temporary, "w", 0o600));
    const summary = make(temporary);
    const descriptor = openSync(temporary, "r+");
    fsyncSync(descriptor);
    closeSync(descriptor);
    refuseExisting(target);
    linkSync(temporary, target);
    return summary;
  } catch (error) {
    throw Fault.from(error);
  } finally {
    for (const rest of rests) rmSync(rest, { force: true });
    if (existsSync(target)) syncDirectory(dirname(target));
  }
}

/** A log that was left behind by another store would be read as that of the new one. */
function refuseExisting(target: string): void {
  const found = [target, `${target}-wal`].find((file) => existsSync(file));
  if (found === undefined) return;
  const hint = "move it away first, with the files beside it";
  throw new Fault("already-exists", `write ${quote(found)}: it exists`, { hint });
}
