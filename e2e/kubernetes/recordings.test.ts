/**
 * The built executable answers what a real API server of Kubernetes 1.36 answered. The recordings
 * are a selection; `tools/replay/select.ts` makes it.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { readCompact } from "../../tools/replay/compact.ts";
import { Player } from "../../tools/replay/play.ts";
import { RECORDINGS } from "../../tools/replay/recording.ts";
import { type ReplayServer, startReplayServer } from "../../tools/replay/server.ts";
import { must } from "../fixtures/process.ts";

let server: ReplayServer;

beforeAll(async () => {
  await must([process.execPath, "run", join(import.meta.dir, "../../tools/build/build.ts")]);
  server = await startReplayServer();
});

afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

// One server for all, in the order in which they were recorded: lists show what came before.
for (const file of RECORDINGS) {
  test(`answers as recorded: ${file}`, async () => {
    const player = new Player(server.clients);
    const differences: string[] = [];
    for (const interaction of readCompact(join(import.meta.dir, `recordings/${file}.jsonl`))) {
      if (interaction.case === "setup" && interaction.response.status < 400) {
        await player.play(interaction);
        continue;
      }
      const { difference } = await player.play(interaction);
      if (difference !== undefined) differences.push(`${interaction.name} ${difference}`);
    }
    expect(differences).toEqual([]);
  });
}
