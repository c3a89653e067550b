/**
 * How plug-ins and authorisers see the cluster: objects by resource and name. What the caches show
 * is believed; only what they lack is asked of the store. In: a registry. Out: shared objects,
 * never to be changed.
 */
import { builtinKinds } from "@rktnetes/api/kinds";
import type { Kind } from "@rktnetes/api/kind";
import type { JsonObject } from "@rktnetes/api/schema";
import { assert, quote } from "@shared/base";
import type { ResourceCache } from "../registry/cache/resource-cache.ts";
import { objectKey, resourcePrefix, scopePrefix } from "../registry/keys.ts";
import type { Registry } from "../registry/registry.ts";

/** Reads objects of built-in resources, named as `apps/deployments`; `/pods` in the core group. */
export class Lookup {
  readonly #registry: () => Registry;
  readonly #prefixes = new Map<string, string>();

  constructor(registry: () => Registry) {
    this.#registry = registry;
  }

  /** One object, as new as the last write that was answered. */
  async find<T = JsonObject>(
    resource: string,
    namespace: string,
    name: string,
  ): Promise<T | undefined> {
    const prefix = this.#prefix(resource);
    const key = objectKey(prefix, namespace, name);
    const known = (await this.#cache(prefix)).get(key);
    if (known !== undefined) return known.object as T;
    await this.#registry().hub.catchUp();
    return (await this.#cache(prefix)).get(key)?.object as T | undefined;
  }

  /** All objects of a namespace, or of the cluster for "", as the cache shows them now. */
  async list<T = JsonObject>(resource: string, namespace: string = ""): Promise<readonly T[]> {
    const prefix = this.#prefix(resource);
    const cache = await this.#cache(prefix);
    return cache.range(scopePrefix(prefix, namespace)).map(({ object }) => object as T);
  }

  /** As `list`, after everything that was committed before the call. */
  async listFresh<T = JsonObject>(resource: string, namespace: string = ""): Promise<readonly T[]> {
    await this.#cache(this.#prefix(resource));
    await this.#registry().hub.catchUp();
    return await this.list<T>(resource, namespace);
  }

  /** Another text whenever one of these resources has changed. */
  async versionOf(resources: readonly string[]): Promise<string> {
    let version = "";
    for (const resource of resources) {
      version += ` ${(await this.#cache(this.#prefix(resource))).latest}`;
    }
    return version;
  }

  async #cache(prefix: string): Promise<ResourceCache> {
    return await this.#registry().hub.cache(prefix);
  }

  #prefix(resource: string): string {
    const known = this.#prefixes.get(resource);
    if (known !== undefined) return known;
    const prefix = resourcePrefix(builtinKind(resource));
    this.#prefixes.set(resource, prefix);
    return prefix;
  }
}

/** The kind of a built-in resource, named as above. */
export function builtinKind(name: string): Kind {
  const kind = builtinKinds().find(({ group, resource }) => `${group}/${resource}` === name);
  assert(kind !== undefined, `${quote(name)} is a kind`);
  return kind;
}
