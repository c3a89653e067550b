/**
 * Secrets with the token of a service account go with it. In: such secrets, and accounts. Out:
 * deletions of secrets whose account is not there, or is another one of the same name. The token
 * itself is written by the server, which has the key.
 */
import type { JsonObject } from "@rktnetes/api/schema";
import { StatusFault } from "@rktnetes/api/status-fault";
import type { Secret, ServiceAccount } from "@rktnetes/api/types/core-v1";
import type { Place } from "@rktnetes/client/client";
import { Informer, keyOf } from "@rktnetes/client/informer";
import { WorkQueue } from "@rktnetes/client/work-queue";
import type { Controller, ControllerHost } from "../controller.ts";

export const TOKEN_SECRETS: Controller = { name: "serviceaccount-token-controller", run };

const TYPE = "kubernetes.io/service-account-token";
const NAME = "kubernetes.io/service-account.name";
const UID = "kubernetes.io/service-account.uid";
const SECRETS: Place = { group: "", version: "v1", resource: "secrets" };
const ACCOUNTS: Place = { group: "", version: "v1", resource: "serviceaccounts" };

async function run(host: ControllerHost): Promise<void> {
  const { client, clock, signal, note } = host;
  const queue = new WorkQueue(
    async (key) => {
      await settle(host, secrets.objects.get(key) as unknown as Secret | undefined);
      return undefined;
    },
    {
      clock,
      signal,
      workers: 2,
      failed: (key, error) => {
        const isUsual = error instanceof StatusFault && [404, 409].includes(error.failure.code);
        if (!isUsual) note(`controller: token of a service account ${key}: ${String(error)}`);
      },
    },
  );
  const ofAccount = (account: JsonObject): void => {
    const { metadata } = account as unknown as ServiceAccount;
    for (const [key, secret] of secrets.objects) {
      const mine = (secret as unknown as Secret).metadata;
      if (mine.namespace !== metadata.namespace) continue;
      if (mine.annotations?.[NAME] === metadata.name) queue.add(key);
    }
  };
  const secrets = new Informer(
    client,
    SECRETS,
    { changed: (secret) => queue.add(keyOf(secret)), deleted: () => {} },
    { clock, signal, query: { fieldSelector: `type=${TYPE}` } },
  );
  const accounts = new Informer(
    client,
    ACCOUNTS,
    { changed: () => {}, deleted: ofAccount },
    { clock, signal, metadataOnly: true },
  );
  await Promise.all([secrets.run(), accounts.run()]);
}

async function settle({ client }: ControllerHost, secret: Secret | undefined): Promise<void> {
  if (secret === undefined) return;
  const { namespace = "", name = "", uid = "", annotations = {} } = secret.metadata;
  const account = annotations[NAME] ?? "";
  if (account === "") return;
  const found = await client.get({ ...ACCOUNTS, namespace, name: account });
  const { metadata } = (found ?? { metadata: {} }) as unknown as ServiceAccount;
  const wanted = annotations[UID] ?? "";
  if (found !== undefined && (wanted === "" || wanted === metadata.uid)) return;

  await client.delete({ ...SECRETS, namespace, name }, { preconditions: { uid } });
}
