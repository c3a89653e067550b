/**
 * What servers said of the archives that were fetched from them: entity tag and lifetime. In: a
 * URL; out: the image that it meant, and when that has to be asked again. The rows go with their
 * image.
 *
 * @see RFC 9110 section 8.8.3, RFC 9111 section 5.2.2
 */
import type { Database } from "bun:sqlite";
import type { ImageId } from "../image.ts";
import { guarded } from "./records.ts";

/** One URL that an archive came from. */
export interface Remote {
  readonly url: string;
  readonly imageId: ImageId;
  /** Empty where the server gave none. */
  readonly etag: string;
  /** How long the answer holds, from `fetchedMs` on; 0 where the server has to be asked always. */
  readonly maxAgeMs: number;
  /** Milliseconds since the epoch. */
  readonly fetchedMs: number;
}

interface Row {
  readonly url: string;
  readonly image_id: ImageId;
  readonly etag: string;
  readonly max_age_ms: number;
  readonly fetched_ms: number;
}

export function selectRemote(db: Database, url: string): Remote | undefined {
  return guarded("read the image database", () => {
    const row = db.query<Row, [string]>("SELECT * FROM remotes WHERE url = ?").get(url);
    if (row === null) return undefined;
    const { image_id: imageId, etag, max_age_ms: maxAgeMs, fetched_ms: fetchedMs } = row;
    return { url, imageId, etag, maxAgeMs, fetchedMs };
  });
}

export function recordRemote(db: Database, remote: Remote): void {
  const { url, imageId, etag, maxAgeMs, fetchedMs } = remote;
  guarded("record where an image came from", () =>
    db
      .query("INSERT OR REPLACE INTO remotes VALUES (?, ?, ?, ?, ?)")
      .run(url, imageId, etag, maxAgeMs, fetchedMs),
  );
}
