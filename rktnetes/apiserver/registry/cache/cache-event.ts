/**
 * A change of one object as watchers see it. What a watcher gets of it depends on what its selector
 * says of the object before and after; the bytes are made once for all watchers.
 */
import type { Revision } from "../../storage/store.ts";
import type { CachedObject } from "./cached-object.ts";

export type WatchType = "ADDED" | "MODIFIED" | "DELETED";

/** Says whether an object is one that a watcher wants. */
export type ObjectFilter = (object: CachedObject) => boolean;

/** What one watcher is told. */
export interface Notice {
  readonly type: WatchType;
  readonly object: CachedObject;
}

export class CacheEvent {
  readonly key: string;
  readonly revision: Revision;
  readonly current: CachedObject | undefined;
  readonly previous: CachedObject | undefined;
  #deleted: CachedObject | undefined;
  readonly #frames = new Map<WatchType, Buffer>();

  constructor(
    key: string,
    revision: Revision,
    current: CachedObject | undefined,
    previous: CachedObject | undefined,
  ) {
    this.key = key;
    this.revision = revision;
    this.current = current;
    this.previous = previous;
  }

  /** What a watcher with this filter is told; undefined when the change is none of its business. */
  noticeFor(filter: ObjectFilter | undefined): Notice | undefined {
    const { current, previous } = this;
    const is = current !== undefined && (filter === undefined || filter(current));
    const was = previous !== undefined && (filter === undefined || filter(previous));
    if (is) return { type: was ? "MODIFIED" : "ADDED", object: current };
    if (!was) return undefined;
    this.#deleted ??= previous.at(this.revision);
    return { type: "DELETED", object: this.#deleted };
  }

  /** What keeping the event costs, about: an object lies in memory as it is stored and as shown. */
  get sizeBytes(): number {
    return 500 + 2 * ((this.current ?? this.previous)?.bytes.length ?? 0);
  }

  /** The notice as a line of JSON. */
  frame({ type, object }: Notice): Buffer {
    let frame = this.#frames.get(type);
    if (frame === undefined) {
      frame = jsonFrame(type, object.bytes);
      this.#frames.set(type, frame);
    }
    return frame;
  }

  /** Whoever needs a line later makes it again. */
  forgetFrames(): void {
    this.#frames.clear();
  }
}

const HEADS: Readonly<Record<string, Buffer>> = {
  ADDED: Buffer.from('{"type":"ADDED","object":'),
  MODIFIED: Buffer.from('{"type":"MODIFIED","object":'),
  DELETED: Buffer.from('{"type":"DELETED","object":'),
};

const TAIL = Buffer.from("}\n");

/** One line of a watch: `{"type":"ADDED","object":…}`. */
export function jsonFrame(type: string, object: Uint8Array): Buffer {
  return Buffer.concat([HEADS[type] ?? Buffer.from(`{"type":"${type}","object":`), object, TAIL]);
}
