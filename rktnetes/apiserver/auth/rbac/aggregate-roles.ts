/**
 * Cluster roles that are made of others: their rules are the rules of all roles that their
 * selectors take. In: the cluster roles and every change of them. Out: writes of the roles whose
 * rules are no longer right; nothing when all are.
 */
import type { JsonObject } from "@rktnetes/api/schema";
import { selectsLabels } from "@rktnetes/api/selectors/object-selector";
import { StatusFault } from "@rktnetes/api/status-fault";
import type { ClusterRole, PolicyRule } from "@rktnetes/api/types/rbac-v1";
import { builtinKind, type Lookup } from "../../admission/lookup.ts";
import type { CacheWatcher } from "../../registry/cache/resource-cache.ts";
import type { Registry } from "../../registry/registry.ts";
import { ownRequest } from "../../registry/own-request.ts";
import { update } from "../../registry/update.ts";

const ROLES = "rbac.authorization.k8s.io/clusterroles";
const MANAGER = "clusterrole-aggregation-controller";
const LATER_MS = 1000;

/** Keeps aggregated roles right until it is disposed of. */
export class RoleAggregation implements AsyncDisposable {
  readonly #registry: Registry;
  readonly #lookup: Lookup;
  #running: Promise<void> = Promise.resolve();
  #isAsked = false;
  #isOver = false;
  #stopWatching: () => void = () => undefined;

  constructor(registry: Registry, lookup: Lookup) {
    this.#registry = registry;
    this.#lookup = lookup;
  }

  async start(): Promise<void> {
    const { prefix } = await this.#registry.resource(builtinKind(ROLES));
    const watch = async (): Promise<void> => {
      const cache = await this.#registry.hub.cache(prefix);
      const watcher: CacheWatcher = {
        scope: prefix,
        notify: () => this.#ask(),
        lost: () => void watch(),
      };
      cache.add(watcher);
      this.#stopWatching = () => cache.remove(watcher);
      this.#ask();
    };
    await watch();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    this.#stopWatching();
    await this.#running;
  }

  /** Several changes at once are one reason to look. */
  #ask(): void {
    if (this.#isAsked) return;
    this.#isAsked = true;
    this.#running = this.#after(this.#running);
  }

  async #after(before: Promise<void>): Promise<void> {
    await before;
    this.#isAsked = false;
    await this.#settleOrLater();
  }

  /** Looks again where the store was away. */
  async #settleOrLater(): Promise<void> {
    while (!this.#isOver) {
      try {
        await this.#settle();
        return;
      } catch {
        await this.#registry.host.clock.sleep(LATER_MS);
      }
    }
  }

  async #settle(): Promise<void> {
    const roles = await this.#lookup.list<ClusterRole>(ROLES);
    for (const role of roles) {
      if (role.aggregationRule === undefined) continue;
      const rules = aggregated(role, roles);
      if (JSON.stringify(rules) !== JSON.stringify(role.rules ?? []))
        await this.#write(role, rules);
    }
  }

  /**
   * Somebody else's change or removal of the role is a reason to look again: it comes by itself.
   */
  async #write({ metadata }: ClusterRole, rules: readonly PolicyRule[]): Promise<void> {
    const resource = await this.#registry.resource(builtinKind(ROLES));
    const { name = "" } = metadata;
    try {
      await update(this.#registry, resource, {
        ...ownRequest({ name, fieldManager: MANAGER }),
        mayCreate: false,
        change: (current) => ({
          ...current,
          rules: structuredClone(rules) as unknown as JsonObject[],
        }),
      });
    } catch (error) {
      if (!(error instanceof StatusFault)) throw error;
    }
  }
}

/** The rules of all selected roles, in the order of their names, each once. */
function aggregated(role: ClusterRole, all: readonly ClusterRole[]): readonly PolicyRule[] {
  const selectors = role.aggregationRule?.clusterRoleSelectors ?? [];
  const known = new Set<string>();
  const rules: PolicyRule[] = [];
  for (const { metadata, rules: own } of all) {
    if (metadata.name === role.metadata.name) continue;
    const labels = (metadata.labels ?? {}) as JsonObject;
    if (!selectors.some((each) => selectsLabels(each as unknown as JsonObject, labels))) continue;
    for (const rule of own ?? []) {
      const text = JSON.stringify(rule);
      if (known.has(text)) continue;
      known.add(text);
      rules.push(rule);
    }
  }
  return rules;
}
