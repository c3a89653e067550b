/**
 * One object at one revision: its JSON and its parsed form, made when somebody asks. In: what the
 * store keeps, which has no resource version. Out: the bytes that answers are put together from.
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

export class CachedObject {
  readonly key: string;
  readonly revision: Revision;
  /** As it lies in the store, without its resource version. */
  readonly stored: Uint8Array;
  #object: JsonObject | undefined;

  constructor(key: string, stored: Uint8Array, revision: Revision) {
    this.key = key;
    this.revision = revision;
    this.stored = stored;
  }

  static of(entry: Entry): CachedObject {
    return new CachedObject(entry.key, entry.value, entry.revision);
  }

  /** The object; shared, never to be changed. */
  get object(): JsonObject {
    this.#object ??= this.copy();
    return this.#object;
  }

  /** The whole object as JSON, with its resource version; made anew each time. */
  get bytes(): Buffer {
    const { stored, revision } = this;
    if (revision === 0) return bufferOf(stored);
    const out = Buffer.allocUnsafe(stored.length + versionText(revision).length);
    this.writeTo(out, 0);
    return out;
  }

  /** More than the whole object has. */
  get lengthMax(): number {
    return this.stored.length + VERSION_MAX;
  }

  /** Writes the whole object, or what comes behind kind and apiVersion; returns where it ends. */
  writeTo(out: Buffer, at: number, from: "object" | "metadata" = "object"): number {
    const source = bufferOf(this.stored);
    const start = from === "object" ? 0 : source.indexOf(METADATA);
    if (this.revision === 0) return at + source.copy(out, at, start);
    const split = versionAt(source);
    const version = at + source.copy(out, at, start, split);
    const rest = version + out.write(versionText(this.revision), version, "latin1");
    return rest + source.copy(out, rest, split);
  }

  /** Whether the JSON has this text somewhere. */
  includes(text: Buffer): boolean {
    return bufferOf(this.stored).includes(text);
  }

  /** A fresh copy that may be changed. */
  copy(): JsonObject {
    return parseJson(this.bytes.toString()) as JsonObject;
  }

  /** The same object with another resource version: what a deletion shows. */
  at(revision: Revision): CachedObject {
    return new CachedObject(this.key, this.stored, revision);
  }
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Longer than any text of a version. */
const VERSION_MAX = 48;

function versionText(revision: Revision): string {
  return `,"resourceVersion":"${revision}"`;
}

/** Behind the uid, where Go's encoder has it. */
function versionAt(bytes: Buffer): number {
  const uid = bytes.indexOf(UID);
  assert(uid > 0, "a stored object has a uid");
  return bytes.indexOf(QUOTE, uid + UID.length) + 1;
}
