/**
 * Objects of an API server, by name. In: resources and objects. Out: objects as they are there, or
 * a StatusFault with what the server said. Knows no kind.
 */
import type { Json, JsonObject } from "@rktnetes/api/schema";
import { isObject, own } from "@rktnetes/api/patch/values";
import type { StatusReason } from "@rktnetes/api/status";
import { StatusFault } from "@rktnetes/api/status-fault";
import type { Call, Transport } from "./transport.ts";

/** A resource that is served. */
export interface ResourceName {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly resource: string;
}

/** An object, or with an empty name all of a namespace; an empty namespace is all of them. */
export interface Place extends ResourceName {
  readonly namespace?: string;
  readonly name?: string;
  readonly subresource?: string;
}

/** A list as it was at a revision. */
export interface Listed {
  readonly items: readonly JsonObject[];
  readonly resourceVersion: string;
}

/** One event of a watch. */
export interface WatchedEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  readonly object: JsonObject;
}

/** Query parameters; undefined ones are left out. */
export type Query = Readonly<Record<string, string | undefined>>;

const JSON_TYPE = "application/json";
/** Asks for nothing of the objects but metadata. */
const METADATA = "as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
const METADATA_LIST = "as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";

/** What of the objects is wanted, and which. */
export interface ReadOptions {
  readonly query?: Query;
  readonly metadataOnly?: boolean;
}

/** Requests of one program. */
export class Client {
  readonly #transport: Transport;
  readonly #userAgent: string;

  constructor(transport: Transport, { userAgent }: { readonly userAgent: string }) {
    this.#transport = transport;
    this.#userAgent = userAgent;
  }

  /** Undefined when there is no such object. @throws {StatusFault} */
  async get(place: Place, { metadataOnly }: ReadOptions = {}): Promise<JsonObject | undefined> {
    const accept = metadataOnly === true ? `${JSON_TYPE};${METADATA}` : JSON_TYPE;
    try {
      return await this.#send({ ...this.#call("GET", place), headers: this.#headers({ accept }) });
    } catch (error) {
      if (error instanceof StatusFault && error.failure.code === 404) return undefined;
      throw error;
    }
  }

  /** @throws {StatusFault} */
  async list(place: Place, { query = {}, metadataOnly }: ReadOptions = {}): Promise<Listed> {
    const accept = metadataOnly === true ? `${JSON_TYPE};${METADATA_LIST}` : JSON_TYPE;
    const call = { ...this.#call("GET", place, query), headers: this.#headers({ accept }) };
    const list = await this.#send(call);
    const items = own(list, "items");
    return {
      items: Array.isArray(items) ? items.filter((item) => isObject(item)) : [],
      resourceVersion: textIn(own(list, "metadata"), "resourceVersion"),
    };
  }

  /** @throws {StatusFault} */
  async create(place: Place, object: JsonObject): Promise<JsonObject> {
    return await this.#send(this.#call("POST", place, {}, object));
  }

  /** @throws {StatusFault} 409 when the object has changed since it was read */
  async replace(place: Place, object: JsonObject): Promise<JsonObject> {
    return await this.#send(this.#call("PUT", place, {}, object));
  }

  /** A JSON merge patch. @throws {StatusFault} */
  async merge(place: Place, patch: JsonObject): Promise<JsonObject> {
    const headers = this.#headers({ "content-type": "application/merge-patch+json" });
    return await this.#send({ ...this.#call("PATCH", place, {}, patch), headers });
  }

  /** Server-side apply by a manager, whoever else owns the fields. @throws {StatusFault} */
  async apply(place: Place, object: JsonObject, fieldManager: string): Promise<JsonObject> {
    const headers = this.#headers({ "content-type": "application/apply-patch+yaml" });
    const query = { fieldManager, force: "true" };
    return await this.#send({ ...this.#call("PATCH", place, query, object), headers });
  }

  /** An object, or all of a namespace where the place has no name. @throws {StatusFault} */
  async delete(place: Place, options: JsonObject = {}): Promise<JsonObject> {
    const body = { apiVersion: "v1", kind: "DeleteOptions", ...options };
    return await this.#send(this.#call("DELETE", place, {}, body));
  }

  /** Any document: discovery. @throws {StatusFault} */
  async document(path: string): Promise<JsonObject> {
    return await this.#send({ method: "GET", path, headers: this.#headers({}), body: "" });
  }

  /** Events until the server ends the watch or the signal aborts. */
  async *watch(
    place: Place,
    { query = {}, metadataOnly }: ReadOptions,
    signal: AbortSignal,
  ): AsyncIterable<WatchedEvent> {
    const accept = metadataOnly === true ? `${JSON_TYPE};${METADATA}` : JSON_TYPE;
    const call = this.#call("GET", place, { ...query, watch: "true" });
    const headers = this.#headers({ accept });
    for await (const line of this.#transport.lines({ ...call, headers, signal })) {
      const event = JSON.parse(line) as JsonObject;
      if (own(event, "kind") === "Status") throw statusFault(event);
      yield event as unknown as WatchedEvent;
    }
  }

  #call(method: Call["method"], place: Place, query: Query = {}, body?: JsonObject): Call {
    return {
      method,
      path: pathOf(place) + queryText(query),
      headers: this.#headers({}),
      body: body === undefined ? "" : JSON.stringify(body),
    };
  }

  #headers(own: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
    const usual = { accept: JSON_TYPE, "content-type": JSON_TYPE, "user-agent": this.#userAgent };
    return { ...usual, ...own };
  }

  async #send(call: Call): Promise<JsonObject> {
    const { status, body } = await this.#transport.call(call);
    if (status >= 400) throw refusal(status, body);
    return JSON.parse(body) as JsonObject;
  }
}

/** @internal the path of an object or of a list */
export function pathOf({ group, version, resource, ...place }: Place): string {
  const root = group === "" ? `/api/${version}` : `/apis/${group}/${version}`;
  const { namespace = "", name = "", subresource = "" } = place;
  const scope = namespace === "" ? "" : `/namespaces/${encodeURIComponent(namespace)}`;
  const object = name === "" ? "" : `/${encodeURIComponent(name)}`;
  const part = subresource === "" ? "" : `/${subresource}`;
  return `${root}${scope}/${resource}${object}${part}`;
}

function queryText(query: Query): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) parameters.set(name, value);
  }
  return parameters.size === 0 ? "" : `?${parameters.toString()}`;
}

/** Servers behind the API server, and what stands before them, may answer with plain words. */
function refusal(code: number, body: string): StatusFault {
  const status = parsed(body);
  if (isObject(status) && own(status, "kind") === "Status") return statusFault(status);
  const isAway = code === 503;
  return new StatusFault({
    code,
    reason: isAway ? "ServiceUnavailable" : "InternalError",
    message: isAway ? "the server is currently unable to handle the request" : body.trim(),
  });
}

function parsed(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined; // no JSON
  }
}

/** What a Status says, as the fault that it stands for. */
function statusFault(status: JsonObject): StatusFault {
  const code = own(status, "code");
  return new StatusFault({
    code: typeof code === "number" ? code : 500,
    reason: textIn(status, "reason") as StatusReason,
    message: textIn(status, "message"),
  });
}

function textIn(object: Json | undefined, field: string): string {
  const value = isObject(object) ? own(object, field) : undefined;
  return typeof value === "string" ? value : "";
}
