/**
 * A process to be killed: sixteen writers fill the store in the file that it is given, as fast as
 * they can, and say on standard output what was answered: one line of key, revision and text.
 */
import { writeSync } from "node:fs";
import process from "node:process";
import { SqliteStore } from "../sqlite-store.ts";

const WRITERS = 16;

const [file = "", round = ""] = process.argv.slice(2);
const store = SqliteStore.open(file, { brief: ["/brief/"], briefRevisions: 500 });

async function write(id: number): Promise<void> {
  for (let at = 0; ; at++) {
    const key = at % 3 === 0 ? `/brief/${id}` : `/key/${id}/${at % 500}`;
    const text = `${round}.${id}.${at}`;
    const value = Buffer.from(text.padEnd(1000 + ((at * 37) % 1500), "-"));
    const change = { type: "put" as const, key, value };
    const result = await store.commit([{ change, expected: undefined }]);
    const revision = result.done ? (result.revisions[0] ?? 0) : 0;
    writeSync(1, `${key} ${revision} ${text}\n`);
    if (id === 0 && at % 200 === 199) void store.compact(revision - 1000);
  }
}

await Promise.all(Array.from({ length: WRITERS }, (_, id) => write(id)));
