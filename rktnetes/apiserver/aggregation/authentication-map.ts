/**
 * The config map by which other API servers know whom this one vouches for:
 * `kube-system/extension-apiserver-authentication`. In: authorities and names. Out: the map, made
 * anew where somebody took it away; what other servers of the cluster wrote there stays.
 */
import { own } from "@rktnetes/api/patch/values";
import type { JsonObject } from "@rktnetes/api/schema";
import { readObject, readText } from "@rktnetes/api/object-at";
import { StatusFault } from "@rktnetes/api/status-fault";
import { builtinKind } from "../admission/lookup.ts";
import { follow } from "../registry/cache/follow.ts";
import { objectKey } from "../registry/keys.ts";
import type { Registry } from "../registry/registry.ts";
import { ownRequest } from "../registry/own-request.ts";
import { update } from "../registry/update.ts";

const LATER_MS = 1000;
const NAMESPACE = "kube-system";
const NAME = "extension-apiserver-authentication";

/** Whom this server believes, and who believes it. */
export interface Vouching {
  /** PEM of whoever signs certificates of clients. */
  readonly clientAuthority: string;
  /** PEM of whoever signs certificates of front proxies. */
  readonly frontProxyAuthority: string;
  /** Common names of front proxies; any for none. */
  readonly frontProxyNames: readonly string[];
}

/** Keeps the map until it is disposed of. */
export class AuthenticationMap implements AsyncDisposable {
  readonly #registry: Registry;
  readonly #vouching: Vouching;
  #running: Promise<void> = Promise.resolve();
  #isOver = false;
  #following: Disposable | undefined;

  constructor(registry: Registry, vouching: Vouching) {
    this.#registry = registry;
    this.#vouching = vouching;
  }

  async start(): Promise<void> {
    const { prefix } = await this.#registry.resource(builtinKind("/configmaps"));
    const look = (): void => {
      this.#running = this.#running.then(() => this.#settleOrLater());
    };
    const scope = objectKey(prefix, NAMESPACE, NAME);
    look();
    this.#following = follow(this.#registry, { prefix, scope, loaded: look, notify: look });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    this.#following?.[Symbol.dispose]();
    await this.#running;
  }

  /** Looks again where the store was away. */
  async #settleOrLater(): Promise<void> {
    while (!this.#isOver) {
      try {
        await this.#settle();
        return;
      } catch (error) {
        if (error instanceof StatusFault) return; // somebody was faster: an event comes
        await this.#registry.host.clock.sleep(LATER_MS);
      }
    }
  }

  async #settle(): Promise<void> {
    const resource = await this.#registry.resource(builtinKind("/configmaps"));
    const found = await this.#registry.find(resource, NAMESPACE, NAME);
    const before = readObject(found?.object ?? {}, "data");
    const data = mapData(this.#vouching, before);
    if (JSON.stringify(data) === JSON.stringify(before)) return;
    const metadata = { name: NAME, namespace: NAMESPACE };
    await update(this.#registry, resource, {
      ...ownRequest({ namespace: NAMESPACE, name: NAME }),
      mayCreate: true,
      change: (current = { kind: "ConfigMap", apiVersion: "v1", metadata }) => ({
        ...current,
        data: mapData(this.#vouching, readObject(current, "data")),
      }),
    });
  }
}

function mapData(vouching: Vouching, before: JsonObject): JsonObject {
  const { clientAuthority, frontProxyAuthority, frontProxyNames } = vouching;
  const list = (field: string, wanted: readonly string[]): string =>
    JSON.stringify([...new Set([...wanted, ...listIn(before, field)])]);
  const bundle = (field: string, wanted: string): string =>
    [...new Set([...certificatesIn(wanted), ...certificatesIn(readText(before, field))])].join("");
  return {
    ...before,
    "client-ca-file": bundle("client-ca-file", clientAuthority),
    "requestheader-allowed-names": list("requestheader-allowed-names", frontProxyNames),
    "requestheader-client-ca-file": bundle("requestheader-client-ca-file", frontProxyAuthority),
    "requestheader-extra-headers-prefix": JSON.stringify(["X-Remote-Extra-"]),
    "requestheader-group-headers": JSON.stringify(["X-Remote-Group"]),
    "requestheader-username-headers": JSON.stringify(["X-Remote-User"]),
  };
}

function certificatesIn(pem: string): readonly string[] {
  const found = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  return found.map((each) => `${each}\n`);
}

function listIn(data: JsonObject, field: string): readonly string[] {
  const text = own(data, field);
  if (typeof text !== "string") return [];
  try {
    const list: unknown = JSON.parse(text);
    return Array.isArray(list) ? list.filter((each) => typeof each === "string") : [];
  } catch {
    return []; // not ours
  }
}
