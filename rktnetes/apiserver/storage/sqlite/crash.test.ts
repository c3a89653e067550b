/**
 * The store's promise: what was answered is there, whenever the process was killed. `CRASH_ROUNDS`
 * says how often; five times without it.
 */
import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { SqliteStore } from "./sqlite-store.ts";

const ROUNDS = Number(process.env["CRASH_ROUNDS"] ?? "5");
const WRITER = join(import.meta.dir, "testdata/writer-main.ts");

/** A round ends, at some moment, after so many answers. */
const ANSWERS = 1000;

const directory = mkdtempSync(join(tmpdir(), "sqlite-crash-"));
const file = join(directory, "state.db");
afterAll(() => rmSync(directory, { recursive: true }));

interface Answer {
  readonly revision: number;
  readonly text: string;
}

/** Runs writers, kills them, and returns the last answer of each key with how many there were. */
async function killedWriters(round: number): Promise<[Map<string, Answer>, number]> {
  const argv = [process.execPath, "run", WRITER, file, String(round)];
  const child = Bun.spawn(argv, { stdout: "pipe", stderr: "inherit", stdin: "ignore" });
  const decoder = new TextDecoder();
  let said = "";
  let lines = 0;
  for await (const chunk of child.stdout) {
    const text = decoder.decode(chunk, { stream: true });
    said += text;
    lines += text.split("\n").length - 1;
    if (lines >= ANSWERS + 97 * (round % 10)) child.kill("SIGKILL");
  }
  expect(await child.exited).toBe(137);
  const answers = new Map<string, Answer>();
  for (const line of said.slice(0, said.lastIndexOf("\n")).split("\n")) {
    const [key = "", revision = "", text = ""] = line.split(" ");
    answers.set(key, { revision: Number(revision), text });
  }
  return [answers, lines];
}

test(
  `every answered write is found after ${ROUNDS} kills`,
  async () => {
    let last = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const [answers, count] = await killedWriters(round);
      expect(count).toBeGreaterThanOrEqual(ANSWERS);
      await using store = SqliteStore.open(file);
      const current = await store.currentRevision();
      expect(current).toBeGreaterThan(last);
      for (const [key, { revision, text }] of answers) {
        const entry = await store.get(key);
        expect(entry?.revision).toBeGreaterThanOrEqual(revision);
        expect(entry?.revision).toBeLessThanOrEqual(current);
        // A later write of the same key may be there without having been answered.
        if (entry?.revision !== revision) continue;
        expect(Buffer.from(entry.value).toString()).toStartWith(text);
      }
      last = current;
    }
  },
  20_000 + ROUNDS * 5000,
);
