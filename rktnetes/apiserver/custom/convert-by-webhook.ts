/**
 * Objects of a custom kind in another version, made by the program that its definition names. In:
 * objects of any version. Out: the same objects in the wanted version, in the same order; their
 * metadata stays as it was, but for labels and annotations. Never defaults, never validates.
 *
 * @see apiextensions.k8s.io/v1 ConversionReview
 * @throws {StatusFault} 500, in the words that clients see
 */
import { parseJson, stringifyJson } from "@rktnetes/api/codec/json";
import { describeFieldErrors, goQuote } from "@rktnetes/api/field-error";
import { annotationsErrors, labelsErrors } from "@rktnetes/api/object-meta";
import { readObject, readText } from "@rktnetes/api/object-at";
import { goType } from "@rktnetes/api/structural/go-value";
import { isObject, textsOf } from "@rktnetes/api/structural/structural";
import { isSameJson } from "@rktnetes/api/values/same-json";
import type { Json, JsonObject } from "@rktnetes/api/schema";
import { plainFault, type StatusFault } from "@rktnetes/api/status-fault";
import type { WebhookClientConfig } from "@rktnetes/api/types/admissionregistration-v1";
import { Fault } from "@shared/base";
import { callWebhook } from "../admission/webhooks/call-webhook.ts";
import type { ResolveParts } from "../aggregation/resolve-service.ts";

/** Objects in the version with this `apiVersion`. */
export type Converter = (
  objects: readonly JsonObject[],
  apiVersion: string,
) => Promise<readonly JsonObject[]>;

const GROUP = "apiextensions.k8s.io";
const TIMEOUT_SECONDS = 30;
/** So many objects go into one question. */
const BATCH_MAX = 500;
/** An answer may be this long. */
const ANSWER_MAX = 256 * 1024 * 1024;

/** @param conversion `spec.conversion` of a definition whose strategy is Webhook */
export function webhookConverter(conversion: JsonObject, parts: ResolveParts): Converter {
  const webhook = readObject(conversion, "webhook");
  const config = readObject(webhook, "clientConfig") as unknown as WebhookClientConfig;
  const known = textsOf(webhook["conversionReviewVersions"]);
  const review = known.find((version) => version === "v1" || version === "v1beta1");
  return async (objects, apiVersion) => {
    const others = objects.filter((each) => each["apiVersion"] !== apiVersion);
    const converted = new Map<JsonObject, JsonObject>();
    for (let at = 0; at < others.length; at += BATCH_MAX) {
      const some = others.slice(at, at + BATCH_MAX);
      const made = await ask({ ...parts, config, review }, some, apiVersion);
      for (const [place, object] of some.entries()) converted.set(object, made[place] ?? object);
    }
    return objects.map((object) => converted.get(object) ?? object);
  };
}

interface Asking extends ResolveParts {
  readonly config: WebhookClientConfig;
  readonly review: string | undefined;
}

async function ask(
  { lookup, host, config, review }: Asking,
  objects: readonly JsonObject[],
  apiVersion: string,
): Promise<readonly JsonObject[]> {
  if (review === undefined) throw plainFault(500, "no supported conversion review versions");
  const uid = host.uuid();
  const body = stringifyJson({
    kind: "ConversionReview",
    apiVersion: `${GROUP}/${review}`,
    request: { uid, desiredAPIVersion: apiVersion, objects: [...objects] },
    response: { uid: "", convertedObjects: null, result: { metadata: {} } },
  });
  const what = gvkText(objects[0] ?? {});
  let answered: readonly Json[];
  try {
    const call = { config, body, timeoutSeconds: TIMEOUT_SECONDS } as const;
    const how = { ...call, saysTimeout: false, answerMax: ANSWER_MAX } as const;
    const text = await callWebhook({ lookup, host }, how);
    answered = readAnswer(parseAnswer(text), uid, review);
  } catch (error) {
    throw plainFault(500, `conversion webhook for ${what} failed: ${Fault.from(error).message}`);
  }
  if (answered.length !== objects.length) {
    const counts = `returned ${answered.length} objects, expected ${objects.length}`;
    throw plainFault(500, `conversion webhook for ${what} ${counts}`);
  }
  return objects.map((object, at) => accept(object, answered[at] ?? null, { apiVersion, at }));
}

