/**
 * Who owns the replicas, between an object and its Scale: each has managed fields of its own. In:
 * the entries of one. Out: the entries of the other. Pure.
 */
import { difference, fieldSetOf, isEmpty } from "@rktnetes/api/apply/field-set";
import { identityOf, type Owner, readOwners, writeOwners } from "@rktnetes/api/apply/managers";
import type { Json, JsonObject } from "@rktnetes/api/schema";
import type { Resource } from "../resource.ts";
import { replicasPath } from "./scale.ts";

const SCALE_VERSION = "autoscaling/v1";
const IN_SCALE = fieldSetOf(["spec", "replicas"]);

/** Those of the object's owners that own its replicas, as owners of the Scale. */
export function ownersOfScale(parent: Resource, entries: Json | undefined): JsonObject[] {
  const owners = [...(readOwners(entries) ?? new Map<string, Owner>()).values()];
  const own = owners.filter((owner) => ownsReplicas(parent, owner)).map(ofScale);
  return writeOwners(new Map(own.map((owner) => [identityOf(owner), owner])));
}

function ofScale(owner: Owner): Owner {
  return { ...owner, apiVersion: SCALE_VERSION, fields: IN_SCALE };
}

function ownsReplicas(parent: Resource, { fields }: Owner): boolean {
  return isEmpty(difference(fieldSetOf(replicasPath(parent)), fields));
}

/** The object's owners after its Scale was written: replicas may have gone from one to another. */
export function ownersOfParent(
  parent: Resource,
  entries: Json | undefined,
  scaleEntries: Json | undefined,
): JsonObject[] {
  const scaling = new Map(readOwners(scaleEntries) ?? []);
  const replicas = fieldSetOf(replicasPath(parent));
  const owners = new Map<string, Owner>();
  const times = new Map<string, string | undefined>();
  for (const [identity, owner] of readOwners(entries) ?? []) {
    times.set(identity, owner.time);
    const scales = identityOf(ofScale(owner));
    const isKept = !ownsReplicas(parent, owner) || scaling.delete(scales);
    const fields = isKept ? owner.fields : difference(owner.fields, replicas);
    if (!isEmpty(fields)) owners.set(identity, { ...owner, fields });
  }
  for (const owner of scaling.values()) {
    if (!isEmpty(difference(IN_SCALE, owner.fields))) continue;
    const { apiVersion } = parent;
    const identity = identityOf({ ...owner, apiVersion });
    owners.set(identity, { ...owner, apiVersion, fields: replicas, time: times.get(identity) });
  }
  return writeOwners(owners);
}
