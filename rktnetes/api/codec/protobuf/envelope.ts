/**
 * What stands around a protobuf message of Kubernetes: four magic bytes and a `runtime.Unknown`
 * that says apiVersion and kind; and the frames of a watch. In: bytes. Out: the parts; and back.
 */
import { Fault } from "@shared/base";

import { BYTES, WireReader, WireWriter } from "./wire.ts";

const MAGIC = Buffer.from([0x6b, 0x38, 0x73, 0x00]);

export interface Envelope {
  readonly apiVersion: string;
  readonly kind: string;
  /** The message. */
  readonly raw: Buffer;
}

export function isEnvelope(bytes: Buffer): boolean {
  return bytes.length >= MAGIC.length && bytes.subarray(0, MAGIC.length).equals(MAGIC);
}

/** Takes an envelope apart. Bytes that are none are a Fault in Go's words. */
export function readEnvelope(bytes: Buffer): Envelope {
  if (bytes.length === 0) throw new Fault("invalid", "empty data");
  if (!isEnvelope(bytes)) {
    const prefix = `[${[...MAGIC].join(" ")}]`;
    const what = "provided data does not appear to be a protobuf message, expected prefix";
    throw new Fault("invalid", `${what} ${prefix}`);
  }
  if (bytes.length === MAGIC.length) throw new Fault("invalid", "empty body");
  const reader = new WireReader(bytes, MAGIC.length);
  let typeMeta = { apiVersion: "", kind: "" };
  let raw: Buffer = Buffer.alloc(0);
  while (!reader.isAtEnd) {
    const { number, wireType } = reader.tag("Unknown");
    if (number === 1 && wireType === BYTES) typeMeta = readTypeMeta(reader.piece());
    else if (number === 2 && wireType === BYTES) raw = reader.bytes();
    else reader.skip(wireType);
  }
  return { ...typeMeta, raw };
}

function readTypeMeta(reader: WireReader): { apiVersion: string; kind: string } {
  let apiVersion = "";
  let kind = "";
  while (!reader.isAtEnd) {
    const { number, wireType } = reader.tag("TypeMeta");
    if (number === 1 && wireType === BYTES) apiVersion = reader.text();
    else if (number === 2 && wireType === BYTES) kind = reader.text();
    else reader.skip(wireType);
  }
  return { apiVersion, kind };
}

/** A whole body: magic, kind and message. */
export function writeEnvelope({ apiVersion, kind, raw }: Envelope): Buffer {
  const writer = new WireWriter();
  writePiece(writer, 4, "");
  writePiece(writer, 3, "");
  writePiece(writer, 2, raw);
  const from = writer.length;
  writePiece(writer, 2, kind);
  writePiece(writer, 1, apiVersion);
  writer.close(1, from);
  writer.raw(MAGIC);
  return writer.finish();
}

function writePiece(writer: WireWriter, number: number, value: string | Uint8Array): void {
  const from = writer.length;
  if (typeof value === "string") writer.text(value);
  else writer.raw(value);
  writer.close(number, from);
}

/** One event of a watch: four bytes of length, then type and object; the object has an envelope. */
export function writeWatchFrame(type: string, object: Uint8Array): Buffer {
  const writer = new WireWriter();
  const from = writer.length;
  writePiece(writer, 1, object);
  writer.close(2, from);
  writePiece(writer, 1, type);
  const { length } = writer;
  const size = Buffer.alloc(4);
  size.writeUInt32BE(length);
  writer.raw(size);
  return writer.finish();
}
