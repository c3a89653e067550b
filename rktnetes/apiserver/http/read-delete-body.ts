/** The options in the body of a deletion; most deletions have none. @throws {StatusFault} 400 */
import { decodeJson, peekTypeMeta } from "@rktnetes/api/codec/decode";
import { refuseCrowd } from "@rktnetes/api/codec/json-text";
import { goQuote } from "@rktnetes/api/field-error";
import { findType } from "@rktnetes/api/kinds";
import type { JsonObject } from "@rktnetes/api/schema";
import { badRequest, tooLarge } from "@rktnetes/api/status-fault";
import { assert, Fault } from "@shared/base";
import type { ApiRequest } from "./api-request.ts";
import { contentType } from "./read-object.ts";

const KIND = "DeleteOptions";
const SCHEME = '"pkg/apis/meta/internalversion/scheme/register.go:27"';

export async function readDeleteBody(request: ApiRequest): Promise<JsonObject | undefined> {
  const bytes = await request.body();
  if (bytes.length === 0) return undefined;
  const schema = findType({ group: "meta.k8s.io", version: "v1", kind: KIND });
  const options = schema ?? findType({ group: "", version: "v1", kind: KIND });
  assert(options !== undefined, "DeleteOptions are a type");
  try {
    if (contentType(request) === "application/vnd.kubernetes.protobuf") {
      const { decodeProtobuf } = await import("@rktnetes/api/codec/protobuf/decode-protobuf");
      const { readEnvelope } = await import("@rktnetes/api/codec/protobuf/envelope");
      return decodeProtobuf(options, readEnvelope(bytes).raw);
    }
    const text = bytes.toString();
    refuseCrowd(text);
    const said = peekTypeMeta(text);
    if (said.kind !== "" && said.kind !== KIND) {
      const version = goQuote(said.apiVersion);
      const what = `no kind ${goQuote(said.kind)} is registered for version ${version}`;
      throw new Fault("invalid", `${what} in scheme ${SCHEME}`);
    }
    return decodeJson(options, text).object;
  } catch (error) {
    if (error instanceof Fault && error.kind === "invalid") throw badRequest(error.message);
    if (error instanceof Fault && error.kind === "exhausted") throw tooLarge(error.message);
    throw error;
  }
}
