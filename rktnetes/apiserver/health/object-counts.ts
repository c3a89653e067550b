/**
 * How many objects of each resource are stored. In: the registry. Out: lines of metrics. Asks the
 * store again only when the last numbers are half a minute old; nobody has to wait for a look.
 */
import { isSame, SHARED_VERSIONS } from "@rktnetes/api/versions/shared";
import type { Kind } from "@rktnetes/api/kind";
import { Fault } from "@shared/base";
import { resourcePrefix } from "../registry/keys.ts";
import type { Registry } from "../registry/registry.ts";
import type { ServedKinds } from "../served-kinds.ts";

const FRESH_MS = 30_000;

interface Counted extends Pick<Kind, "group" | "resource"> {
  /** -1 when the store did not answer. */
  readonly count: number;
}

export class ObjectCounts {
  readonly #registry: Registry;
  readonly #kinds: ServedKinds;
  #counted: Promise<readonly Counted[]> | undefined;
  #takenMs = 0;

  constructor(registry: Registry, kinds: ServedKinds) {
    this.#registry = registry;
    this.#kinds = kinds;
  }

  async lines(): Promise<string[]> {
    const registry = this.#registry;
    const now = registry.host.clock.now();
    if (this.#counted === undefined || now - this.#takenMs > FRESH_MS) {
      this.#counted = Promise.all(
        storedResources(this.#kinds).map((each) => counted(registry, each)),
      );
      this.#takenMs = now;
    }
    const all = await this.#counted;
    const byGroup = all.map(
      ({ group, resource, count }) =>
        `apiserver_resource_objects{group="${group}",resource="${resource}"} ${count}`,
    );
    const byName = all.map(({ group, resource, count }) => {
      const name = group === "" ? resource : `${resource}.${group}`;
      return `apiserver_storage_objects{resource="${name}"} ${count}`;
    });
    return [
      "# TYPE apiserver_resource_objects gauge",
      ...byGroup,
      "# TYPE apiserver_storage_objects gauge",
      ...byName,
    ];
  }
}

/** Each resource once, whatever its versions; not what lies among the objects of another group. */
function storedResources(kinds: ServedKinds): Pick<Kind, "group" | "resource">[] {
  const all = kinds.groupVersions().flatMap(({ group, version }) => kinds.of(group, version));
  const stored = all.filter((kind) => kind.verbs.includes("watch") && !isElsewhere(kind));
  const names = new Map(stored.map((kind) => [`${kind.group}/${kind.resource}`, kind] as const));
  return [...names.values()];
}

function isElsewhere(kind: Kind): boolean {
  const shared = SHARED_VERSIONS.find(({ seen }) => isSame(seen, kind));
  return shared !== undefined && shared.stored.group !== kind.group;
}

async function counted(
  { hub }: Registry,
  { group, resource }: Pick<Kind, "group" | "resource">,
): Promise<Counted> {
  try {
    const prefix = resourcePrefix({ group, version: "", resource });
    const { entries, remaining } = await hub.store.list(prefix, { limit: 1 });
    return { group, resource, count: entries.length + remaining };
  } catch (error) {
    if (Fault.from(error).kind === "internal") throw error;
    return { group, resource, count: -1 };
  }
}
