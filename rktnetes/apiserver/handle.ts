/**
 * What happens to a request, from top to bottom: who asks, may they, what is named, do it, answer.
 * In: a request and where its answer goes. Out: an answer, or nothing when it was streamed. Never
 * throws: whatever goes wrong becomes an answer.
 */
import { goQuote } from "@rktnetes/api/field-error";
import { badRequest, noSuchResource, StatusFault } from "@rktnetes/api/status-fault";
import { Fault, parseDuration } from "@shared/base";
import type { Annotate } from "./admission/admission.ts";
import type { ApiServer } from "./api-server.ts";
import type { AuditedRequest } from "./audit/audit.ts";
import { attributesOf } from "./auth/attributes.ts";
import { decide, forbiddenTo } from "./auth/authorize.ts";
import { impersonate } from "./auth/impersonate.ts";
import type { Attributes, User } from "./auth/user.ts";
import { serveDiscovery } from "./discovery/serve-discovery.ts";
import { type Answer, faultAnswer, pageNotFound, textAnswer } from "./http/answer.ts";
import { labelsOf, type RequestLabels } from "./health/request-labels.ts";
import type { ApiRequest, Outlet } from "./http/api-request.ts";
import { forReader } from "./http/indented.ts";
import { serveOther } from "./http/other-routes.ts";
import { parsePath, type RequestPath, type ResourcePath } from "./http/request-path.ts";
import { serveResource } from "./http/resource-routes.ts";
import { Warnings } from "./http/warnings.ts";

/** An answer with the warnings that came up on the way to it. */
export interface Handled {
  readonly answer: Answer | undefined;
  readonly warnings: readonly string[];
  /** What metrics call the request. */
  readonly labels: RequestLabels;
  /** So long it waited for its turn. */
  readonly waitedMs: number;
}

/** Serves one request; streams go to the outlet, everything else is in the answer. */
export async function handle(
  server: ApiServer,
  request: ApiRequest,
  outlet: Outlet,
): Promise<Handled> {
  const audited = server.audit?.begin(request);
  const visit =
    audited === undefined
      ? { request, outlet, audited }
      : { request: audited.request, outlet: audited.watching(outlet), audited };
  const handled = await serve(server, visit);
  audited?.ended(handled.answer);
  const shown = handled.answer && forReader(handled.answer, request);
  const headers = audited === undefined ? {} : { "audit-id": audited.id };
  return { ...handled, answer: withHeaders(shown, headers) };
}

interface Visit {
  readonly request: ApiRequest;
  readonly outlet: Outlet;
  readonly audited: AuditedRequest | undefined;
}

async function serve(server: ApiServer, visit: Visit): Promise<Handled> {
  const { request } = visit;
  const path = parsePath(request.path);
  const attributes = attributesOf(request, path);
  const labels = labelsOf(server.kinds, request, attributes);
  const leave = server.metrics.enter(labels, isLong(attributes), server.host.clock.now());
  const wait = { ms: 0 };
  try {
    const handled = await serveNamed(server, { ...visit, path, attributes, wait });
    return { ...handled, labels, waitedMs: wait.ms };
  } finally {
    leave();
  }
}

interface NamedVisit extends Visit {
  readonly path: RequestPath;
  readonly attributes: Attributes;
  /** Written once it is over. */
  readonly wait: { ms: number };
}

async function serveNamed(
  server: ApiServer,
  { request, outlet, audited, path, attributes, wait }: NamedVisit,
): Promise<Pick<Handled, "answer" | "warnings">> {
  const warnings = new Warnings();
  const warn = warnings.add;
  let headers: Answer["headers"] = {};
  try {
    const sender = await identify(server, { request, attributes, audited, warn });
    const { user, refusal } = await enter(server, { request, sender, attributes, audited });
    const flow = await server.fairness.flowFor(user, attributes);
    headers = flow.headers;
    if (refusal !== undefined)
      return { answer: withHeaders(refusal, headers), warnings: warnings.texts };
    checkTimeout(request);
    const queuedMs = server.host.clock.now();
    const leave = await flow.enter();
    wait.ms = server.host.clock.now() - queuedMs;
    const annotate = audited?.annotate;
    const marked = isLong(attributes) ? markedOutlet(outlet, headers) : outlet;
    try {
      if (marked !== outlet) leave();
      const answer = await route(server, { request, outlet: marked, path, user, warn, annotate });
      return { answer: withHeaders(answer, headers), warnings: warnings.texts };
    } finally {
      leave();
    }
  } catch (error) {
    const answer = faultAnswer(error);
    const all = isUnrouted(error) ? [] : warnings.texts;
    return { answer: withHeaders(answer, headers), warnings: all };
  }
}

/** A method that no path takes is refused before anybody looks at the kind. */
function isUnrouted(error: unknown): boolean {
  if (!(error instanceof StatusFault) || error.failure.code !== 405) return false;
  return error.failure.details?.kind === undefined;
}

