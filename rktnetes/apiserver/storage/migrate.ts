/**
 * Brings all keys of one store to another, empty one. In: two stores that nobody else writes to.
 * Out: how many keys there were. The past stays behind, and revisions are those of the new store.
 */
import { Fault } from "@shared/base";
import type { Store } from "./store.ts";

/** So many keys, and at most so many bytes, go in one commit. */
const KEYS_MAX = 100;
const BYTES_MAX = 1 << 20;

/** @throws {Fault} "precondition" when the target is not empty */
export async function migrateStore(from: Store, to: Store, prefix: string): Promise<number> {
  const there = await to.list(prefix, { limit: 1 });
  if (there.entries.length > 0) {
    throw new Fault("precondition", "migrate the store: the target has objects already");
  }
  const revision = await from.currentRevision();
  let count = 0;
  for (let after = ""; ; ) {
    const page = await from.list(prefix, { after, limit: KEYS_MAX, revision });
    let writes: Parameters<Store["commit"]>[0][number][] = [];
    let bytes = 0;
    for (const { key, value } of page.entries) {
      if (bytes + value.length > BYTES_MAX && writes.length > 0) {
        await write(to, writes);
        writes = [];
        bytes = 0;
      }
      writes.push({ change: { type: "put", key, value }, expected: 0 });
      bytes += value.length;
    }
    if (writes.length > 0) await write(to, writes);
    count += page.entries.length;
    if (page.remaining === 0) return count;
    after = page.entries.at(-1)?.key ?? after;
  }
}

async function write(to: Store, writes: Parameters<Store["commit"]>[0]): Promise<void> {
  const result = await to.commit(writes);
  if (!result.done) throw new Fault("precondition", "migrate the store: somebody writes to it");
}
