/**
 * Creations that keep nothing: reviews of users and their rights, and tokens of service accounts.
 * In: a request and what it sent. Out: the object with its answer. @throws {StatusFault}
 */
import type { Kind } from "@rktnetes/api/kind";
import type { JsonObject } from "@rktnetes/api/schema";
import { encodeJson } from "@rktnetes/api/codec/encode";
import { findType } from "@rktnetes/api/kinds";
import { notFoundFault } from "@rktnetes/api/status-fault";
import { assert } from "@shared/base";
import { timestamp } from "../host.ts";
import { CachedObject } from "../registry/cache/cached-object.ts";
import { metaText, setMeta } from "../registry/metadata.ts";
import { apiVersionOf, type Resource } from "../registry/resource.ts";
import {
  optionsObject,
  readWriteQuery,
  type WriteQuery,
} from "../registry/options/write-options.ts";
import { admitSpecial } from "../registry/subresources/admit-special.ts";
import { track } from "../registry/track.ts";
import type { Answer } from "./answer.ts";
import { readBody } from "./read-object.ts";
import type { ResourceCall } from "./resource-call.ts";
import { encodeObject, type ViewContext } from "./views.ts";

interface ReviewBody {
  readonly object: JsonObject;
  readonly options: WriteQuery;
}

/** Reviews are asked and answered, never kept. */
export function isReview({ group }: Pick<Kind, "group">): boolean {
  return group === "authentication.k8s.io" || group === "authorization.k8s.io";
}

export async function serveReview(
  call: ResourceCall,
  view: ViewContext,
  { object, options }: ReviewBody,
): Promise<Answer> {
  const { path, user, server, kind } = call;
  const { reviewOf } = await import("../auth/reviews/reviews.ts");
  const review = reviewOf(`${kind.group}/${kind.resource}`);
  if (review === undefined) throw notFoundFault(view.resource.named, "");
  const now = timestamp(server.host.clock.now());
  if (path.namespace !== "") setMeta(object, "namespace", path.namespace);
  trackWhole(call, view.resource, object, options);
  const { namespace } = path;
  const made = await review(server.auth, { object, user, namespace, now });
  return await answered(made, view);
}

function trackWhole(
  call: ResourceCall,
  resource: Resource,
  object: JsonObject,
  { fieldManager, dryRun }: WriteQuery,
): void {
  const { path, user, warn, request, server } = call;
  const agent = (request.header("user-agent") ?? "").split("/")[0] ?? "";
  const { namespace, name, subresource } = path;
  const now = timestamp(server.host.clock.now());
  const write = { namespace, name, subresource, dryRun, user, warn };
  const manager = fieldManager || agent || "unknown";
  track(resource, { ...write, fieldManager: manager }, { object, old: undefined, now });
}

async function answered(object: JsonObject, view: ViewContext): Promise<Answer> {
  const { kind, apiVersion } = view.resource;
  const whole = { ...object, kind: kind.kind, apiVersion };
  const bytes = Buffer.from(encodeJson(kind.schema, whole));
  const body = await encodeObject(new CachedObject("", bytes, 0), view);
  return { status: 201, type: view.form.mediaType, body };
}

const TOKEN_REQUEST = { group: "authentication.k8s.io", version: "v1", kind: "TokenRequest" };

/** `POST …/serviceaccounts/<name>/token` */
export async function serveToken(call: ResourceCall, view: ViewContext): Promise<Answer> {
  const { server, path, request, kind } = call;
  const { requestToken } = await import("../auth/tokens/token-request.ts");
  const schema = findType(TOKEN_REQUEST);
  assert(schema !== undefined, "a TokenRequest is known");
  const options = readWriteQuery(request.query, "CreateOptions");
  const tokenKind = { ...kind, ...TOKEN_REQUEST, schema };
  const object = await readBody(request, tokenKind, { ...options, warn: call.warn });
  const resource = {
    ...view.resource,
    kind: tokenKind,
    apiVersion: apiVersionOf(TOKEN_REQUEST),
    hasStatus: false,
  };
  const spec = object["spec"] as JsonObject | undefined;
  if (spec !== undefined) spec["expirationSeconds"] ??= 3600;
  trackWhole(call, resource, object, options);
  if (metaText(object, "name") === "") setMeta(object, "name", undefined);
  const { namespace, name } = path;
  const now = timestamp(server.host.clock.now());
  const asked = { namespace, name, now };
  // a node, for one, may ask only for tokens of the pods that it runs
  const { user, warn, annotate } = call;
  const sent = optionsObject("POST", options);
  const write = { namespace, name, subresource: "token", user, warn, annotate, sent };
  const body = { ...TOKEN_REQUEST, schema };
  const special = { resource: view.resource, body, object };
  await admitSpecial(server.registry, { ...write, ...options }, special);
  const made = await requestToken(server.auth.tokens, server.lookup, object, asked);
  return await answered(made, { ...view, resource });
}
