/** A protobuf body as an object. Loaded when the first one comes. */
import type { Decoded } from "@rktnetes/api/codec/decode";
import { unsupportedMediaType } from "@rktnetes/api/status-fault";
import type { BodyKind } from "./read-object.ts";

export function decodeProtobufBody(_bytes: Buffer, _kind: BodyKind): Decoded {
  throw unsupportedMediaType("protobuf bodies are not read yet");
}
