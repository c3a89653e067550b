/**
 * Who did what, and how it ended, for every request that the policy names. In: requests on their
 * way, what is found out about them. Out: events, one line of JSON each.
 * @see audit.k8s.io/v1 Event
 */
import { stringifyJson } from "@rktnetes/api/codec/json";
import type { Json, JsonObject } from "@rktnetes/api/schema";
import type { Attributes, User } from "../auth/user.ts";
import type { ServerHost } from "../host.ts";
import type { Answer } from "../http/answer.ts";
import type { ApiRequest, Outlet } from "../http/api-request.ts";
import { type Auditing, auditingOf, type AuditPolicy, type AuditStage } from "./audit-policy.ts";
import { readableBody } from "./readable-body.ts";

/** What takes the lines. */
export interface AuditSink {
  write(line: string): void;
}

/** Who a request came from, once that is known. */
export interface AuditedParties {
  readonly sender: User;
  /** Whom the sender acts as. */
  readonly user: User;
  readonly attributes: Attributes;
}

/** Writes down requests by a policy; every request is begun once. */
export class Audit {
  readonly #policy: AuditPolicy;
  readonly #sink: AuditSink;
  readonly #host: ServerHost;

  constructor(policy: AuditPolicy, sink: AuditSink, host: ServerHost) {
    this.#policy = policy;
    this.#sink = sink;
    this.#host = host;
  }

  begin(request: ApiRequest): AuditedRequest {
    return new AuditedRequest(this.#policy, this.#sink, { host: this.#host, request });
  }
}

interface Begun {
  readonly host: ServerHost;
  readonly request: ApiRequest;
}

/** One request, from its arrival to its end. */
export class AuditedRequest {
  readonly id: string;
  /** The request, whose body is remembered when somebody reads it. */
  readonly request: ApiRequest;
  readonly #policy: AuditPolicy;
  readonly #sink: AuditSink;
  readonly #host: ServerHost;
  readonly #receivedMs: number;
  #parties: AuditedParties | undefined;
  #auditing: Auditing | undefined;
  #body: Buffer | undefined;
  #isRefused = false;

  constructor(policy: AuditPolicy, sink: AuditSink, { host, request }: Begun) {
    this.#policy = policy;
    this.#sink = sink;
    this.#host = host;
    this.#receivedMs = host.clock.now();
    this.id = request.header("audit-id") ?? host.uuid();
    this.request = this.#remembering(request);
  }

  /** From here on events can be written. */
  identified(parties: AuditedParties): void {
    this.#parties = parties;
    this.#auditing = auditingOf(this.#policy, parties.user, parties.attributes);
    this.#emit("RequestReceived", undefined);
  }

  /** The authoriser said no. */
  refused(): void {
    this.#isRefused = true;
  }

  /** The same way out, with a note when a stream begins. */
  watching(outlet: Outlet): Outlet {
    return {
      begin: (status, headers) => {
        this.#emit("ResponseStarted", { status, type: "", body: "" });
        outlet.begin(status, { ...headers, "audit-id": this.id });
      },
      write: (bytes) => outlet.write(bytes),
      get waitingBytes() {
        return outlet.waitingBytes;
      },
      end: () => outlet.end(),
      destroy: () => outlet.destroy(),
    };
  }

  ended(answer: Answer | undefined): void {
    this.#emit("ResponseComplete", answer ?? { status: 200, type: "", body: "" });
  }

  #remembering(request: ApiRequest): ApiRequest {
    const remember = async (): Promise<Buffer> => {
      const body = await request.body();
      this.#body = body;
      return body;
    };
    return new Proxy(request, {
      get: (target, name) => {
        if (name === "body") return remember;
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === "function" ? (value.bind(target) as unknown) : value;
      },
    });
  }

  #emit(stage: AuditStage, answer: Answer | undefined): void {
    const auditing = this.#auditing;
    const parties = this.#parties;
    if (auditing === undefined || parties === undefined || auditing.level === "None") return;
    if (auditing.omitStages.includes(stage)) return;
    this.#sink.write(stringifyJson(this.#event(stage, { auditing, parties, answer })));
  }

  #event(stage: AuditStage, { auditing, parties, answer }: Emitted): JsonObject {
    const { level } = auditing;
    const { sender, user, attributes } = parties;
    const query = this.request.search === "" ? "" : `?${this.request.search}`;
    const event: JsonObject = {
      kind: "Event",
      apiVersion: "audit.k8s.io/v1",
      level,
      auditID: this.id,
      stage,
      requestURI: `${this.request.path}${query}`,
      verb: attributes.verb,
      user: userInfo(sender),
    };
    if (user !== sender) event["impersonatedUser"] = userInfo(user);
    const address = this.request.sourceAddress ?? "";
    event["sourceIPs"] = address === "" ? [] : [address];
    const agent = this.request.header("user-agent");
    if (agent !== undefined) event["userAgent"] = agent;
    if (attributes.isResource) event["objectRef"] = objectRef(attributes);
    if (answer !== undefined) {
      event["responseStatus"] = { metadata: {}, code: answer.status };
      if (level !== "Metadata") addBody(event, "requestObject", this.#body, auditing);
      if (level === "RequestResponse") {
        addBody(event, "responseObject", answer.body, auditing);
      }
    }
    event["requestReceivedTimestamp"] = micro(this.#receivedMs);
    event["stageTimestamp"] = micro(this.#host.clock.now());
    if (answer !== undefined) {
      const decision = this.#isRefused ? "forbid" : "allow";
      event["annotations"] = { "authorization.k8s.io/decision": decision };
    }
    return event;
  }
}

interface Emitted {
  readonly auditing: Auditing;
  readonly parties: AuditedParties;
  readonly answer: Answer | undefined;
}

function userInfo({ name, uid, groups, extra }: User): JsonObject {
  const info: JsonObject = { username: name, groups: [...groups] };
  if (uid !== "") info["uid"] = uid;
  if (Object.keys(extra).length > 0) info["extra"] = structuredClone(extra) as unknown as Json;
  return info;
}

function objectRef(attributes: Attributes): JsonObject {
  const { group, version, resource, subresource, namespace, name } = attributes;
  const parts = { resource, namespace, name, apiGroup: group, apiVersion: version, subresource };
  return Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== ""));
}

/** What cannot be shown is left out. */
function addBody(
  event: JsonObject,
  field: string,
  body: Buffer | string | undefined,
  { omitManagedFields }: Auditing,
): void {
  const value = body === undefined || body.length === 0 ? undefined : readableBody(body);
  if (value === undefined) return;
  event[field] = omitManagedFields ? withoutManagers(value) : value;
}

function withoutManagers(value: Json): Json {
  if (Array.isArray(value)) return value.map(withoutManagers);
  if (typeof value !== "object" || value === null) return value;
  const kept = Object.entries(value).filter(([name]) => name !== "managedFields");
  return Object.fromEntries(kept.map(([name, each]) => [name, withoutManagers(each)]));
}

function micro(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 23)}000Z`;
}
