/**
 * A program that runs inside a test machine while the test goes on: its output so far, signals to
 * it, its end.
 */
import { join } from "node:path";
import type { Finished, RunOptions } from "../fixtures/process.ts";
import { run } from "../fixtures/process.ts";
import { PATIENCE } from "../fixtures/patience.ts";
import { temporaryDirectory } from "../fixtures/temporary-directory.ts";
import type { Machine } from "./machine.ts";

export interface Background {
  /** Pid inside the machine. */
  readonly pid: string;
  readonly finished: Promise<Finished>;
  /** Sends `TERM`, `INT`, `KILL` … to the program itself. */
  signal(name: string): Promise<void>;
}

/** Starts the program and returns as soon as its pid is known. */
export async function startInBackground(
  machine: Machine,
  argv: readonly string[],
  options: RunOptions,
): Promise<Background> {
  const notes = temporaryDirectory("pid");
  const file = join(notes.path, "pid");
  const announce = 'echo $$ >"$0.new"; mv "$0.new" "$0"; exec "$@"';
  const program = ["sh", "-c", announce, file, ...argv];
  const finished = run([...machine.inside, ...program], options).finally(() =>
    notes[Symbol.dispose](),
  );
  const begun = eventually("the program has a pid", async () =>
    (await Bun.file(file).exists()) ? (await Bun.file(file).text()).trim() : undefined,
  );
  const pid = await Promise.race([begun, finished.then(endedAtOnce)]);
  return {
    pid,
    finished,
    signal: async (name) => {
      await machine.shell(`kill -${name} ${pid}`);
    },
  };
}

function endedAtOnce({ status, stderr }: Finished): never {
  throw new Error(`the program ended at once, with status ${status}: ${stderr}`);
}

/** Asks until there is an answer, for 30 seconds; what is waited for stands in the error. */
export async function eventually<T>(what: string, probe: () => Promise<T | undefined>): Promise<T> {
  for (let attempt = 0; attempt < 600 * PATIENCE; attempt++) {
    const answer = await probe();
    if (answer !== undefined) return answer;
    await Bun.sleep(50);
  }
  throw new Error(`waited 30 s in vain: ${what}`);
}
