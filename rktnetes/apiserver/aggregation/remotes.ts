/**
 * Watches over the servers that answer for others' groups. In: backends, and the services and
 * endpoints that lead to them. Out: their condition `Available`, and their own documents.
 */
import { StatusFault } from "@rktnetes/api/status-fault";
import type { APIService } from "@rktnetes/api/types/apiregistration-v1";
import { Fault } from "@shared/base";
import { builtinKind } from "../admission/lookup.ts";
import type { CacheWatcher } from "../registry/cache/resource-cache.ts";
import type { Availability } from "./backend.ts";
import { checkBackend } from "./check-backend.ts";
import { say } from "./local-services.ts";
import type { RemoteParts } from "./parts.ts";
import { RemoteDocuments } from "./remote-documents.ts";

const API_SERVICES = "apiregistration.k8s.io/apiservices";
const LEADING = ["/services", "discovery.k8s.io/endpointslices", "/endpoints"];

const AGAIN_MS = 30_000;
const FIRST_WAIT_MS = 50;

interface Watched {
  /** What of the APIService matters here. */
  readonly text: string;
  failures: number;
  /** Counts looks: an older one does not go on. */
  turn: number;
}

/** Runs until the signal aborts. */
export class Remotes {
  readonly documents: RemoteDocuments;
  readonly #parts: RemoteParts;
  readonly #watched = new Map<string, Watched>();

  private constructor(parts: RemoteParts) {
    this.#parts = parts;
    this.documents = new RemoteDocuments(parts);
  }

  static async start(parts: RemoteParts): Promise<Remotes> {
    const remotes = new Remotes(parts);
    for (const resource of LEADING) await remotes.#follow(resource);
    return remotes;
  }

  async #follow(resource: string): Promise<void> {
    const { registry, signal } = this.#parts;
    const { prefix } = await registry.resource(builtinKind(resource));
    const cache = await registry.hub.cache(prefix);
    const watcher: CacheWatcher = {
      scope: prefix,
      notify: (events) => {
        for (const { key } of events) this.#lookAtService(key.slice(prefix.length));
      },
      lost: () => void this.#follow(resource),
    };
    cache.add(watcher);
    signal.addEventListener("abort", () => cache.remove(watcher), { once: true });
  }

  /** A change of `namespace/name`, or of a slice whose name begins so. */
  #lookAtService(key: string): void {
    for (const { name, service } of this.#parts.backends()) {
      const lead = `${service.namespace}/`;
      if (key.startsWith(lead)) this.#check(name);
    }
  }

  /** Something of the APIServices has changed. */
  look(): void {
    const all = this.#parts.backends();
    const names = new Set(all.map(({ name }) => name));
    for (const name of this.#watched.keys()) if (!names.has(name)) this.#watched.delete(name);
    for (const backend of all) {
      const { isAvailable: _, ...rest } = backend;
      const text = JSON.stringify(rest);
      if (this.#watched.get(backend.name)?.text === text) continue;
      this.#watched.set(backend.name, { text, failures: 0, turn: 0 });
      this.documents.forget(backend.name);
      this.#check(backend.name);
    }
  }

  #check(name: string): void {
    const watched = this.#watched.get(name);
    if (watched === undefined || this.#parts.signal.aborted) return;
    watched.turn += 1;
    this.#checkTurn(name, watched, watched.turn).catch(() => undefined);
  }

  async #checkTurn(name: string, watched: Watched, turn: number): Promise<void> {
    const { registry, lookup, keys, signal, backends } = this.#parts;
    const { host } = registry;
    const isLast = (): boolean =>
      !signal.aborted && this.#watched.get(name) === watched && watched.turn === turn;
    const backend = backends().find((each) => each.name === name);
    if (backend === undefined) return;
    const found = await checkBackend({ lookup, keys, host }, backend).catch(unknown);
    if (!isLast()) return;
    watched.failures = found.isAvailable ? 0 : watched.failures + 1;
    if (found.isAvailable !== backend.isAvailable) this.documents.renew(name);
    try {
      const service = await lookup.find<APIService>(API_SERVICES, "", name);
      if (service !== undefined) await say(this.#parts, service, found);
    } catch (error) {
      // it has gone, or changes, and an event comes; or the store is away: the next look says it
      if (!(error instanceof StatusFault)) watched.failures += 1;
    }
    const wait = found.isAvailable ? AGAIN_MS : FIRST_WAIT_MS * 2 ** Math.min(watched.failures, 10);
    await host.clock.sleep(Math.min(wait, AGAIN_MS), signal);
    if (isLast()) this.#check(name);
  }
}

/** The cluster itself could not be asked. */
function unknown(error: unknown): Availability {
  const message = Fault.from(error).message;
  return { isAvailable: false, reason: "ServiceAccessError", message };
}
