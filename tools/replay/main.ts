/**
 * `bun run tools/replay/main.ts DIRECTORY [FILE…] [--case PREFIX] [--diff] [--cases]`: plays
 * recorded requests against the built executable and says how many answers are the same.
 *
 * In: a directory of recordings; names of files in it, all of them without one. Out: a line for
 * each file with two counts, the same and the same but for managedFields; with --diff the first
 * difference of every answer that is not the same; with --cases a line for each case. Starts one
 * server for all files, on a directory that is gone afterwards.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { reasonOf } from "./explained.ts";
import { Player, type Verdict } from "./play.ts";
import { readRecording, RECORDINGS } from "./recording.ts";
import { type ReplayServer, startReplayServer } from "./server.ts";

/** Played only when it is named, on a server of its own whose controllers run. */
const WITH_CONTROLLERS = "delete-with-controllers";
const PATIENCE = 20;

interface Options {
  readonly directory: string;
  readonly files: readonly string[];
  readonly casePrefix: string;
  readonly diff: boolean;
  readonly cases: boolean;
}

function readOptions(): Options {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      case: { type: "string", default: "" },
      diff: { type: "boolean", default: false },
      cases: { type: "boolean", default: false },
    },
  });
  const [directory, ...files] = positionals;
  if (directory === undefined) throw new Error("usage: replay DIRECTORY [FILE...] [--case PREFIX]");
  const { diff, cases } = values;
  const chosen = files.map((file) => file.replace(/\.jsonl$/, ""));
  return {
    directory,
    files: chosen.length === 0 ? RECORDINGS : chosen,
    casePrefix: values.case,
    diff,
    cases,
  };
}

async function playFile(server: ReplayServer, file: string, options: Options): Promise<Verdict[]> {
  const player = new Player(server.clients, file === WITH_CONTROLLERS ? PATIENCE : 0);
  const verdicts: Verdict[] = [];
  for (const interaction of readRecording(join(options.directory, `${file}.jsonl`))) {
    const isChosen = interaction.name.startsWith(options.casePrefix);
    if (!isChosen && interaction.case !== "setup") continue;
    const verdict = await player.play(interaction);
    if (!isChosen) continue;
    verdicts.push(verdict);
    if (options.diff && verdict.difference !== undefined) {
      const mark = verdict.beyondManagers === undefined ? "~" : "!";
      const reason = reasonOf(interaction.name);
      const { method, path } = interaction.request;
      console.log(`${mark} ${interaction.name}: ${method} ${path.slice(0, 160)}`);
      console.log(`    ${reason ?? verdict.beyondManagers ?? verdict.difference}`);
    }
  }
  return verdicts;
}

function score(name: string, verdicts: readonly Verdict[]): string {
  const same = verdicts.filter(({ difference }) => difference === undefined).length;
  const near = verdicts.filter(({ beyondManagers }) => beyondManagers === undefined).length;
  const count = String(verdicts.length).padStart(5);
  const exact = `${String(same).padStart(5)} of ${count}`;
  const rest = verdicts.filter(({ difference }) => difference !== undefined);
  const explained = rest.filter(({ interaction }) => reasonOf(interaction.name) !== undefined);
  const words = `, but for managedFields ${near}, explained ${explained.length}`;
  return `${name.padEnd(24)} ${exact}${words}`;
}

function printCases(verdicts: readonly Verdict[]): void {
  for (const [name, group] of Map.groupBy(verdicts, ({ interaction }) => interaction.case)) {
    console.log(`  ${score(name, group)}`);
  }
}

async function main(): Promise<void> {
  const options = readOptions();
  await using server = await startReplayServer(
    options.files.includes(WITH_CONTROLLERS) ? "*" : "-*",
  );
  const all: Verdict[] = [];
  for (const file of options.files) {
    const verdicts = await playFile(server, file, options);
    console.log(score(file, verdicts));
    if (options.cases) printCases(verdicts);
    all.push(...verdicts);
  }
  console.log(score("total", all));
}

await main();
