/**
 * Objects of a custom kind as one of its versions shows them. In: a kind. Out: a view of the store:
 * what is read has the version's apiVersion, its defaults and only its fields; what is written has
 * the apiVersion of the version that is kept.
 */
import { decodeTree } from "@rktnetes/api/codec/decode";
import { encodeJson } from "@rktnetes/api/codec/encode";
import { parseJson } from "@rktnetes/api/codec/json";
import type { Kind } from "@rktnetes/api/kind";
import type { JsonObject } from "@rktnetes/api/schema";
import { resourcePrefix } from "../registry/keys.ts";
import type { VersionView } from "../registry/version-views.ts";

/** Where objects of a custom kind lie, whatever their version. */
export function sourcePrefix({ group, resource }: Kind): string {
  return resourcePrefix({ group, version: "", resource });
}

/** `stored` is the version that is kept: its schema says what is there. */
export function customView(kind: Kind, stored: Kind): VersionView {
  const shown = `${kind.group}/${kind.version}`;
  const kept = `${stored.group}/${stored.version}`;
  return {
    prefix: resourcePrefix(kind),
    source: sourcePrefix(kind),
    toStored: (value) =>
      shown === kept ? value : encoded(kind, { ...parsed(value), apiVersion: kept }),
    fromStored: (value) => {
      const { object } = decodeTree(stored.schema, parsed(value));
      return encoded(kind, { ...object, apiVersion: shown });
    },
  };
}

function parsed(value: Uint8Array): JsonObject {
  return parseJson(Buffer.from(value).toString()) as JsonObject;
}

function encoded({ schema }: Kind, object: JsonObject): Buffer {
  return Buffer.from(encodeJson(schema, object));
}
