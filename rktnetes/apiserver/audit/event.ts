/**
 * One event of the audit log. In: what is known of a request when a stage is reached. Out: the
 * event, with as much of the bodies as the level asks for. Pure. @see audit.k8s.io/v1 Event
 */
import type { Json, JsonObject } from "@rktnetes/api/schema";
import type { Attributes, User } from "../auth/user.ts";
import type { Answer } from "../http/answer.ts";
import type { ApiRequest } from "../http/api-request.ts";
import type { Auditing, AuditStage } from "./audit-policy.ts";
import { readableBody } from "./readable-body.ts";

/** Who a request came from, once that is known. */
export interface AuditedParties {
  readonly sender: User;
  /** Whom the sender acts as. */
  readonly user: User;
  /** Which verb allowed that; empty for the old one. */
  readonly constraint?: string;
  readonly attributes: Attributes;
}

export interface EventParts {
  readonly id: string;
  readonly stage: AuditStage;
  readonly auditing: Auditing;
  readonly parties: AuditedParties;
  readonly request: ApiRequest;
  /** As the client sent it; undefined when nobody has read it. */
  readonly body: Buffer | undefined;
  readonly answer: Answer | undefined;
  readonly annotations: JsonObject;
  readonly receivedAt: string;
  readonly at: string;
}

export function eventOf(parts: EventParts): JsonObject {
  const { auditing, parties, request, answer, annotations } = parts;
  const { level } = auditing;
  const { sender, user, attributes, constraint = "" } = parties;
  const query = request.search === "" ? "" : `?${request.search}`;
  const event: JsonObject = {
    kind: "Event",
    apiVersion: "audit.k8s.io/v1",
    level,
    auditID: parts.id,
    stage: parts.stage,
    requestURI: `${request.path}${query}`,
    verb: attributes.verb,
    user: userInfo(sender),
  };
  if (user !== sender) event["impersonatedUser"] = userInfo(user);
  if (constraint !== "") event["authenticationMetadata"] = { impersonationConstraint: constraint };
  event["sourceIPs"] = [...sources(request)];
  const agent = request.header("user-agent");
  if (agent !== undefined) event["userAgent"] = agent;
  if (answer === undefined) {
    if (attributes.isResource) event["objectRef"] = objectRef(attributes, undefined);
  } else addEnd(event, parts, answer);
  event["requestReceivedTimestamp"] = parts.receivedAt;
  event["stageTimestamp"] = parts.at;
  if (Object.keys(annotations).length > 0) event["annotations"] = annotations;
  return event;
}

function addEnd(event: JsonObject, parts: EventParts, answer: Answer): void {
  const { auditing, parties, body } = parts;
  const { level } = auditing;
  const sent = readable(body);
  const said = readable(answer.body);
  if (parties.attributes.isResource) event["objectRef"] = objectRef(parties.attributes, sent);
  event["responseStatus"] = responseStatus(answer.status, said);
  if (level === "Metadata") return;
  addBody(event, "requestObject", sent, auditing);
  if (level === "RequestResponse") addBody(event, "responseObject", said, auditing);
}

function readable(body: Buffer | string | undefined): Json | undefined {
  return body === undefined || body.length === 0 ? undefined : readableBody(body);
}

/** Proxies on the way name those before them. */
function sources(request: ApiRequest): readonly string[] {
  const named = [request.header("x-forwarded-for") ?? "", request.header("x-real-ip") ?? ""];
  const before = named.flatMap((text) => text.split(",").map((each) => each.trim()));
  const all = [...before, request.sourceAddress ?? ""].filter((each) => each !== "");
  return [...new Set(all)];
}

function userInfo({ name, uid, groups, extra }: User): JsonObject {
  const info: JsonObject = {};
  if (name !== "") info["username"] = name;
  if (uid !== "") info["uid"] = uid;
  if (groups.length > 0) info["groups"] = [...groups];
  if (Object.keys(extra).length > 0) info["extra"] = structuredClone(extra) as unknown as Json;
  return info;
}

/** What the path does not say of an object, its body does. */
function objectRef(attributes: Attributes, body: Json | undefined): JsonObject {
  const { group, version, resource, subresource, namespace, name } = attributes;
  const metadata = objectOf(objectOf(body)["metadata"]);
  const isWritten = attributes.verb === "create" || attributes.verb === "update";
  const own = (field: string): string => {
    const value = isWritten ? metadata[field] : undefined;
    return typeof value === "string" ? value : "";
  };
  const parts = {
    resource,
    namespace: namespace || own("namespace"),
    name: name || own("name"),
    uid: own("uid"),
    apiGroup: group,
    apiVersion: version,
    resourceVersion: own("resourceVersion"),
    subresource,
  };
  return Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== ""));
}

function responseStatus(code: number, said: Json | undefined): JsonObject {
  const status = objectOf(said);
  if (status["kind"] !== "Status") return { metadata: {}, code };
  const known = ["status", "message", "reason", "details"].flatMap((field) => {
    const value = status[field];
    return value === undefined ? [] : [[field, value] as const];
  });
  return { metadata: {}, ...Object.fromEntries(known), code };
}

/** What cannot be shown is left out. */
function addBody(
  event: JsonObject,
  field: string,
  value: Json | undefined,
  { omitManagedFields }: Auditing,
): void {
  if (value !== undefined) event[field] = omitManagedFields ? withoutManagers(value) : value;
}

/** Of the object, or of the items of a list. */
function withoutManagers(value: Json): Json {
  const object = objectOf(value);
  const { managedFields: _managers, ...metadata } = objectOf(object["metadata"]);
  const bare = object["metadata"] === undefined ? object : { ...object, metadata };
  const { items } = bare;
  return Array.isArray(items) ? { ...bare, items: items.map(withoutManagers) } : bare;
}

function objectOf(value: Json | undefined): JsonObject {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  return isObject ? value : {};
}
