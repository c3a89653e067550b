/**
 * Sub-resources that speak another kind than their object: scale, binding, eviction, streams. In: a
 * request that was let in. Out: an answer. @throws {StatusFault}
 */
import { type FieldWriter, trackUpdate } from "@rktnetes/api/apply/track-fields";
import { encodeJson } from "@rktnetes/api/codec/encode";
import { findType } from "@rktnetes/api/kinds";
import type { GroupVersionKind, Subresource } from "@rktnetes/api/kind";
import type { JsonObject, ObjectSchema } from "@rktnetes/api/schema";
import { successStatus } from "@rktnetes/api/status";
import { methodNotAllowed, notFoundFault, verbNotSupported } from "@rktnetes/api/status-fault";
import { findObject, readObject as objectIn } from "@rktnetes/api/strategy/object-at";
import { assert } from "@shared/base";
import { timestamp } from "../host.ts";
import { CachedObject } from "../registry/cache/cached-object.ts";
import { metadataOf, metaText, setMeta } from "../registry/metadata.ts";
import { readDeleteOptions } from "../registry/options/delete-options.ts";
import { readWriteQuery } from "../registry/options/write-options.ts";
import type { Registry } from "../registry/registry.ts";
import type { Resource } from "../registry/resource.ts";
import { admitSpecial, specialRequest } from "../registry/subresources/admit-special.ts";
import { rescaled, scaleOf, scaleResource, wantedScaleOf } from "../registry/subresources/scale.ts";
import { ownersOfParent, ownersOfScale } from "../registry/subresources/scale-owners.ts";
import { fieldWriter } from "../registry/track.ts";
import type { WriteRequest } from "../registry/written.ts";
import { type Change, update } from "../registry/update.ts";
import { type Answer, documentAnswer } from "./answer.ts";
import type { BodyKind } from "./body-kind.ts";
import type { CallTools } from "./call-tools.ts";
import { readPatch } from "./patch-route.ts";
import { readBody, readObject } from "./read-object.ts";
import type { ResourceCall } from "./resource-call.ts";
import { encodeObject, type ViewContext } from "./views.ts";

export async function serveSpecial(
  call: ResourceCall,
  subresource: Subresource,
  tools: CallTools,
): Promise<Answer> {
  const { method } = call.request;
  const can = (verb: string): boolean => subresource.verbs.includes(verb);
  switch (subresource.name) {
    case "scale":
      if (method === "GET" && can("get")) return await serveScale(call, tools);
      if (method === "PUT" && can("update")) return await serveRescale(call, tools);
      if (method === "PATCH" && can("patch")) return await servePatchScale(call, tools);
      break;
    case "binding":
      if (method === "POST") return await serveBinding(call, call.path.name, tools);
      break;
    case "eviction":
      if (method === "POST") return await serveEviction(call, tools);
      break;
    case "log":
    case "exec":
    case "attach":
    case "portforward":
    case "proxy":
      return await serveConnection(call, subresource);
    default:
  }
  if (call.kind.schema.structural === undefined) throw methodNotAllowed();
  const { group, resource } = call.kind;
  throw verbNotSupported({ group, name: resource }, method === "POST" ? "create" : "delete");
}

async function serveScale(call: ResourceCall, tools: CallTools): Promise<Answer> {
  const { server, path, kind } = call;
  const parent = await server.registry.resource(kind);
  const view = tools.view(scaleResource(parent));
  const found = await server.registry.find(parent, path.namespace, path.name);
  if (found === undefined) throw notFoundFault(parent.named, path.name);
  return await scaleAnswer(parent, found, view);
}

async function scaleAnswer(
  parent: Resource,
  { object, revision }: CachedObject,
  view: ViewContext,
): Promise<Answer> {
  const whole = scaleOf(parent, object);
  const { resourceVersion: _version, ...metadata } = objectIn(whole, "metadata");
  const scale = { ...whole, metadata };
  const bytes = Buffer.from(encodeJson(view.resource.kind.schema, scale));
  const body = await encodeObject(new CachedObject("", bytes, revision), view);
  return { status: 200, type: view.form.mediaType, body };
}

async function serveRescale(call: ResourceCall, tools: CallTools): Promise<Answer> {
  const { request, server, kind, path } = call;
  const parent = await server.registry.resource(kind);
  const scales = scaleResource(parent);
  const options = readWriteQuery(request.query, "UpdateOptions");
  const view = tools.view(scales);
  const scale = await readObject(request, scales, { ...options, warn: call.warn });
  if (metaText(scale, "name") === "") metadataName(scale, path.name);
  const change = (): JsonObject => scale;
  return await writeScale(call, tools.write(options), { parent, view, change, isApply: false });
}

function metadataName(scale: JsonObject, name: string): void {
  scale["metadata"] = { ...objectIn(scale, "metadata"), name };
}

async function servePatchScale(call: ResourceCall, tools: CallTools): Promise<Answer> {
  const { request, server, kind } = call;
  const parent = await server.registry.resource(kind);
  const scales = scaleResource(parent);
  const options = readWriteQuery(request.query, "PatchOptions");
  const write = tools.write(options);
  const view = tools.view(scales);
  const { change, isApply } = await readPatch(call, scales, { options, request: write });
  return await writeScale(call, write, { parent, view, change, isApply });
}

