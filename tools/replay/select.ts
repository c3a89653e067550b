/**
 * `bun run tools/replay/select.ts DIRECTORY [OUT]`: chooses the recordings that the project keeps
 * and replays on every change. A maintainer's command.
 *
 * In: a directory of recordings, all of them; OUT, or e2e/kubernetes/recordings. Out: a file of
 * compact lines for each recording: cases that the built executable answers as recorded, also when
 * it is asked nothing else, small ones first; answers that differ are left out where nothing can
 * depend on them.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { compactLine } from "./compact.ts";
import { Player } from "./play.ts";
import { type Interaction, readRecording, RECORDINGS } from "./recording.ts";
import { startReplayServer } from "./server.ts";

/** All files together. */
const BYTES_MAX = 1_400_000;
/** A case beyond this tells too little for its length. */
const CASE_MAX = 110_000;
/** What loops of the server write soon after a request: who sees it is chance. */
const BY_LOOPS = /flowschemas|apiservices|customresourcedefinitions\/[^"]*"/;
/** Sentences, not facts. */
const PROSE = /"description":"[^"]{60}/;
/** Additions of the distribution whose server was recorded. */
const FOREIGN = /openshift/i;

interface Case {
  readonly file: string;
  readonly name: string;
  readonly interactions: readonly Interaction[];
  readonly lines: readonly string[];
  readonly bytes: number;
}

function readCases(directory: string): readonly Case[] {
  return RECORDINGS.flatMap((file) => {
    const all = readRecording(join(directory, `${file}.jsonl`));
    const grouped = Map.groupBy(all, (interaction) => interaction.case);
    return [...grouped].map(([name, interactions]) => caseOf(file, name, interactions));
  });
}

function caseOf(file: string, name: string, interactions: readonly Interaction[]): Case {
  const lines = interactions.map(compactLine);
  const bytes = lines.reduce((sum, line) => sum + line.length + 1, 0);
  return { file, name, interactions, lines, bytes };
}

/** What one fresh server answers as recorded: cases without what they can do without. */
async function passing(cases: readonly Case[]): Promise<readonly Case[]> {
  await using server = await startReplayServer();
  const passed: Case[] = [];
  for (const file of RECORDINGS) {
    const player = new Player(server.clients);
    for (const each of cases.filter((one) => one.file === file)) {
      const same = await playCase(player, each);
      if (same !== undefined) passed.push(caseOf(file, each.name, same));
    }
  }
  return passed;
}

/** Undefined where a write was answered otherwise: what follows may depend on it. */
async function playCase(
  player: Player,
  { name, interactions }: Case,
): Promise<readonly Interaction[] | undefined> {
  const same: Interaction[] = [];
  let isWhole = true;
  for (const interaction of interactions) {
    const { difference } = await player.play(interaction);
    const { request, response } = interaction;
    const isRead = request.method === "GET" || response.status >= 400;
    if (difference === undefined || name === "setup") same.push(interaction);
    else if (!isRead) isWhole = false;
  }
  return isWhole && same.length > 0 ? same : undefined;
}

/** Each file has its share, large ones a smaller one for their size; cases stay in their order. */
function within(cases: readonly Case[]): readonly Case[] {
  const groups = Map.groupBy(cases, ({ file }) => file);
  const weight = (own: readonly Case[]): number => Math.sqrt(sizeOf(own));
  const total = [...groups.values()].reduce((sum, own) => sum + weight(own), 0);
  const chosen = new Set<Case>();
  for (const own of groups.values()) {
    const share = (BYTES_MAX * weight(own)) / total;
    let used = 0;
    for (const each of own.toSorted((left, right) => left.bytes - right.bytes)) {
      if (each.name !== "setup" && used + each.bytes > share) continue;
      chosen.add(each);
      used += each.bytes;
    }
  }
  return cases.filter((each) => chosen.has(each));
}

function sizeOf(cases: readonly Case[]): number {
  return cases.reduce((sum, { bytes }) => sum + bytes, 0);
}

function isFact({ lines, bytes }: Case): boolean {
  const no = [PROSE, FOREIGN, BY_LOOPS];
  return bytes <= CASE_MAX && !lines.some((line) => no.some((pattern) => pattern.test(line)));
}

async function main(): Promise<void> {
  const [directory, out = join(import.meta.dir, "../../e2e/kubernetes/recordings")] =
    process.argv.slice(2);
  if (directory === undefined) throw new Error("usage: select DIRECTORY [OUT]");
  let chosen = within((await passing(readCases(directory))).filter(isFact));
  for (;;) {
    const left = await passing(chosen);
    const count = (cases: readonly Case[]): number => cases.flatMap(({ lines }) => lines).length;
    console.log(`${count(left)} of ${count(chosen)} answers stand alone`);
    if (count(left) === count(chosen)) break;
    chosen = left;
  }
  mkdirSync(out, { recursive: true });
  for (const file of RECORDINGS) {
    const own = chosen.filter((each) => each.file === file);
    const lines = own.flatMap((each) => each.lines);
    writeFileSync(join(out, `${file}.jsonl`), `${lines.join("\n")}\n`);
    console.log(`${file}: ${own.length} cases, ${lines.length} interactions`);
  }
}

await main();
