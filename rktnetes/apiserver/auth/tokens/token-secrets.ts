/**
 * Secrets of type `kubernetes.io/service-account-token` get the token of the account that they
 * name. In: secrets as they come. Out: writes of those that have no token yet.
 */
import type { JsonObject } from "@rktnetes/api/schema";
import { StatusFault } from "@rktnetes/api/status-fault";
import type { Secret, ServiceAccount } from "@rktnetes/api/types/core-v1";
import { builtinKind, type Lookup } from "../../admission/lookup.ts";
import type { CachedObject } from "../../registry/cache/cached-object.ts";
import { follow } from "../../registry/cache/follow.ts";
import { metadataOf } from "../../registry/metadata.ts";
import type { Registry } from "../../registry/registry.ts";
import { ownRequest } from "../../registry/own-request.ts";
import { update } from "../../registry/update.ts";
import type { ServiceAccountTokens } from "./service-account-tokens.ts";

const TYPE = "kubernetes.io/service-account-token";
const TYPE_TEXT = Buffer.from(TYPE);
const NAME = "kubernetes.io/service-account.name";
const UID = "kubernetes.io/service-account.uid";
const MANAGER = "kube-controller-manager";

/** Fills secrets until it is disposed of. */
export class TokenSecrets implements AsyncDisposable {
  readonly #registry: Registry;
  readonly #lookup: Lookup;
  readonly #tokens: ServiceAccountTokens;
  #running: Promise<void> = Promise.resolve();
  #following: Disposable | undefined;

  constructor(registry: Registry, lookup: Lookup, tokens: ServiceAccountTokens) {
    this.#registry = registry;
    this.#lookup = lookup;
    this.#tokens = tokens;
  }

  async start(): Promise<void> {
    const { prefix } = await this.#registry.resource(builtinKind("/secrets"));
    this.#following = follow(this.#registry, {
      prefix,
      scope: prefix,
      loaded: (cache) => cache.range(prefix).forEach((secret) => this.#look(secret)),
      notify: (events) => {
        for (const { current } of events) if (current !== undefined) this.#look(current);
      },
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#following?.[Symbol.dispose]();
    await this.#running;
  }

  /** Most secrets are of another type: that is seen without parsing them. */
  #look(secret: CachedObject): void {
    if (secret.includes(TYPE_TEXT)) this.#see(secret.object);
  }

  #see(object: JsonObject): void {
    if (object["type"] !== TYPE) return;
    const secret = object as unknown as Secret;
    if (secret.data?.["token"] !== undefined) return;
    this.#running = this.#fillAfter(this.#running, secret);
  }

  async #fillAfter(before: Promise<void>, { metadata }: Secret): Promise<void> {
    await before;
    const { namespace = "", name = "", annotations = {} } = metadata;
    const wanted = annotations[NAME] ?? "";
    const found = await this.#lookup.find<ServiceAccount>("/serviceaccounts", namespace, wanted);
    if (found === undefined) return;
    const resource = await this.#registry.resource(builtinKind("/secrets"));
    try {
      await update(this.#registry, resource, {
        ...ownRequest({ namespace, name, fieldManager: MANAGER }),
        mayCreate: false,
        change: (current) => this.#filled(current ?? {}, found, name),
      });
    } catch (error) {
      if (!(error instanceof StatusFault)) throw error; // the secret has gone, or is another one
    }
  }

  #filled(secret: JsonObject, account: ServiceAccount, name: string): JsonObject {
    const { namespace = "", uid = "" } = account.metadata;
    const base64 = (text: string): string => Buffer.from(text).toString("base64");
    const { authority } = this.#tokens.keys;
    const metadata = metadataOf(secret);
    const annotations = { ...(metadata["annotations"] as JsonObject), [UID]: uid };
    const data: JsonObject = {
      ...(secret["data"] as JsonObject | undefined),
      namespace: base64(namespace),
      token: base64(this.#tokens.issueForSecret(account, name)),
    };
    if (authority !== undefined) data["ca.crt"] = base64(authority);
    return { ...secret, metadata: { ...metadata, annotations }, data };
  }
}
