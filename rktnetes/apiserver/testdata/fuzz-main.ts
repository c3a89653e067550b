/**
 * Whole requests, for `npm run fuzz -- kubernetes-requests`: the bytes of an input are the seed of
 * a few hostile requests in a row.
 */
import { type Campaign, openCampaign } from "../testing/hostile/campaign.ts";

const IN_A_ROW = 20;
/** A server is asked so often; then there is a fresh one. */
const INPUTS_MAX = 500;

let current: Promise<Campaign> | undefined;
let inputs = 0;

async function requests(bytes: Uint8Array): Promise<string> {
  if (inputs++ % INPUTS_MAX === 0) {
    await (await current)?.[Symbol.asyncDispose]();
    current = undefined;
  }
  current ??= openCampaign();
  const campaign = await current;
  const seed = Number(Bun.hash(bytes) & 0xffff_ffffn);
  const family = campaign.families[seed % campaign.families.length];
  if (family === undefined) throw new Error("there are families");
  for (let number = 0; number < IN_A_ROW; number++) {
    const wrong = await campaign.attack(family, seed + number);
    if (wrong !== undefined) throw new Error(`request ${number} of seed ${seed}: ${wrong}`);
  }
  return family.kind;
}

export const TARGETS: Readonly<Record<string, (bytes: Uint8Array) => unknown>> = {
  "kubernetes-requests": requests,
};
