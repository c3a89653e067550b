/**
 * Whatever a stranger sends is answered: never with an unforeseen error. A short form of
 * `npm run fuzz -- kubernetes-requests`.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { type Campaign, openCampaign } from "./campaign.ts";
import { SEEDS } from "./seeds.ts";

/** About each kind; `npm run soak:hostile` sends 10,000. */
const REQUESTS = Number(process.env["HOSTILE_REQUESTS"] ?? 100);

let campaign: Campaign;
beforeAll(async () => {
  campaign = await openCampaign();
});
afterAll(async () => {
  await campaign[Symbol.asyncDispose]();
});

for (const [index, { group, version, resource }] of SEEDS.entries()) {
  test(`hostile requests about ${resource} of ${group}/${version} are answered`, async () => {
    const family = campaign.families[index];
    if (family === undefined) throw new Error("no such family");
    for (let number = 0; number < REQUESTS; number++) {
      const seed = index * REQUESTS + number;
      expect(await campaign.attack(family, seed), `seed ${seed}`).toBeUndefined();
    }
  });
}

test("after all of them a good request is served", async () => {
  const answer = await campaign.post("/api/v1/namespaces/default/configmaps", {
    metadata: { generateName: "after-" },
    data: { __proto__: null, constructor: "c", toString: "t" },
  });
  expect(answer.status, answer.body.toString()).toBe(201);
  expect((JSON.parse(answer.body.toString()) as { data: unknown }).data).toEqual({
    constructor: "c",
    toString: "t",
  });
});
