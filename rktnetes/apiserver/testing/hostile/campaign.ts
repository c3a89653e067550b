/**
 * A server in this process that is sent hostile requests. In: a family of kinds and a seed. Out:
 * what is wrong with the answers. The same seeds on a fresh server give the same answers.
 */
import type { Kind } from "@rktnetes/api/kind";
import type { JsonObject } from "@rktnetes/api/schema";
import { assert, type Clock, systemClock } from "@shared/base";
import { openCluster } from "../cluster.ts";
import { Random } from "./random.ts";
import {
  collectionPath,
  type Family,
  type HostileRequest,
  hostileRequest,
  named,
} from "./requests.ts";
import { DEFINITION, type Seed, SEEDS } from "./seeds.ts";
import { type Answered, complaint, send } from "./sender.ts";

export interface Campaign extends AsyncDisposable {
  readonly families: readonly Family[];
  /** Sends one hostile request; hands back what is wrong with the answer, if anything. */
  attack(family: Family, seed: number): Promise<string | undefined>;
  send(request: HostileRequest): Promise<Answered>;
  /** Writes a good object. */
  post(path: string, object: JsonObject): Promise<Answered>;
}

/** Whoever waits for what does not come does not wait long. */
const HASTY: Clock = {
  ...systemClock,
  sleep: async (ms, signal) => await systemClock.sleep(Math.min(ms, 5), signal),
};

/** Opens a server that has a namespace, a custom kind and an object of every family. */
export async function openCampaign(): Promise<Campaign> {
  const { server, [Symbol.asyncDispose]: dispose } = await openCluster(HASTY);
  const post = async (path: string, object: JsonObject): Promise<Answered> =>
    await send(server, {
      method: "POST",
      path,
      headers: { "content-type": "application/json" },
      body: Buffer.from(JSON.stringify(object)),
    });
  const must = async (path: string, object: JsonObject): Promise<void> => {
    const { status, body } = await post(path, object);
    assert(status === 201 || status === 409, `${path}: ${status} ${body.toString()}`);
  };
  await must("/api/v1/namespaces", { metadata: { name: "default" } });
  const accounts = "/api/v1/namespaces/default/serviceaccounts";
  await must(accounts, { metadata: { name: "default" } });
  const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
  await must(definitions, { metadata: { name: "widgets.example.com" }, spec: DEFINITION });
  const families: Family[] = [];
  for (const seed of SEEDS) {
    const kind = server.kinds.find(seed.group, seed.version, seed.resource);
    assert(kind !== undefined, `there are ${seed.resource}`);
    families.push({ seed, kind: kind.kind, namespaced: kind.namespaced });
    await must(collectionPath(seed, kind.namespaced), objectOf(seed, kind));
  }
  return {
    families,
    attack: async (family, seed) => {
      const request = hostileRequest(family, new Random(seed));
      const wrong = complaint(await send(server, request)) ?? pollution();
      return wrong && `${request.method} ${request.path}: ${wrong}`;
    },
    send: async (request) => await send(server, request),
    post,
    [Symbol.asyncDispose]: dispose,
  };
}

function objectOf(seed: Seed, { group, version, kind }: Kind): JsonObject {
  const apiVersion = group === "" ? version : `${group}/${version}`;
  return { apiVersion, kind, ...named(seed, seed.name ?? "p1") };
}

/** What a request must never leave behind. */
function pollution(): string | undefined {
  for (const prototype of [Object.prototype, Array.prototype, Function.prototype]) {
    if (Object.keys(prototype).length > 0)
      return `a prototype has ${Object.keys(prototype).join()}`;
  }
  return undefined;
}
