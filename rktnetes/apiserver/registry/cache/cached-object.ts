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
  /** Parsed forms take many times the memory: they stay no longer than somebody uses them. */
  #object: WeakRef<JsonObject> | undefined;

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
    const known = this.#object?.deref();
    if (known !== undefined) return known;
    const made = this.copy();
    this.#object = new WeakRef(made);
    return made;
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
    const { stored } = this;
    const start = from === "object" ? 0 : indexIn(stored, METADATA);
    if (this.revision === 0) return at + copy(stored, out, at, [start, stored.length]);
    const split = versionAt(stored);
    const version = at + copy(stored, out, at, [start, split]);
    const rest = version + out.write(versionText(this.revision), version, "latin1");
    return rest + copy(stored, out, rest, [split, stored.length]);
  }

  /** Whether the JSON has this text somewhere. */
  includes(text: Buffer): boolean {
    return indexIn(this.stored, text) >= 0;
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

/**
 * A Buffer of the same bytes would make an ArrayBuffer for each object that there is: the methods
 * of Buffer do without one.
 */
const METHODS: {
  readonly indexOf: (this: Uint8Array, text: Uint8Array) => number;
  readonly copy: (this: Uint8Array, to: Buffer, at: number, start: number, end: number) => number;
} = Buffer.prototype as Buffer;

function indexIn(bytes: Uint8Array, text: Buffer): number {
  return METHODS.indexOf.call(bytes, text);
}

type Part = readonly [start: number, end: number];

/** Returns how many bytes were copied. */
function copy(from: Uint8Array, to: Buffer, at: number, [start, end]: Part): number {
  return METHODS.copy.call(from, to, at, start, end);
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
function versionAt(bytes: Uint8Array): number {
  const uid = indexIn(bytes, UID);
  assert(uid > 0, "a stored object has a uid");
  return bytes.indexOf(QUOTE, uid + UID.length) + 1;
}