function gvkText(object: JsonObject): string {
  return `${readText(object, "apiVersion")}, Kind=${readText(object, "kind")}`;
}

function parseAnswer(text: string): JsonObject {
  const answer = parseJson(text);
  if (isObject(answer)) return answer;
  throw new Fault("invalid", "couldn't get version/kind; json parse error: no object");
}

/** @throws {Fault} "invalid" for what is no answer to this question, or a refusal */
function readAnswer(answer: JsonObject, uid: string, version: string): readonly Json[] {
  const isStrict = version === "v1"; // the older form was never looked at so closely
  const wanted = `${GROUP}/${version}, Kind=ConversionReview`;
  if (isStrict && gvkText(answer) !== wanted) {
    throw new Fault("invalid", `expected webhook response of ${wanted}, got ${gvkText(answer)}`);
  }
  const { response } = answer;
  if (!isObject(response)) throw new Fault("invalid", "no response provided");
  const said = readText(response, "uid");
  if (isStrict && said !== uid) {
    const words = `expected response.uid=${goQuote(uid)}`;
    throw new Fault("invalid", `${words}, got ${goQuote(said)}`);
  }
  const result = readObject(response, "result");
  const status = readText(result, "status");
  if (status !== "Success") {
    const why = `response.result.status was '${status}', not 'Success'`;
    throw new Fault("invalid", readText(result, "message") || why);
  }
  const { convertedObjects: objects } = response;
  return Array.isArray(objects) ? objects : [];
}

interface Wanted {
  readonly apiVersion: string;
  readonly at: number;
}

function accept(original: JsonObject, answered: Json, { apiVersion, at }: Wanted): JsonObject {
  const converted = isObject(answered) ? answered : {};
  const refuse = (what: string, why: string): StatusFault =>
    plainFault(500, `conversion webhook for ${gvkText(original)} returned invalid ${what}: ${why}`);
  const object = `object at index ${at}`;
  const version = readText(converted, "apiVersion");
  if (version !== apiVersion) {
    throw refuse(object, `invalid groupVersion (expected ${apiVersion}, received ${version})`);
  }
  const [kind, given] = [readText(original, "kind"), readText(converted, "kind")];
  if (kind !== given) throw refuse(object, `invalid kind (expected ${kind}, received ${given})`);
  const problem = identityProblem(original, converted);
  if (problem !== undefined) throw refuse("object", problem);
  const metadata = restoredMetadata(original, converted);
  if (typeof metadata === "string") throw refuse("metadata", metadata);
  return { ...converted, metadata };
}

function identityProblem(original: JsonObject, converted: JsonObject): string | undefined {
  const [before, after] = [readObject(original, "metadata"), readObject(converted, "metadata")];
  for (const field of ["name", "namespace", "uid"]) {
    const [expected, given] = [readText(before, field), readText(after, field)];
    const word = field === "uid" ? "UID" : field;
    if (expected !== given) return `must have the same ${word}: ${expected} != ${given}`;
  }
  return undefined;
}

/** What the object had, with labels and annotations as they came back; or what is wrong. */
function restoredMetadata(original: JsonObject, converted: JsonObject): JsonObject | string {
  const { metadata: given } = converted;
  if (given === undefined) return "missing metadata in converted object";
  if (!isObject(given)) return `invalid metadata of type ${goType(given)[1]} in converted object`;
  const restored = { ...readObject(original, "metadata") };
  for (const field of ["labels", "annotations"]) {
    const problem = restoreField(restored, field, given[field]);
    if (problem !== undefined) return problem;
  }
  return restored;
}

function restoreField(
  restored: JsonObject,
  field: string,
  given: Json | undefined,
): string | undefined {
  if (given === undefined || given === null) {
    delete restored[field];
    return undefined;
  }
  if (!isObject(given)) {
    return `invalid metadata.${field} of type ${goType(given)[1]} in converted object`;
  }
  for (const [key, value] of Object.entries(given)) {
    if (typeof value === "string") continue;
    const type = goType(value)[1];
    return `metadata.${field}[${key}] must be a string, but is ${type} in converted object`;
  }
  if (!isSameJson(given, readObject(restored, field))) {
    const errors =
      field === "labels"
        ? labelsErrors(given, "metadata.labels")
        : annotationsErrors(given, "metadata.annotation");
    if (errors.length > 0) return describeFieldErrors(errors);
  }
  restored[field] = given;
  return undefined;
}
