/**
 * What every namespace has: the service account `default`, and the config map by which pods know
 * the API server's authority. In: namespaces. Out: both, made anew where somebody took them away.
 */
import type { JsonObject } from "@rktnetes/api/schema";
import { own } from "@rktnetes/api/patch/values";
import { StatusFault } from "@rktnetes/api/status-fault";
import type { Place } from "@rktnetes/client/client";
import { Informer, metadataOf, textOf } from "@rktnetes/client/informer";
import { WorkQueue } from "@rktnetes/client/work-queue";
import type { Controller, ControllerHost } from "../controller.ts";

const ACCOUNT = "default";
const AUTHORITY = "kube-root-ca.crt";
const KEY = "ca.crt";

export const SERVICE_ACCOUNT: Controller = { name: "serviceaccount-controller", run };

const NAMESPACES: Place = { group: "", version: "v1", resource: "namespaces" };
const ACCOUNTS: Place = { group: "", version: "v1", resource: "serviceaccounts" };
const CONFIG_MAPS: Place = { group: "", version: "v1", resource: "configmaps" };

async function run(host: ControllerHost): Promise<void> {
  const { client, clock, signal, note } = host;
  const queue = new WorkQueue((key) => furnish(host, namespaces.objects.get(key)), {
    clock,
    signal,
    workers: 4,
    failed: (key, error) => note(`controller: furnish namespace ${key}: ${String(error)}`),
  });
  const again = (object: JsonObject): void => queue.add(textOf(metadataOf(object), "namespace"));
  const named = (name: string): { readonly query: { readonly fieldSelector: string } } => ({
    query: { fieldSelector: `metadata.name=${name}` },
  });
  const until = { clock, signal };
  const namespaces = new Informer(
    client,
    NAMESPACES,
    { changed: (namespace) => queue.add(textOf(metadataOf(namespace), "name")), deleted: () => {} },
    until,
  );
  const accounts = new Informer(
    client,
    ACCOUNTS,
    { changed: () => {}, deleted: again },
    { ...until, ...named(ACCOUNT) },
  );
  const authorities = new Informer(
    client,
    CONFIG_MAPS,
    { changed: again, deleted: again },
    { ...until, ...named(AUTHORITY) },
  );
  await Promise.all([namespaces.run(), accounts.run(), authorities.run()]);
}

async function furnish(
  { client, authority }: ControllerHost,
  namespace: JsonObject | undefined,
): Promise<undefined> {
  if (namespace === undefined || !isActive(namespace)) return undefined;
  const name = textOf(metadataOf(namespace), "name");
  const account = { ...ACCOUNTS, namespace: name };
  if ((await client.get({ ...account, name: ACCOUNT })) === undefined) {
    const metadata = { name: ACCOUNT, namespace: name };
    await orThere(client.create(account, { apiVersion: "v1", kind: "ServiceAccount", metadata }));
  }
  const map = { ...CONFIG_MAPS, namespace: name };
  const found = await client.get({ ...map, name: AUTHORITY });
  const data = { [KEY]: authority };
  if (found === undefined) {
    const metadata = { name: AUTHORITY, namespace: name };
    await orThere(client.create(map, { apiVersion: "v1", kind: "ConfigMap", metadata, data }));
  } else if (own(found["data"] as JsonObject, KEY) !== authority) {
    await client.replace({ ...map, name: AUTHORITY }, { ...found, data });
  }
  return undefined;
}

function isActive(namespace: JsonObject): boolean {
  return own(metadataOf(namespace), "deletionTimestamp") === undefined;
}

/** Somebody else may have made it meanwhile, or the namespace may be going. */
async function orThere(creation: Promise<unknown>): Promise<void> {
  try {
    await creation;
  } catch (error) {
    const isFine = error instanceof StatusFault && [403, 404, 409].includes(error.failure.code);
    if (!isFine) throw error;
  }
}
