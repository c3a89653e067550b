/**
 * Who owns whom, by uid. In: objects as they come and go. Out: owners and dependents. An owner that
 * nobody has seen has a node all the same, so that its dependents are found once it is known.
 */
import type { Json, JsonObject } from "@rktnetes/api/schema";
import { isObject, own } from "@rktnetes/api/patch/values";
import type { ServedResource } from "@rktnetes/client/discovery";
import { metadataOf, textOf } from "@rktnetes/client/informer";

export const FOREGROUND = "foregroundDeletion";
export const ORPHAN = "orphan";

export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly blocksDeletion: boolean;
}

/** An object as far as ownership goes. */
export interface Owned {
  readonly uid: string;
  readonly resource: ServedResource;
  /** Empty for objects of the whole cluster. */
  readonly namespace: string;
  readonly name: string;
  readonly owners: readonly OwnerReference[];
  readonly finalizers: readonly string[];
  readonly isGoing: boolean;
}

interface Node {
  object: Owned | undefined;
  /** Absent where nothing was ever owned: most objects own nothing. */
  dependents: Set<string> | undefined;
}

export class Graph {
  readonly #nodes = new Map<string, Node>();

  get(uid: string): Owned | undefined {
    return this.#nodes.get(uid)?.object;
  }

  dependentsOf(uid: string): readonly Owned[] {
    const uids = [...(this.#nodes.get(uid)?.dependents ?? [])];
    return uids.map((each) => this.get(each)).filter((object) => object !== undefined);
  }

  put(object: Owned): void {
    const node = this.#node(object.uid);
    this.#unlink(node.object);
    node.object = object;
    for (const owner of object.owners) {
      const of = this.#node(owner.uid);
      (of.dependents ??= new Set()).add(object.uid);
    }
  }

  remove(uid: string): void {
    const node = this.#nodes.get(uid);
    if (node === undefined) return;
    this.#unlink(node.object);
    node.object = undefined;
    this.#forget(uid, node);
  }

  #node(uid: string): Node {
    const known = this.#nodes.get(uid);
    if (known !== undefined) return known;
    const made: Node = { object: undefined, dependents: undefined };
    this.#nodes.set(uid, made);
    return made;
  }

  #unlink(object: Owned | undefined): void {
    for (const { uid } of object?.owners ?? []) {
      const node = this.#nodes.get(uid);
      node?.dependents?.delete(object?.uid ?? "");
      if (node !== undefined) this.#forget(uid, node);
    }
  }

  #forget(uid: string, { object, dependents }: Node): void {
    if (object === undefined && (dependents?.size ?? 0) === 0) this.#nodes.delete(uid);
  }
}

export function ownedOf(resource: ServedResource, object: JsonObject): Owned {
  const metadata = metadataOf(object);
  const finalizers = own(metadata, "finalizers");
  const owners = own(metadata, "ownerReferences");
  return {
    uid: textOf(metadata, "uid"),
    resource,
    namespace: textOf(metadata, "namespace"),
    name: textOf(metadata, "name"),
    owners: some(owners, isObject)?.map(ownerOf) ?? NONE,
    finalizers: some(finalizers, (one) => typeof one === "string") ?? NONE,
    isGoing: own(metadata, "deletionTimestamp") !== undefined,
  };
}

/** Most objects have neither: they share the list that is empty. */
const NONE: readonly never[] = [];

function some<T extends Json>(
  list: Json | undefined,
  is: (one: Json) => one is T,
): readonly T[] | undefined {
  return Array.isArray(list) && list.length > 0 ? list.filter((one) => is(one)) : undefined;
}

/** What `ownedOf` needs once an object has gone, and its version. */
export function traceOf(object: JsonObject): JsonObject {
  const { name, namespace, uid, resourceVersion, ownerReferences } = metadataOf(object);
  const traced = { name, namespace, uid, resourceVersion, ownerReferences };
  return { metadata: traced as JsonObject };
}

function ownerOf(reference: JsonObject): OwnerReference {
  return {
    apiVersion: textOf(reference, "apiVersion"),
    kind: textOf(reference, "kind"),
    name: textOf(reference, "name"),
    uid: textOf(reference, "uid"),
    blocksDeletion: own(reference, "blockOwnerDeletion") === true,
  };
}

/** The object stays until all that blocks its deletion has gone. */
export function waitsForDependents({ isGoing, finalizers }: Owned): boolean {
  return isGoing && finalizers.includes(FOREGROUND);
}
