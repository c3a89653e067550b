/**
 * Creating an object: what the client sent becomes what is stored. In: a decoded object with data
 * defaults. Out: the object with its uid, times and resource version. @throws {StatusFault} 400,
 * 403, 404, 409, 422
 */
import { objectMetaErrors } from "@rktnetes/api/object-meta";
import {
  alreadyExistsFault,
  forbiddenFault,
  plainFault,
  type StatusFault,
} from "@rktnetes/api/status-fault";
import type { JsonObject } from "@rktnetes/api/schema";
import { timestamp } from "../host.ts";
import type { Write } from "../storage/store.ts";
import { allocates, claim } from "./allocate/allocator.ts";
import { CachedObject } from "./cache/cached-object.ts";
import { objectKey } from "./keys.ts";
import { metadataOf, metaText, setMeta } from "./metadata.ts";
import { refuseInvalid, settleName, settleNamespace } from "./names.ts";
import { encodeStored } from "./object-codec.ts";
import type { Registry } from "./registry.ts";
import type { Resource } from "./resource.ts";
import { track } from "./track.ts";
import type { WriteRequest, Written } from "./written.ts";

/** So often a generated name is tried again when it is taken. */
const NAME_TRIES = 8;

/** An object may be this long, as etcd has it. */
const STORED_MAX = 1_572_864;

export async function create(
  registry: Registry,
  resource: Resource,
  object: JsonObject,
  request: WriteRequest,
): Promise<Written> {
  const { strategy } = resource;
  const context = writeContext(registry, request);
  if (resource.kind.isTerminating === true) throw definitionGoes(resource, object);
  settleNamespace(resource, object, request.namespace);
  settleNewMetadata(registry, resource, object, context.now);
  const generated = metaText(object, "name") === "" && metaText(object, "generateName") !== "";
  if (generated) settleName(registry.host, object);
  strategy.setDefaults?.(object);
  track(resource, request, { object, old: undefined, now: context.now });
  const asked = {
    operation: "CREATE",
    resource,
    namespace: request.namespace,
    name: metaText(object, "name"),
    subresource: "",
    object,
    old: undefined,
    context,
    options: request.sent,
    annotate: request.annotate,
    warn: request.warn,
  } as const;
  await registry.admission.mutate(asked);
  if (resource.hasStatus && !resource.rules.keepsStatus) delete object["status"];
  strategy.prepareForCreate?.(object, context);
  for (const warning of strategy.earlyWarnings?.(object) ?? []) request.warn(warning);
  const errors = [
    ...objectMetaErrors(object, resource.metaRules),
    ...(strategy.validateCreate?.(object) ?? []),
  ];
  refuseInvalid(resource, object, errors);
  for (const warning of strategy.warnings?.(object, undefined) ?? []) request.warn(warning);
  await registry.admission.validate(asked);
  return await store(registry, resource, object, { ...request, generated });
}

function definitionGoes({ named }: Resource, object: JsonObject): StatusFault {
  const why = "create not allowed while custom resource definition is terminating";
  return forbiddenFault(named, metaText(object, "name"), why);
}

export function writeContext(
  registry: Registry,
  { user, dryRun }: Pick<WriteRequest, "user" | "dryRun">,
): { now: string; user: WriteRequest["user"]; dryRun: boolean } {
  return { now: timestamp(registry.host.clock.now()), user, dryRun };
}

/** What only the server says of a new object. */
function settleNewMetadata(
  registry: Registry,
  resource: Resource,
  object: JsonObject,
  now: string,
): void {
  for (const field of ["selfLink", "deletionTimestamp", "deletionGracePeriodSeconds"]) {
    setMeta(object, field, undefined);
  }
  setMeta(object, "uid", registry.host.uuid());
  setMeta(object, "creationTimestamp", now);
  if (resource.rules.countsGeneration) setMeta(object, "generation", 1);
}

async function store(
  registry: Registry,
  resource: Resource,
  object: JsonObject,
  request: WriteRequest & { readonly generated: boolean },
): Promise<Written> {
  const { namespace, dryRun, generated } = request;
  if (Number(metaText(object, "resourceVersion")) > 0) {
    throw plainFault(500, "resourceVersion should not be set on objects to be created");
  }
  setMeta(object, "resourceVersion", undefined);
  for (let attempt = 1; ; attempt++) {
    const name = metaText(object, "name");
    const key = objectKey(resource.prefix, namespace, name);
    const wanted = allocates(resource.kind) ? structuredClone(object) : object;
    const held = await claim(registry, resource.kind, wanted, undefined);
    const value = checkedSize(encodeStored(resource, wanted));
    const shown = await registry.hub.views.shown(key, value);
    const put = { change: { type: "put", key, value }, expected: 0 } as const;
    const outcome = dryRun ? await existing(registry, key) : await insert(registry, put, held);
    if (outcome === undefined) continue;
    if (outcome.done)
      return { object: new CachedObject(key, shown, outcome.revision), created: true };
    if (!generated || attempt === NAME_TRIES) {
      const deleting = metaText(outcome.current.copy(), "deletionTimestamp") !== "";
      const prefix = deleting ? "object is being deleted: " : "";
      throw alreadyExistsFault(resource.named, name, prefix);
    }
    metadataOf(object)["name"] = "";
    settleName(registry.host, object);
  }
}

type Outcome =
  | { readonly done: true; readonly revision: number }
  | { readonly done: false; readonly current: CachedObject };

/** Undefined when the key was there and is gone, or somebody else has what goes with it. */
async function insert(
  registry: Registry,
  put: Write,
  held: readonly Write[],
): Promise<Outcome | undefined> {
  const result = await registry.hub.store.commit([...held, put]);
  if (result.done) return { done: true, revision: result.revisions.at(-1) ?? 0 };
  if (result.key !== put.change.key || result.current === undefined) return undefined;
  return { done: false, current: CachedObject.of(result.current) };
}

async function existing(registry: Registry, key: string): Promise<Outcome> {
  const entry = await registry.hub.store.get(key);
  if (entry === undefined) return { done: true, revision: 0 };
  return { done: false, current: CachedObject.of(entry) };
}

/** @throws {StatusFault} 500, as etcd refuses it */
export function checkedSize(value: Uint8Array): Uint8Array {
  if (value.length <= STORED_MAX) return value;
  throw plainFault(500, "etcdserver: request is too large");
}
