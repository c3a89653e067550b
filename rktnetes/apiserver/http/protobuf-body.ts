/** A protobuf body as an object. Loaded when the first one comes. @throws {StatusFault} 400 */
import { type Decoded, decodeTree } from "@rktnetes/api/codec/decode";
import { decodeProtobuf } from "@rktnetes/api/codec/protobuf/decode-protobuf";
import { type Envelope, readEnvelope } from "@rktnetes/api/codec/protobuf/envelope";
import { Fault } from "@shared/base";
import { type BodyKind, checkType, orRefuse, unrecognized } from "./body-kind.ts";

export function decodeProtobufBody(bytes: Buffer, kind: BodyKind): Decoded {
  const envelope = open(bytes, kind);
  checkType(envelope, bytes, kind);
  return orRefuse(kind, () => decodeTree(kind.schema, decodeProtobuf(kind.schema, envelope.raw)));
}

function open(bytes: Buffer, kind: BodyKind): Envelope {
  try {
    return readEnvelope(bytes);
  } catch (error) {
    if (!(error instanceof Fault) || error.kind !== "invalid") throw error;
    throw unrecognized(error.message, bytes, kind);
  }
}