/** Streams have the same headers as other answers. */
function markedOutlet(outlet: Outlet, own: Readonly<Record<string, string>>): Outlet {
  return {
    begin: (status, headers) => outlet.begin(status, { ...headers, ...own }),
    write: (bytes) => outlet.write(bytes),
    get waitingBytes() {
      return outlet.waitingBytes;
    },
    end: () => outlet.end(),
    destroy: () => outlet.destroy(),
  };
}

/** What goes on for as long as the client wants takes no place from others. */
function isLong({ verb, subresource }: Attributes): boolean {
  return verb === "watch" || STREAMS.has(subresource);
}

const STREAMS: ReadonlySet<string> = new Set(["attach", "exec", "log", "portforward", "proxy"]);

function withHeaders(answer: Answer | undefined, headers: Answer["headers"]): Answer | undefined {
  return answer === undefined
    ? undefined
    : { ...answer, headers: { ...answer.headers, ...headers } };
}

interface Entry {
  readonly user: User;
  readonly refusal?: Answer;
}

interface Arrival {
  readonly request: ApiRequest;
  readonly attributes: Attributes;
  readonly audited: AuditedRequest | undefined;
}

/** Whom the request comes from. @throws {StatusFault} 401 */
async function identify(
  { auth }: ApiServer,
  { request, attributes, audited, warn }: Arrival & { readonly warn: (text: string) => void },
): Promise<User> {
  try {
    const sender = await auth.authenticator.authenticate(request, warn);
    audited?.identified({ sender, user: sender, attributes });
    return sender;
  } catch (error) {
    audited?.unknown(attributes, faultAnswer(error));
    throw error;
  }
}

/** Whom the sender acts as, and whether that one may do it; or what it hears when not. */
async function enter(
  { auth: { authorizer } }: ApiServer,
  { request, sender, attributes, audited }: Arrival & { readonly sender: User },
): Promise<Entry> {
  let user = sender;
  try {
    const acting = await impersonate(authorizer, request, sender, attributes);
    if (acting !== undefined) {
      ({ user } = acting);
      audited?.actsAs(acting);
    }
    const { allowed, reason } = await decide(authorizer, user, attributes);
    audited?.decided(allowed, reason);
    if (!allowed) throw forbiddenTo(user, attributes, reason);
    return { user };
  } catch (error) {
    const answer = faultAnswer(error);
    return { user, refusal: { ...answer, headers: { "x-content-type-options": "nosniff" } } };
  }
}

interface Routing {
  readonly request: ApiRequest;
  readonly outlet: Outlet;
  readonly path: RequestPath;
  readonly user: User;
  readonly warn: (text: string) => void;
  readonly annotate: Annotate | undefined;
}

async function route(server: ApiServer, routing: Routing): Promise<Answer | undefined> {
  const { request, path } = routing;
  const backend = server.apiServices.backendOfPath(request.path);
  if (backend !== undefined) {
    const { passOn } = await import("./aggregation/proxy.ts");
    return await passOn(server, backend, routing);
  }
  switch (path.type) {
    case "resource":
      return await routeResource(server, { ...routing, path });
    case "discovery":
      return await serveDiscovery(server, request, path);
    case "nothing":
      throw noSuchResource();
    case "broken": {
      const why = "failed to create RequestInfo: unable to determine kind and namespace from url";
      const where = goQuote(request.path);
      const text = `Internal Server Error: ${where}: ${why}, ${request.path}\n`;
      return { ...textAnswer(500, text), uncached: true };
    }
    default:
      return await serveOther(server, request);
  }
}

async function routeResource(
  server: ApiServer,
  { path, ...rest }: Routing & { readonly path: ResourcePath },
): Promise<Answer | undefined> {
  const { kinds } = server;
  const kind = kinds.find(path.group, path.version, path.resource);
  if (kind === undefined || (!kind.namespaced && path.namespace !== "")) {
    if (path.group !== "" && kinds.isCustomGroup(path.group)) return pageNotFound();
    throw noSuchResource();
  }
  if (kind.namespaced && path.namespace === "" && path.name !== "") throw noSuchResource();
  const { deprecation } = (await server.registry.resource(kind)).rules;
  if (deprecation !== "") {
    rest.warn(deprecation);
    if (!kinds.isCustom(kind)) server.metrics.countDeprecated(kind, path.subresource);
  }
  return await serveResource({ ...rest, server, path, kind });
}

/** Old clients send a timeout with every request; only its form matters. */
function checkTimeout({ search, query }: ApiRequest): void {
  if (!search.includes("timeout=")) return;
  const text = query.get("timeout") ?? "";
  if (text === "") return;
  try {
    parseDuration(text);
  } catch (error) {
    const why = Fault.from(error).message;
    throw badRequest(`invalid timeout specified in the request URL - ${why}`);
  }
}
