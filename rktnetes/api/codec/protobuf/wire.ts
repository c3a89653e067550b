/**
 * The protobuf wire format, without knowing any message. In: bytes. Out: tags, numbers, pieces;
 * and back. A reader never looks or allocates beyond its bytes, whatever lengths they claim; its
 * faults are in the words of the Go code that Kubernetes generates.
 */
import { Fault } from "@shared/base";
import { crowded } from "../json-text.ts";

export const VARINT = 0;
export const FIXED64 = 1;
export const BYTES = 2;
const GROUP_START = 3;
const GROUP_END = 4;
const FIXED32 = 5;

const GROUPS_MAX = 100;
/** So many messages may a message have in it: more could not be stored, but cost much. */
const PIECES_MAX = 100_000;

function endsEarly(): Fault {
  return new Fault("invalid", "unexpected EOF");
}

export interface Tag {
  readonly number: number;
  readonly wireType: number;
}

export class WireReader {
  readonly #bytes: Buffer;
  readonly #end: number;
  /** Shared with all readers of pieces. */
  #made: { count: number } = { count: 0 };
  #at: number;

  constructor(bytes: Buffer, from = 0, end: number = bytes.length) {
    this.#bytes = bytes;
    this.#at = from;
    this.#end = end;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#end;
  }

  /** The next field's number and form; `message` names the message in faults. */
  tag(message: string): Tag {
    const key = this.number();
    const wireType = key & 7;
    const number = Math.trunc(key / 8);
    if (wireType === GROUP_END) {
      throw new Fault("invalid", `proto: ${message}: wiretype end group for non-group`);
    }
    if (number <= 0 || number > 0x1fffffff) {
      throw new Fault("invalid", `proto: ${message}: illegal tag ${number} (wire type ${key})`);
    }
    return { number, wireType };
  }

  /** A varint that fits a double; larger ones lose their low bits: lengths and tags have none. */
  number(): number {
    let value = 0;
    for (let scale = 1, count = 0; count < 10; scale *= 128, count++) {
      if (this.#at >= this.#end) throw endsEarly();
      const byte = this.#bytes[this.#at++] ?? 0;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
    throw new Fault("invalid", "proto: integer overflow");
  }

  /** A varint of 64 bits with its sign. */
  integer(): number | bigint {
    const from = this.#at;
    const value = this.number();
    if (value <= Number.MAX_SAFE_INTEGER) return value;
    this.#at = from;
    const exact = BigInt.asIntN(64, this.#bigVarint());
    return Number.isSafeInteger(Number(exact)) ? Number(exact) : exact;
  }

  #bigVarint(): bigint {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = this.#bytes[this.#at++] ?? 0;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  }

  double(): number {
    if (this.#end - this.#at < 8) throw endsEarly();
    const value = this.#bytes.readDoubleLE(this.#at);
    this.#at += 8;
    return value;
  }

  /** A reader of the piece that follows its length. */
  piece(): WireReader {
    const end = this.#pieceEnd();
    if (++this.#made.count > PIECES_MAX) throw crowded(PIECES_MAX, "messages");
    const piece = new WireReader(this.#bytes, this.#at, end);
    piece.#made = this.#made;
    this.#at = end;
    return piece;
  }

  text(): string {
    const end = this.#pieceEnd();
    const text = this.#bytes.toString("utf8", this.#at, end);
    this.#at = end;
    return text;
  }

  bytes(): Buffer {
    const end = this.#pieceEnd();
    const piece = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return piece;
  }

  #pieceEnd(): number {
    const length = this.number();
    if (length > Number.MAX_SAFE_INTEGER) {
      throw new Fault("invalid", "proto: negative length found during unmarshaling");
    }
    if (length > this.#end - this.#at) throw endsEarly();
    return this.#at + length;
  }

  /** Passes over a field that nobody asked for. */
  skip(wireType: number, depth = 0): void {
    if (wireType === VARINT) this.number();
    else if (wireType === FIXED64) this.#pass(8);
    else if (wireType === BYTES) this.#at = this.#pieceEnd();
    else if (wireType === FIXED32) this.#pass(4);
    else if (wireType === GROUP_START && depth < GROUPS_MAX) this.#skipGroup(depth);
    else throw new Fault("invalid", `proto: illegal wireType ${wireType}`);
  }

  #skipGroup(depth: number): void {
    for (;;) {
      const wireType = this.number() & 7;
      if (wireType === GROUP_END) return;
      this.skip(wireType, depth + 1);
    }
  }

  #pass(count: number): void {
    if (count > this.#end - this.#at) throw endsEarly();
    this.#at += count;
  }
}

const FIRST_SIZE = 1024;

/** Writes from the end to the beginning, so that lengths are known when they are written. */
export class WireWriter {
  #bytes: Buffer = Buffer.allocUnsafe(FIRST_SIZE);
  #at = FIRST_SIZE;

  /** Where the writer stands, counted from the end. */
  get length(): number {
    return this.#bytes.length - this.#at;
  }

  finish(): Buffer {
    return this.#bytes.subarray(this.#at);
  }

  #room(size: number): void {
    if (this.#at >= size) return;
    const used = this.length;
    const larger = Buffer.allocUnsafe(Math.max(2 * this.#bytes.length, used + size));
    this.#bytes.copy(larger, larger.length - used, this.#at);
    this.#at = larger.length - used;
    this.#bytes = larger;
  }

  tag(number: number, wireType: number): void {
    this.number(number * 8 + wireType);
  }

  /** Ends a piece that was begun at `from`: writes its length and tag before it. */
  close(number: number, from: number): void {
    this.number(this.length - from);
    this.tag(number, BYTES);
  }

  number(value: number): void {
    let size = 1;
    for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) size++;
    this.#room(size);
    this.#at -= size;
    let rest = value;
    for (let at = this.#at; size > 1; size--, at++) {
      this.#bytes[at] = (rest % 128) + 128;
      rest = Math.floor(rest / 128);
    }
    this.#bytes[this.#at + this.#lastOf(value)] = rest;
  }

  #lastOf(value: number): number {
    let last = 0;
    for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) last++;
    return last;
  }

  integer(value: number | bigint): void {
    if (typeof value === "number" && value >= 0) {
      this.number(value);
      return;
    }
    let rest = BigInt.asUintN(64, BigInt(value));
    const bytes: number[] = [];
    for (; rest >= 128n; rest >>= 7n) bytes.push(Number(rest & 127n) + 128);
    bytes.push(Number(rest));
    this.raw(Buffer.from(bytes));
  }

  double(value: number): void {
    this.#room(8);
    this.#at -= 8;
    this.#bytes.writeDoubleLE(value, this.#at);
  }

  text(value: string): void {
    const size = Buffer.byteLength(value);
    this.#room(size);
    this.#at -= size;
    this.#bytes.write(value, this.#at, size, "utf8");
  }

  raw(value: Uint8Array): void {
    this.#room(value.length);
    this.#at -= value.length;
    this.#bytes.set(value, this.#at);
  }
}
