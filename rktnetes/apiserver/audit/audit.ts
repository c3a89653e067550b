/**
 * Who did what, and how it ended, for every request that the policy names. In: requests on their
 * way, what is found out about them. Out: events, one line of JSON each.
 * @see audit.k8s.io/v1 Event
 */
import { stringifyJson } from "@rktnetes/api/codec/json";
import type { Impersonation } from "../auth/impersonate.ts";
import type { Attributes, User } from "../auth/user.ts";
import type { ServerHost } from "../host.ts";
import type { Answer } from "../http/answer.ts";
import type { ApiRequest, Outlet } from "../http/api-request.ts";
import { type Auditing, auditingOf, type AuditPolicy, type AuditStage } from "./audit-policy.ts";
import { type AuditedParties, eventOf } from "./event.ts";

/** What takes the lines. */
export interface AuditSink {
  write(line: string): void;
}

const NOBODY: User = { name: "", uid: "", groups: [], extra: {} };

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
  readonly #annotations = new Map<string, string>();

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
    this.#auditing = auditingOf(this.#policy, parties.sender, parties.attributes);
    this.#emit("RequestReceived", undefined);
  }

  /** Whom the sender acts as. */
  actsAs(acting: Impersonation): void {
    if (this.#parties !== undefined) this.#parties = { ...this.#parties, ...acting };
  }

  /** What the authoriser said. */
  decided(isAllowed: boolean, reason: string): void {
    this.annotate("authorization.k8s.io/decision", isAllowed ? "allow" : "forbid");
    this.annotate("authorization.k8s.io/reason", reason);
  }

  /** A note for the events that are still to come; the first value of a key stays. */
  readonly annotate = (key: string, value: string, level?: "Request"): void => {
    if (level !== undefined && this.#auditing?.level === "Metadata") return;
    if (!this.#annotations.has(key)) this.#annotations.set(key, value);
  };

  /** Nobody knows whom the request comes from. */
  unknown(attributes: Attributes, answer: Answer): void {
    this.identified({ sender: NOBODY, user: NOBODY, attributes });
    this.#emit("ResponseStarted", answer);
    this.#auditing = undefined;
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
    const event = eventOf({
      id: this.id,
      stage,
      auditing,
      parties,
      request: this.request,
      body: this.#body,
      answer,
      annotations: answer === undefined ? {} : Object.fromEntries(this.#annotations),
      receivedAt: micro(this.#receivedMs),
      at: micro(this.#host.clock.now()),
    });
    this.#sink.write(stringifyJson(event));
  }
}

function micro(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 23)}000Z`;
}
