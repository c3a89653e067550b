/**
 * Which groups and versions other servers answer for. In: APIServices as they come, change and go.
 * Out: the backend of a path, the groups and versions of discovery. What watches over backends is
 * loaded when the first one comes.
 */
import type { GroupVersion } from "@rktnetes/api/kind";
import type { APIService } from "@rktnetes/api/types/apiregistration-v1";
import type { ForeignDocuments } from "../openapi/documents.ts";
import { builtinKind } from "../admission/lookup.ts";
import type { KeyPair } from "../certificates/certificates.ts";
import { compareVersions } from "../custom/version-order.ts";
import type { CacheWatcher } from "../registry/cache/resource-cache.ts";
import { type Backend, backendOf } from "./backend.ts";
import { priorityOf } from "./local-priorities.ts";
import { LocalServices } from "./local-services.ts";
import type { AggregationParts } from "./parts.ts";
import type { Remotes } from "./remotes.ts";

const API_SERVICES = "apiregistration.k8s.io/apiservices";

/** Follows the APIServices of a cluster until it is disposed of. */
export class ApiServices implements AsyncDisposable {
  readonly #parts: AggregationParts;
  readonly #local: LocalServices;
  readonly #stop = new AbortController();
  #backends: ReadonlyMap<string, Backend> = new Map();
  #remotes: Promise<Remotes> | undefined;
  #stopWatching: () => void = () => undefined;

  constructor(parts: AggregationParts) {
    this.#parts = parts;
    this.#local = new LocalServices(parts);
  }

  /** Keys shown to backends. */
  get keys(): KeyPair | undefined {
    return this.#parts.keys;
  }

  async start(): Promise<void> {
    const { registry, kinds } = this.#parts;
    const { prefix } = await registry.resource(builtinKind(API_SERVICES));
    const watch = async (): Promise<void> => {
      const cache = await registry.hub.cache(prefix);
      const look = (): void => {
        this.#take(cache.range(prefix).map(({ object }) => object as unknown as APIService));
      };
      const watcher: CacheWatcher = { scope: prefix, notify: look, lost: () => void watch() };
      cache.add(watcher);
      this.#stopWatching = () => cache.remove(watcher);
      look();
    };
    await watch();
    kinds.onChange(() => this.#local.look());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    this.#stopWatching();
    await this.#local.end();
  }

  #take(all: readonly APIService[]): void {
    const backends = all.map(backendOf).filter((each) => each !== undefined);
    this.#backends = new Map(backends.map((each) => [keyOf(each), each]));
    this.#local.look();
    if (backends.length > 0) this.#remotes ??= this.#loadRemotes();
    this.#remotes?.then(
      (remotes) => remotes.look(),
      () => undefined,
    );
  }

  async #loadRemotes(): Promise<Remotes> {
    const { Remotes: Loaded } = await import("./remotes.ts");
    const backends = (): readonly Backend[] => [...this.#backends.values()];
    return await Loaded.start({ ...this.#parts, signal: this.#stop.signal, backends });
  }

  /** What is known of backends beyond their addresses; undefined when there are none. */
  async remotes(): Promise<Remotes | undefined> {
    return this.#backends.size === 0 ? undefined : await this.#remotes;
  }

  /** What backends say of themselves. */
  readonly openApi: ForeignDocuments = {
    version3: async () => {
      const remotes = await this.remotes();
      if (remotes === undefined) return new Map();
      const { remoteVersion3 } = await import("./remote-openapi.ts");
      return await remoteVersion3(remotes.documents, [...this.#backends.values()]);
    },
    version2: async () => {
      const remotes = await this.remotes();
      if (remotes === undefined) return [];
      const { remoteVersion2 } = await import("./remote-openapi.ts");
      return await remoteVersion2(remotes.documents, [...this.#backends.values()]);
    },
  };

  /** Who answers for a group and version; undefined for this server itself. */
  backend(group: string, version: string): Backend | undefined {
    return this.#backends.get(`${group}/${version}`);
  }

  /** Who answers for a path; undefined for this server itself. */
  backendOfPath(path: string): Backend | undefined {
    if (this.#backends.size === 0) return undefined;
    const [, root, first = "", second = ""] = path.split("/", 4);
    if (root === "apis") return this.backend(first, second);
    return root === "api" ? this.backend("", first) : undefined;
  }

  /** In the order of discovery: what this server has, and what others have in its place there. */
  groupVersions(): readonly GroupVersion[] {
    const own = this.#parts.kinds.groupVersions();
    if (this.#backends.size === 0) return own;
    const others = [...this.#backends.values()].filter(
      (each) => !own.some((mine) => keyOf(mine) === keyOf(each)),
    );
    return others.length === 0 ? own : inOrder(own, others);
  }
}

function keyOf({ group, version }: GroupVersion): string {
  return `${group}/${version}`;
}

interface Ranked extends GroupVersion {
  readonly groupPriority: number;
  readonly versionPriority: number;
}

/** Groups of others stand before the first own one of a lower priority, or of the same by name. */
function inOrder(own: readonly GroupVersion[], others: readonly Backend[]): GroupVersion[] {
  const all: Ranked[] = [...own.map((each) => ({ ...each, ...priorityOf(each) })), ...others];
  const highest = (group: string): number =>
    Math.max(...all.filter((each) => each.group === group).map((each) => each.groupPriority));
  const groups = [...new Set(own.map(({ group }) => group))];
  const fresh = new Set(others.map(({ group }) => group)).difference(new Set(groups));
  for (const group of [...fresh].sort()) {
    const priority = highest(group);
    const at = groups.findIndex((each) => {
      const difference = highest(each) - priority;
      return difference < 0 || (difference === 0 && each > group);
    });
    groups.splice(at < 0 ? groups.length : at, 0, group);
  }
  return groups.flatMap((group) =>
    all
      .filter((each) => each.group === group)
      .toSorted((left, right) => {
        const difference = right.versionPriority - left.versionPriority;
        return difference === 0 ? compareVersions(left.version, right.version) : difference;
      })
      .map(({ version }) => ({ group, version })),
  );
}
