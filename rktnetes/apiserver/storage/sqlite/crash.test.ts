/**
 * The store's promise: what was answered is there, whenever the process was killed; nothing is
 * there by half, and revisions go on rising. `CRASH_ROUNDS` says how often; five times without it.
 * `npm run soak:store` does it fifty times and says how many writes were answered in a second.
 */
import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { systemClock } from "@shared/base";
import { SqliteStore } from "./sqlite-store.ts";
import { verifyStore } from "./verify.ts";

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

interface Killed {
  /** The last answer of each key. */
  readonly answers: ReadonlyMap<string, Answer>;
  readonly count: number;
  /** From the first answer to the last one. */
  readonly seconds: number;
}

/** Runs writers and kills them. */
async function killedWriters(round: number): Promise<Killed> {
  const argv = [process.execPath, "run", WRITER, file, String(round)];
  const child = Bun.spawn(argv, { stdout: "pipe", stderr: "inherit", stdin: "ignore" });
  const decoder = new TextDecoder();
  let said = "";
  let count = 0;
  let began = 0;
  let ended = 0;
  for await (const chunk of child.stdout) {
    if (count === 0) began = systemClock.now();
    ended = systemClock.now();
    const text = decoder.decode(chunk, { stream: true });
    said += text;
    count += text.split("\n").length - 1;
    if (count >= ANSWERS + 97 * (round % 10)) child.kill("SIGKILL");
  }
  expect(await child.exited).toBe(137);
  const answers = new Map<string, Answer>();
  const last = new Map<string, number>();
  for (const line of said.slice(0, said.lastIndexOf("\n")).split("\n")) {
    const [key = "", revision = "", text = ""] = line.split(" ");
    const writer = text.split(".")[1] ?? "";
    expect(Number(revision)).toBeGreaterThan(last.get(writer) ?? 0);
    last.set(writer, Number(revision));
    answers.set(key, { revision: Number(revision), text });
  }
  return { answers, count, seconds: (ended - began) / 1000 };
}

/** What was written together is there together. */
async function checkPairs(store: SqliteStore): Promise<void> {
  const lefts = await store.list("/left/");
  const rights = await store.list("/right/");
  expect(lefts.entries.length).toBe(rights.entries.length);
  for (const [at, left] of lefts.entries.entries()) {
    const right = rights.entries[at];
    expect(right?.key.replace("/right/", "/left/")).toBe(left.key);
    expect(Buffer.compare(left.value, right?.value ?? new Uint8Array())).toBe(0);
  }
}

test(
  `every answered write is found after ${ROUNDS} kills`,
  async () => {
    let last = 0;
    let written = 0;
    let seconds = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const killed = await killedWriters(round);
      expect(killed.count).toBeGreaterThanOrEqual(ANSWERS);
      written += killed.count;
      seconds += killed.seconds;
      verifyStore(file);
      await using store = SqliteStore.open(file);
      const current = await store.currentRevision();
      expect(current).toBeGreaterThan(last);
      for (const [key, { revision, text }] of killed.answers) {
        const entry = await store.get(key);
        expect(entry?.revision).toBeGreaterThanOrEqual(revision);
        expect(entry?.revision).toBeLessThanOrEqual(current);
        // A later write of the same key may be there without having been answered.
        if (entry?.revision !== revision) continue;
        expect(Buffer.from(entry.value).toString()).toStartWith(text);
      }
      await checkPairs(store);
      last = current;
    }
    if (ROUNDS > 5) {
      const rate = (written / seconds).toFixed(0);
      console.log(`${written} writes answered, ${rate} in a second, ${ROUNDS} kills: none is lost`);
    }
  },
  20_000 + ROUNDS * 5000,
);
