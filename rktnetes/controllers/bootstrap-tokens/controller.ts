/**
 * Tokens by which nodes first enter a cluster end when they say so. In: secrets of kube-system.
 * Out: deletions of those that have expired.
 */
import type { JsonObject } from "@rktnetes/api/schema";
import { StatusFault } from "@rktnetes/api/status-fault";
import type { Secret } from "@rktnetes/api/types/core-v1";
import type { Place } from "@rktnetes/client/client";
import { Informer } from "@rktnetes/client/informer";
import { type Outcome, WorkQueue } from "@rktnetes/client/work-queue";
import type { Controller, ControllerHost } from "../controller.ts";

export const TOKEN_CLEANER: Controller = { name: "token-cleaner-controller", run };

const TYPE = "bootstrap.kubernetes.io/token";
const SECRETS: Place = {
  ...{ group: "", version: "v1", resource: "secrets" },
  namespace: "kube-system",
};
/** Timers count no further than this. */
const LOOK_MS = 3_600_000;

async function run({ client, clock, signal, note }: ControllerHost): Promise<void> {
  const settle = async (key: string): Promise<Outcome> => {
    const secret = informer.objects.get(key) as unknown as Secret | undefined;
    const end = secret === undefined ? undefined : expiryOf(secret);
    if (secret === undefined || end === undefined) return undefined;
    const left = end - clock.now();
    if (left > 0) return { againMs: Math.min(left, LOOK_MS) };
    const { name = "", uid = "" } = secret.metadata;
    await client.delete({ ...SECRETS, name }, { preconditions: { uid } });
    return undefined;
  };
  const queue = new WorkQueue(settle, {
    clock,
    signal,
    workers: 1,
    failed: (key, error) => {
      const isUsual = error instanceof StatusFault && [404, 409].includes(error.failure.code);
      if (!isUsual) note(`controller: end token ${key}: ${String(error)}`);
    },
  });
  const see = (secret: JsonObject): void => {
    const { name = "", namespace = "" } = (secret as unknown as Secret).metadata;
    queue.add(`${namespace}/${name}`);
  };
  const query = { fieldSelector: `type=${TYPE}` };
  const listener = { changed: see, deleted: () => {} };
  const informer = new Informer(client, SECRETS, listener, { clock, signal, query });
  await informer.run();
}

/** A time that cannot be read counts as past; no time at all is never. */
function expiryOf({ data }: Secret): number | undefined {
  const text = Buffer.from(data?.["expiration"] ?? "", "base64").toString();
  if (text === "") return undefined;
  const time = Date.parse(text);
  return Number.isNaN(time) ? 0 : time;
}
