/**
 * Objects of a custom kind as one of its versions shows them. In: a kind, the versions of its
 * definition. Out: a view of the store. What is read is pruned and gets its defaults by the schema
 * of the version in which it was stored, becomes an object of the view's version, and keeps only
 * what that one knows; what is written takes the same way back.
 */
import { decodeTree } from "@rktnetes/api/codec/decode";
import { encodeJson } from "@rktnetes/api/codec/encode";
import { parseJson } from "@rktnetes/api/codec/json";
import type { Kind } from "@rktnetes/api/kind";
import { readText } from "@rktnetes/api/object-at";
import type { JsonObject } from "@rktnetes/api/schema";
import { prune } from "@rktnetes/api/structural/prune";
import { assert } from "@shared/base";
import { resourcePrefix } from "../registry/keys.ts";
import { apiVersionOf } from "../registry/resource.ts";
import type { VersionView } from "../registry/version-views.ts";
import type { Converter } from "./convert-by-webhook.ts";

/** Where objects of a custom kind lie, whatever their version. */
export function sourcePrefix({ group, resource }: Kind): string {
  return resourcePrefix({ group, version: "", resource });
}

export interface CustomVersions {
  /** The version that is kept. */
  readonly stored: Kind;
  /** All versions of the definition, served or not. */
  readonly all: readonly Kind[];
  /** Without it, versions differ in nothing but their names. */
  readonly convert?: Converter | undefined;
}

export function customView(kind: Kind, versions: CustomVersions): VersionView {
  const old = new WeakSet<Uint8Array>();
  const place = {
    prefix: resourcePrefix(kind),
    source: sourcePrefix(kind),
    changes: apiVersionOf(kind) !== apiVersionOf(versions.stored),
    isOld: (value: Uint8Array) => old.has(value),
  };
  const view: Viewing = { kind, versions, old };
  const { convert } = versions;
  return convert === undefined
    ? { ...place, ...quick(view) }
    : { ...place, ...asking(view, convert) };
}

interface Viewing {
  readonly kind: Kind;
  readonly versions: CustomVersions;
  /** What was stored otherwise than it would be now. */
  readonly old: WeakSet<Uint8Array>;
}

function quick(view: Viewing): Pick<VersionView & { asks?: false }, "toStored" | "fromStored"> {
  const { kind, versions } = view;
  return {
    toStored: (value) => {
      const object = parsed(value);
      return object["apiVersion"] === apiVersionOf(versions.stored)
        ? value
        : settled(renamed(object, versions.stored), versions.stored);
    },
    fromStored: (value) => shown(view, value, renamed(read(versions, value), kind)),
  };
}

function asking(
  view: Viewing,
  convert: Converter,
): Pick<VersionView & { asks: true }, "asks" | "toStored" | "fromStored"> {
  const { kind, versions } = view;
  return {
    asks: true,
    toStored: async (value) => {
      const object = parsed(value);
      const [converted = object] = await convert([object], apiVersionOf(versions.stored));
      return converted === object ? value : settled(converted, versions.stored);
    },
    fromStored: async (values) => {
      const objects = values.map((value) => read(versions, value));
      const converted = await convert(objects, apiVersionOf(kind));
      return values.map((value, at) => shown(view, value, converted[at] ?? {}));
    },
  };
}

/** An object as it was stored, with the defaults of the version that it was stored in. */
function read({ stored, all }: CustomVersions, value: Uint8Array): JsonObject {
  const object = parsed(value);
  const version = readText(object, "apiVersion");
  const kind = all.find((each) => apiVersionOf(each) === version) ?? stored;
  return decodeTree(kind.schema, object).object;
}

function renamed(object: JsonObject, kind: Kind): JsonObject {
  return { ...object, apiVersion: apiVersionOf(kind) };
}

function shown({ kind, versions, old }: Viewing, value: Uint8Array, object: JsonObject): Buffer {
  const made = settled(object, kind);
  const kept = readText(parsed(value), "apiVersion");
  const isCurrent =
    kept === apiVersionOf(versions.stored) &&
    (apiVersionOf(kind) !== kept || Buffer.compare(made, value) === 0);
  if (!isCurrent) old.add(made);
  return made;
}

/** The bytes of an object that came from another version: what this one does not know is gone. */
function settled(object: JsonObject, { schema }: Kind): Buffer {
  const { structural } = schema;
  assert(structural !== undefined, "a custom kind has a structural schema");
  prune(object, structural, true);
  return Buffer.from(encodeJson(schema, object));
}

function parsed(value: Uint8Array): JsonObject {
  return parseJson(Buffer.from(value).toString()) as JsonObject;
}