interface Rescaling {
  readonly parent: Resource;
  readonly view: ViewContext;
  /** Of the scale. */
  readonly change: Change;
  /** The change says who owns the replicas. */
  readonly isApply: boolean;
}

async function writeScale(
  { server }: ResourceCall,
  write: ReturnType<CallTools["write"]>,
  rescaling: Rescaling,
): Promise<Answer> {
  const { parent, view } = rescaling;
  const writer = fieldWriter(view.resource, write, timestamp(server.host.clock.now()));
  const { object } = await update(server.registry, parent, {
    ...write,
    mayCreate: false,
    isScale: true,
    change: async (current) => {
      assert(current !== undefined, "what is scaled is there");
      return await rescale(server.registry, { current, write, writer, rescaling });
    },
  });
  return await scaleAnswer(parent, object, view);
}

interface RescaledWrite {
  readonly current: JsonObject;
  readonly write: WriteRequest;
  readonly writer: FieldWriter;
  readonly rescaling: Rescaling;
}

const SCALE = { group: "autoscaling", version: "v1", kind: "Scale" } as const;

/** The Scale's own managed fields are written back into the object's. */
async function rescale(
  registry: Registry,
  { current, write, writer, rescaling }: RescaledWrite,
): Promise<JsonObject> {
  const { parent, view, change, isApply } = rescaling;
  const { managedFields } = metadataOf(current);
  const before = wantedScaleOf(parent, current);
  const owned = structuredClone(before);
  setMeta(owned, "managedFields", ownersOfScale(parent, managedFields));
  const scale = await change(isApply ? owned : before);
  const special = {
    resource: parent,
    body: { ...SCALE, schema: view.resource.kind.schema },
    object: scale,
  };
  const asked = specialRequest(registry, write, { ...special, old: before });
  await registry.admission.mutate(asked);
  if (!isApply) trackUpdate(writer, owned, scale);
  const object = rescaled(parent, structuredClone(current), scale);
  const owners = ownersOfParent(parent, managedFields, metadataOf(scale)["managedFields"]);
  setMeta(object, "managedFields", owners.length === 0 ? undefined : owners);
  await registry.admission.validate(asked);
  return object;
}

/** `POST …/pods/<name>/binding`, and `POST …/bindings` where the body names the pod. */
export async function serveBinding(
  call: ResourceCall,
  name: string,
  tools: CallTools,
): Promise<Answer> {
  const { request, server } = call;
  const { bind } = await import("../registry/subresources/binding.ts");
  const options = readWriteQuery(request.query, "CreateOptions");
  const binding = await readSpecial(call, BINDING);
  const pods = await podsOf(call);
  const write = tools.write(options);
  const target = { ...write, name: name || metaText(binding, "name") };
  const body = { ...BINDING, schema: specialSchema(BINDING) };
  const asked = { ...target, subresource: "binding" };
  await admitSpecial(server.registry, asked, { resource: pods, body, object: binding });
  await bind(server.registry, pods, binding, target);
  return created();
}

async function podsOf({ server, kind }: ResourceCall): Promise<Resource> {
  const pods = kind.resource === "pods" ? kind : server.kinds.find("", "v1", "pods");
  assert(pods !== undefined, "pods are a kind");
  return await server.registry.resource(pods);
}

/** What was done has no form of its own. */
function created(): Answer {
  return documentAnswer(201, { ...successStatus(), code: 201 });
}

async function serveEviction(call: ResourceCall, tools: CallTools): Promise<Answer> {
  const { request, server } = call;
  const { evict } = await import("../registry/subresources/eviction.ts");
  const options = readWriteQuery(request.query, "CreateOptions");
  const eviction = await readSpecial(call, EVICTION);
  const how = readDeleteOptions(findObject(eviction, "deleteOptions"), request.query);
  const pods = await podsOf(call);
  const write = tools.write(options);
  const body = { ...EVICTION, schema: specialSchema(EVICTION) };
  await admitSpecial(server.registry, write, { resource: pods, body, object: eviction });
  await evict(server.registry, pods, eviction, { ...write, options: how });
  return created();
}

const BINDING = { group: "", version: "v1", kind: "Binding" };

/** Old clients speak a version that is gone from everywhere else. */
const EVICTION = {
  group: "policy",
  version: "v1",
  kind: "Eviction",
  olderVersion: "policy/v1beta1",
};

function specialSchema(said: GroupVersionKind): ObjectSchema {
  const schema = findType(said);
  assert(schema !== undefined, "what a sub-resource takes is known");
  return schema;
}

async function readSpecial(
  call: ResourceCall,
  said: GroupVersionKind & Pick<BodyKind, "olderVersion">,
): Promise<JsonObject> {
  const schema = specialSchema(said);
  const options = readWriteQuery(call.request.query, "CreateOptions");
  const kind = { ...said, schema, hasProtobuf: true };
  return await readBody(call.request, kind, { ...options, warn: call.warn });
}

async function serveConnection(call: ResourceCall, subresource: Subresource): Promise<Answer> {
  const { connect } = await import("./connections.ts");
  return await connect(call, subresource);
}
