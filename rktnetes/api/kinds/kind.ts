/** What a kind is, as data: everything about it that is not behaviour. */
import type { JsonObject, ObjectSchema } from "../schema/schema.ts";

/** One API: `apps/v1`; `v1` of the core group. */
export interface GroupVersion {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
}

/** What apiVersion and kind of an object say together. */
export interface GroupVersionKind extends GroupVersion {
  readonly kind: string;
}

/** One column of a table that the server prints. */
export interface Column {
  readonly name: string;
  readonly type: "string" | "integer" | "number" | "boolean" | "date";
  readonly format: string;
  readonly description: string;
  /** 0 is always shown, 1 only when wide. */
  readonly priority: number;
  /** Custom kinds: where the cell's value stands. */
  readonly jsonPath?: string;
}

/** Custom kinds: where the replicas of an object stand. */
export interface ScalePaths {
  readonly specReplicasPath: string;
  readonly statusReplicasPath: string;
  /** Empty for none. */
  readonly labelSelectorPath: string;
}

/** Custom kinds: the versions that are served beside one. */
export interface Siblings {
  /** By apiVersion. */
  readonly schemas: ReadonlyMap<string, ObjectSchema>;
  /** Versions differ in more than their names: a webhook converts. */
  readonly differ: boolean;
}

/** A path below an object: what it speaks and what may be done with it. */
export interface Subresource {
  /** As in a path: `status`, `scale`, `eviction`. */
  readonly name: string;
  /** What is read from and written to it. */
  readonly kind: GroupVersionKind;
  readonly verbs: readonly string[];
}

/** A resource that is served: built in or custom. */
export interface Kind extends GroupVersionKind {
  readonly listKind: string;
  /** Plural, as in a path. */
  readonly resource: string;
  readonly singular: string;
  readonly namespaced: boolean;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly verbs: readonly string[];
  readonly subresources: readonly Subresource[];
  readonly storageVersionHash: string;
  readonly columns: readonly Column[];
  /** Fields that a field selector may name, beyond metadata.name and metadata.namespace. */
  readonly selectableFields: readonly string[];
  readonly schema: ObjectSchema;
  /** Custom kinds: the schema of their definition, which clients are shown. */
  readonly openApi?: JsonObject;
  /** Has a protobuf form. */
  readonly hasProtobuf: boolean;
  /** Custom kinds: the name under which the store shows the objects of this version. */
  readonly view?: string;
  /** Custom kinds: objects are stored as of this version; the kind's own one without it. */
  readonly storageVersion?: string;
  /** Custom kinds: a warning on every answer. */
  readonly deprecation?: string;
  readonly scale?: ScalePaths;
  /** Custom kinds: how the other served versions relate to this one. */
  readonly siblings?: Siblings;
  /** Custom kinds: the definition is going away, nothing is created any more. */
  readonly isTerminating?: boolean;
}
