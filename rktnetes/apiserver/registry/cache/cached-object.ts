/**
 * One object at one revision: its JSON, made once, and its parsed form, made when somebody asks.
 * In: what the store keeps, which has no resource version. Out: the bytes that answers are put
 * together from.
 *
 * Stored JSON begins with kind, apiVersion and metadata, and metadata with name, generateName,
 * namespace and uid: what is looked for here stands before anything that a client can choose
 * freely.
 */
import { parseJson } from "@rktnetes/api/codec/json";
import type { JsonObject } from "@rktnetes/api/schema";
import { assert } from "@shared/base";
import type { Entry, Revision } from "../../storage/store.ts";

const UID = Buffer.from('"uid":"');
const METADATA = Buffer.from('"metadata":');
const QUOTE = 0x22;
const OPEN = Buffer.from("{");

export class CachedObject {
  readonly key: string;
  readonly revision: Revision;
  /** The whole object as JSON, with its resource version. */
  readonly bytes: Buffer;
  readonly #stored: Uint8Array;
  #object: JsonObject | undefined;
  #item: Buffer | undefined;

  constructor(key: string, stored: Uint8Array, revision: Revision) {
    this.key = key;
    this.revision = revision;
    this.#stored = stored;
    this.bytes = withRevision(stored, revision);
  }

  static of(entry: Entry): CachedObject {
    return new CachedObject(entry.key, entry.value, entry.revision);
  }

  /** The object; shared, never to be changed. */
  get object(): JsonObject {
    this.#object ??= this.copy();
    return this.#object;
  }

  /** As it lies in the store. */
  get stored(): Uint8Array {
    return this.#stored;
  }

  /** The object in a list, which has neither kind nor apiVersion. */
  get item(): Buffer {
    this.#item ??= Buffer.concat([OPEN, this.bytes.subarray(this.bytes.indexOf(METADATA))]);
    return this.#item;
  }

  /** A fresh copy that may be changed. */
  copy(): JsonObject {
    return parseJson(this.bytes.toString()) as JsonObject;
  }

  /** The same object with another resource version: what a deletion shows. */
  at(revision: Revision): CachedObject {
    return new CachedObject(this.key, this.#stored, revision);
  }
}

/** Puts `"resourceVersion"` behind the uid, where Go's encoder has it; 0 was never stored. */
function withRevision(stored: Uint8Array, revision: Revision): Buffer {
  const source = Buffer.from(stored.buffer, stored.byteOffset, stored.byteLength);
  if (revision === 0) return source;
  const uid = source.indexOf(UID);
  assert(uid > 0, "a stored object has a uid");
  const end = source.indexOf(QUOTE, uid + UID.length) + 1;
  const version = `,"resourceVersion":"${revision}"`;
  const out = Buffer.allocUnsafe(source.length + version.length);
  source.copy(out, 0, 0, end);
  out.write(version, end, "latin1");
  source.copy(out, end + version.length, end);
  return out;
}
