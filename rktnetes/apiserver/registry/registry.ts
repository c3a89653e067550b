/**
 * What all operations on objects share: the caches, the store behind them, resources, the machine's
 * time and chance, and whoever may change or refuse a write. Holds nothing of a single request.
 */
import type { Kind } from "@rktnetes/api/kind";
import type { Admission } from "../admission/admission.ts";
import type { ServerHost } from "../host.ts";
import { CachedObject } from "./cache/cached-object.ts";
import type { Hub } from "./cache/hub.ts";
import type { ResourceCache } from "./cache/resource-cache.ts";
import { objectKey } from "./keys.ts";
import { openResource, type Resource } from "./resource.ts";

export interface RegistryParts {
  readonly hub: Hub;
  readonly host: ServerHost;
  readonly admission: Admission;
}

export class Registry {
  readonly hub: Hub;
  readonly host: ServerHost;
  readonly admission: Admission;
  readonly #resources = new Map<Kind, Resource | Promise<Resource>>();

  constructor({ hub, host, admission }: RegistryParts) {
    this.hub = hub;
    this.host = host;
    this.admission = admission;
  }

  resource(kind: Kind): Resource | Promise<Resource> {
    const known = this.#resources.get(kind);
    if (known !== undefined) return known;
    const opening = openResource(kind, kind.schema.structural !== undefined).then((resource) => {
      this.#resources.set(kind, resource);
      return resource;
    });
    this.#resources.set(kind, opening);
    return opening;
  }

  /** Custom kinds go; their resources with them. */
  forget(kind: Kind): void {
    this.#resources.delete(kind);
  }

  /** The cache of a resource, showing everything that was committed before the call. */
  async fresh(resource: Resource): Promise<ResourceCache> {
    return await this.hub.fresh(resource.prefix);
  }

  /** One object as it is now. */
  async find(
    resource: Resource,
    namespace: string,
    name: string,
  ): Promise<CachedObject | undefined> {
    const { hub } = this;
    const key = objectKey(resource.prefix, namespace, name);
    if (!hub.views.asks(resource.prefix)) return (await this.fresh(resource)).get(key);
    // Others of the kind may be past converting.
    const entry = await hub.store.get(key);
    return entry === undefined ? undefined : CachedObject.of(entry);
  }
}
