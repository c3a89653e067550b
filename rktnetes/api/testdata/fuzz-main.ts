/** Parsers of the API's texts, for `npm run fuzz`: each ends with a value or a fault. */
import { assert } from "@shared/base";
import { fromFieldsV1 } from "../apply/field-set.ts";
import { compile } from "../cel/compile.ts";
import { decodeJson, decodeYaml, peekTypeMeta } from "../codec/decode.ts";
import { parseJson } from "../codec/json.ts";
import { decodeProtobuf } from "../codec/protobuf/decode-protobuf.ts";
import { readEnvelope } from "../codec/protobuf/envelope.ts";
import { parseYaml } from "../codec/yaml.ts";
import type { Kind } from "../kinds/kind.ts";
import { builtinKinds } from "../kinds/load.ts";
import { applyJsonPatch, decodeJsonPatch } from "../patch/json-patch.ts";
import { applyStrategicMerge } from "../patch/strategic-merge.ts";
import { isObject } from "../patch/values.ts";
import { parseJsonPath } from "../print/json-path.ts";
import type { Json } from "../schema/schema.ts";
import { parseFieldSelector } from "../selectors/field-selector.ts";
import { parseLabelSelector } from "../selectors/label-selector.ts";
import { canonicalBase64 } from "../values/base64.ts";
import { scheduleProblem } from "../values/cron.ts";
import { parseGoDuration } from "../values/duration.ts";
import { goRegexp } from "../values/go-regexp.ts";
import { parseCidr, parseIp } from "../values/ip.ts";
import { canonicalQuantity } from "../values/quantity.ts";
import { canonicalTime } from "../values/time.ts";

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

function kindOf(name: string): Kind {
  const kind = builtinKinds().find((one) => one.kind === name);
  assert(kind !== undefined, "it is built in");
  return kind;
}

const DEPLOYMENT = kindOf("Deployment");
const POD = kindOf("Pod");

/** Every value that an object may be written as, one after the other. */
const VALUES: readonly ((text: string) => unknown)[] = [
  canonicalQuantity,
  canonicalTime,
  canonicalBase64,
  parseGoDuration,
  parseIp,
  parseCidr,
  scheduleProblem,
  parseJsonPath,
  parseLabelSelector,
  (value) => parseFieldSelector(POD, value),
];

function patched(bytes: Uint8Array): string {
  const patch = parseJson(text(bytes));
  const document: Json = { metadata: { name: "a" }, spec: { containers: [{ name: "c" }] } };
  if (Array.isArray(patch)) return typeof applyJsonPatch(document, decodeJsonPatch(patch));
  return isObject(patch) ? typeof applyStrategicMerge(document, patch, POD.schema) : "none";
}

export const TARGETS: Readonly<Record<string, (bytes: Uint8Array) => unknown>> = {
  "kubernetes-json": (bytes) => {
    peekTypeMeta(text(bytes));
    return decodeJson(DEPLOYMENT.schema, text(bytes)).problems.length;
  },
  "kubernetes-yaml": async (bytes) =>
    decodeYaml(DEPLOYMENT.schema, await parseYaml(text(bytes))).problems.length,
  "kubernetes-protobuf": (bytes) => {
    const { raw } = readEnvelope(Buffer.from(bytes));
    return Object.keys(decodeProtobuf(DEPLOYMENT.schema, raw)).join();
  },
  "kubernetes-patch": patched,
  "kubernetes-fields": (bytes) => {
    const fields = parseJson(text(bytes));
    return isObject(fields) ? fromFieldsV1(fields) !== undefined : "none";
  },
  "kubernetes-values": (bytes) => {
    const [first = 0, ...rest] = bytes;
    return typeof VALUES[first % VALUES.length]?.(text(Uint8Array.from(rest)));
  },
  "kubernetes-regexp": (bytes) => goRegexp(text(bytes)).test("a".repeat(5000)),
  "kubernetes-cel": (bytes) => {
    const compiled = compile(text(bytes), new Map());
    if (compiled.ok) return compiled.compiled.type.name;
    return compiled.error.replace(/'[^']*'|\d+/g, "_").split("\n")[0];
  },
};
