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
    const text = `${round}.${id}.${at}`;
    const value = Buffer.from(text.padEnd(1000 + ((at * 37) % 1500), "-"));
    const keys =
      at % 3 === 0
        ? [`/brief/${id}`]
        : at % 3 === 1
          ? [`/key/${id}/${at % 500}`]
          : [`/left/${id}/${at % 90}`, `/right/${id}/${at % 90}`];
    const writes = keys.map((key) => ({
      change: { type: "put" as const, key, value },
      expected: undefined,
    }));
    const result = await store.commit(writes);
    const revision = result.done ? (result.revisions.at(-1) ?? 0) : 0;
    writeSync(1, `${keys.at(-1)} ${revision} ${text}\n`);
    if (id === 0 && at % 200 === 199) void store.compact(revision - 1000);
  }
}

await Promise.all(Array.from({ length: WRITERS }, (_, id) => write(id)));
