/**
 * What other servers say of their APIs. In: backends. Out: their part of the aggregated discovery
 * document and of the OpenAPI documents, kept for a while; nothing of a backend that does not
 * answer.
 */
import type { IncomingMessage } from "node:http";
import type { Json, JsonObject } from "@rktnetes/api/schema";
import { isObject } from "@rktnetes/api/structural/structural";
import { type Backend, pathOf } from "./backend.ts";
import { send, tlsOptionsOf, userHeaders } from "./connect.ts";
import type { RemoteParts } from "./parts.ts";
import { resolveService } from "./resolve-service.ts";

const KEPT_MS = 60_000;
/** Whoever did not answer is left alone for so long. */
const LOST_MS = 5000;
const ASKED_MS = 5000;
const ANSWER_MAX = 64 * 1024 * 1024;
const ASKS = { name: "system:kube-aggregator", uid: "", groups: ["system:masters"], extra: {} };
const AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

interface Kept<T> {
  readonly atMs: number;
  readonly value: Promise<T | undefined>;
}

/** What a backend answered. */
export interface Fetched {
  readonly status: number;
  readonly type: string;
  readonly body: Buffer;
}

export class RemoteDocuments {
  readonly #parts: RemoteParts;
  readonly #kept = new Map<string, Kept<unknown>>();
  /** Entries of discovery, by the names of APIServices. */
  readonly #last = new Map<string, JsonObject>();

  constructor(parts: RemoteParts) {
    this.#parts = parts;
  }

  /** Nothing that a backend said so far counts any more: it is another one. */
  forget(name: string): void {
    this.#last.delete(name);
    this.renew(name);
  }

  /** A backend came or went: it is to be asked again. */
  renew(name: string): void {
    for (const key of this.#kept.keys()) if (key.startsWith(`${name} `)) this.#kept.delete(key);
  }

  /** `{version, resources, freshness}` of a backend; what it said last where it does not answer. */
  async discovery(backend: Backend): Promise<JsonObject> {
    const { version, name } = backend;
    const stale = { ...(this.#last.get(name) ?? { version }), freshness: "Stale" };
    if (!backend.isAvailable) return stale;
    const found = await this.#keep(`${backend.name} discovery`, async () => {
      return (await this.#aggregated(backend)) ?? (await this.#legacy(backend));
    });
    if (found !== undefined) this.#last.set(name, found);
    return found ?? stale;
  }

  async #aggregated(backend: Backend): Promise<JsonObject | undefined> {
    const path = backend.group === "" ? "/api" : "/apis";
    const { status, type, body } = await this.fetch(backend, path, AGGREGATED);
    if (status !== 200 || !type.includes("as=APIGroupDiscoveryList")) return undefined;
    const items = listIn(JSON.parse(body.toString()) as JsonObject, "items");
    const group = items.find((item) => nameIn(item["metadata"]) === backend.group);
    const versions = group === undefined ? [] : listIn(group, "versions");
    const mine = versions.find((each) => each["version"] === backend.version);
    return mine === undefined ? undefined : { ...mine, freshness: "Current" };
  }

  async #legacy(backend: Backend): Promise<JsonObject | undefined> {
    const { status, body } = await this.fetch(backend, pathOf(backend), "application/json");
    if (status !== 200) return undefined;
    const list = listIn(JSON.parse(body.toString()) as JsonObject, "resources");
    const resources = list
      .filter((each) => !textIn(each, "name").includes("/"))
      .map((each) => resourceEntry(each, list));
    return { version: backend.version, resources, freshness: "Current" };
  }

  /** A JSON document of a backend; undefined when it has none there. */
  async json(backend: Backend, path: string): Promise<JsonObject | undefined> {
    if (!backend.isAvailable) return undefined;
    return await this.#keep(`${backend.name} ${path}`, async () => {
      const { status, body } = await this.fetch(backend, path, "application/json");
      return status === 200 ? (JSON.parse(body.toString()) as JsonObject) : undefined;
    });
  }

  async #keep<T>(key: string, make: () => Promise<T | undefined>): Promise<T | undefined> {
    const now = this.#parts.registry.host.clock.now();
    const known = this.#kept.get(key) as Kept<T> | undefined;
    if (known !== undefined && now - known.atMs < KEPT_MS) return await known.value;
    const value = make().catch(() => undefined);
    this.#kept.set(key, { atMs: now, value });
    const made = await value;
    const isKept = this.#kept.get(key)?.value === value;
    if (made === undefined && isKept) this.#kept.set(key, { atMs: now - KEPT_MS + LOST_MS, value });
    return made;
  }

  /** @throws what the connection threw */
  async fetch(backend: Backend, path: string, accept: string): Promise<Fetched> {
    const { lookup, keys, registry } = this.#parts;
    const address = await resolveService({ lookup, host: registry.host }, backend.service);
    const response = await send(address, tlsOptionsOf(backend, keys), {
      method: "GET",
      path,
      headers: { ...userHeaders(ASKS), accept },
      signal: AbortSignal.timeout(ASKED_MS),
    });
    const { statusCode = 0, headers } = response;
    return {
      status: statusCode,
      type: headers["content-type"] ?? "",
      body: await bodyOf(response),
    };
  }
}

async function bodyOf(response: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of response as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > ANSWER_MAX) throw new Error("the answer is too long");
    parts.push(part);
  }
  return Buffer.concat(parts);
}

function listIn(object: JsonObject, field: string): readonly JsonObject[] {
  const list = object[field];
  return Array.isArray(list) ? list.filter(isObject) : [];
}

function textIn(object: JsonObject, field: string): string {
  const value = object[field];
  return typeof value === "string" ? value : "";
}

function nameIn(metadata: Json | undefined): string {
  return isObject(metadata) ? textIn(metadata, "name") : "";
}

/** A resource of the old form in the new one, with its sub-resources. */
function resourceEntry(one: JsonObject, all: readonly JsonObject[]): JsonObject {
  const name = textIn(one, "name");
  const entry: JsonObject = {
    resource: name,
    responseKind: responseKind(one),
    scope: one["namespaced"] === true ? "Namespaced" : "Cluster",
    singularResource: textIn(one, "singularName"),
    verbs: one["verbs"] ?? [],
  };
  for (const field of ["shortNames", "categories"]) {
    if (Array.isArray(one[field])) entry[field] = one[field];
  }
  const below = all.filter((each) => textIn(each, "name").startsWith(`${name}/`));
  const subresources = below.map(
    (each): JsonObject => ({
      subresource: textIn(each, "name").slice(name.length + 1),
      responseKind: responseKind(each),
      verbs: each["verbs"] ?? [],
    }),
  );
  return subresources.length === 0 ? entry : { ...entry, subresources };
}

function responseKind(one: JsonObject): JsonObject {
  return {
    group: textIn(one, "group"),
    version: textIn(one, "version"),
    kind: textIn(one, "kind"),
  };
}
