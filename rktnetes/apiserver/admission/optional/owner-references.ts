/**
 * Who hangs an object on an owner can have it deleted, and can hold up the owner's deletion: only
 * those who may do the same by hand. In: objects with owner references. Out: refusals.
 */
import type { JsonObject } from "@rktnetes/api/schema";
import { readList, readObject, readText } from "@rktnetes/api/strategy/object-at";
import { isSameJson } from "@rktnetes/api/values/same-json";
import type { Authorizer } from "../../auth/authorizer.ts";
import type { Attributes } from "../../auth/user.ts";
import { metaText } from "../../registry/metadata.ts";
import type { ServedKinds } from "../../served-kinds.ts";
import type { AdmissionPlugin, AdmissionRequest } from "../admission.ts";
import { refused } from "../subject.ts";

export interface OwnerParts {
  readonly authorizer: Authorizer;
  readonly kinds: () => ServedKinds;
}

export function ownerReferences(parts: OwnerParts): AdmissionPlugin {
  return {
    name: "OwnerReferencesPermissionEnforcement",
    validate: async (request) => {
      const { object, old, resource, subresource } = request;
      if (object === undefined || request.body !== undefined) return;
      const owners = ownersOf(object);
      const before = ownersOf(old ?? {});
      if (isSameJson([...owners], [...before])) return;
      const { group, version, resource: plural } = resource.kind;
      const name = metaText(old ?? object, "name");
      if (request.operation === "UPDATE") {
        const own = { group, version, resource: plural, subresource, name };
        const place = { verb: "delete", namespace: request.namespace, ...own };
        const why = await refusal(parts, request, place);
        const what = "cannot set an ownerRef on a resource you can't delete";
        if (why !== undefined) throw refused(request, `${what}: ${why}`);
      }
      for (const owner of blocking(owners, before)) await checkBlocking(parts, request, owner);
    },
  };
}

function ownersOf(object: JsonObject): readonly JsonObject[] {
  return readList(readObject(object, "metadata"), "ownerReferences");
}

/** Those that newly hold up the deletion of their owner. */
function blocking(
  owners: readonly JsonObject[],
  before: readonly JsonObject[],
): readonly JsonObject[] {
  const held = new Set(before.filter(isBlocking).map((each) => readText(each, "uid")));
  return owners.filter((each) => isBlocking(each) && !held.has(readText(each, "uid")));
}

function isBlocking(owner: JsonObject): boolean {
  return owner["blockOwnerDeletion"] === true;
}

async function checkBlocking(
  parts: OwnerParts,
  request: AdmissionRequest,
  owner: JsonObject,
): Promise<void> {
  const what =
    "cannot set blockOwnerDeletion if an ownerReference refers to a resource you can't set " +
    "finalizers on";
  const apiVersion = readText(owner, "apiVersion");
  const slash = apiVersion.indexOf("/");
  const group = slash < 0 ? "" : apiVersion.slice(0, slash);
  const version = apiVersion.slice(slash + 1);
  const wanted = readText(owner, "kind");
  const kind = parts
    .kinds()
    .of(group, version)
    .find((each) => each.kind === wanted);
  if (kind === undefined) {
    const unknown = `no matches for kind ${JSON.stringify(wanted)} in version "${apiVersion}"`;
    const why = "cannot set blockOwnerDeletion in this case because cannot find RESTMapping";
    throw refused(request, `${why} for APIVersion ${apiVersion} Kind ${wanted}: ${unknown}`);
  }
  const why = await refusal(parts, request, {
    verb: "update",
    group,
    version,
    resource: kind.resource,
    subresource: "finalizers",
    namespace: kind.namespaced ? request.namespace : "",
    name: readText(owner, "name"),
  });
  if (why !== undefined) throw refused(request, `${what}: ${why}`);
}

/** Undefined when the user may. */
async function refusal(
  { authorizer }: OwnerParts,
  { context }: AdmissionRequest,
  attributes: Omit<Attributes, "isResource" | "path">,
): Promise<string | undefined> {
  const asked = { ...attributes, isResource: true, path: "" };
  const { allowed, reason } = await authorizer.authorize(context.user, asked);
  return allowed ? undefined : reason;
}
