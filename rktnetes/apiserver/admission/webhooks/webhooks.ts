/**
 * Programs elsewhere that change and judge what is about to be written. In: the configurations of
 * webhooks, a request. Out: a changed object, warnings, a refusal. Those that change are asked one
 * after another, by name; those that judge all at once.
 */
import { decodeTree } from "@rktnetes/api/codec/decode";
import { parseJson } from "@rktnetes/api/codec/json";
import { applyJsonPatch, decodeJsonPatch } from "@rktnetes/api/patch/json-patch";
import { selectsLabels } from "@rktnetes/api/selectors/object-selector";
import type { JsonObject } from "@rktnetes/api/schema";
import { failureOf, StatusFault } from "@rktnetes/api/status-fault";
import type {
  MatchCondition,
  MutatingWebhook,
  MutatingWebhookConfiguration,
  ValidatingWebhook,
  ValidatingWebhookConfiguration,
} from "@rktnetes/api/types/admissionregistration-v1";
import type { AdmissionResponse } from "@rktnetes/api/types/admission-v1";
import { Fault } from "@shared/base";
import type { ServerHost } from "../../host.ts";
import { labelsOf } from "../../registry/metadata.ts";
import type { AdmissionPlugin, AdmissionRequest } from "../admission.ts";
import type { Lookup } from "../lookup.ts";
import { formOf, setDefaults } from "../subject.ts";
import { callWebhook } from "./call-webhook.ts";
import { denial, readResponse, reviewText } from "./review.ts";
import { isExempt, matchesRules } from "./webhook-rules.ts";

const GROUP = "admissionregistration.k8s.io";
const TIMEOUT_SECONDS = 10;

/** Whether all conditions hold. @throws {Fault} when one cannot be told */
export type MatchConditions = (
  conditions: readonly MatchCondition[],
  request: AdmissionRequest,
) => Promise<boolean>;

export interface WebhookParts {
  readonly lookup: Lookup;
  readonly host: ServerHost;
  readonly matchConditions: MatchConditions;
}

/** `again` lets the plug-ins before have a look at what webhooks have changed. */
export function mutatingWebhooks(
  parts: WebhookParts,
  again: (request: AdmissionRequest) => Promise<void>,
): AdmissionPlugin {
  return {
    name: "MutatingAdmissionWebhook",
    mutate: async (request) => {
      if (isExempt(request)) return;
      const resource = `${GROUP}/mutatingwebhookconfigurations`;
      const all = await parts.lookup.list<MutatingWebhookConfiguration>(resource);
      const webhooks = all.flatMap((each) => each.webhooks ?? []);
      if (webhooks.length === 0) return;
      await mutateInTurn(parts, webhooks, request, again);
    },
  };
}

export function validatingWebhooks(parts: WebhookParts): AdmissionPlugin {
  return {
    name: "ValidatingAdmissionWebhook",
    validate: async (request) => {
      if (isExempt(request)) return;
      const resource = `${GROUP}/validatingwebhookconfigurations`;
      const all = await parts.lookup.list<ValidatingWebhookConfiguration>(resource);
      const webhooks = all.flatMap((each) => each.webhooks ?? []);
      const asked = webhooks.map((webhook) => askValidating(parts, webhook, request));
      for (const problem of await Promise.all(asked)) if (problem !== undefined) throw problem;
    },
  };
}

async function askValidating(
  parts: WebhookParts,
  webhook: ValidatingWebhook,
  request: AdmissionRequest,
): Promise<Fault | undefined> {
  try {
    const response = await ask(parts, webhook, request);
    if (response === undefined || response.allowed) return undefined;
    return denial(webhook.name, response);
  } catch (error) {
    return Fault.from(error);
  }
}

async function mutateInTurn(
  parts: WebhookParts,
  webhooks: readonly MutatingWebhook[],
  request: AdmissionRequest,
  again: (request: AdmissionRequest) => Promise<void>,
): Promise<void> {
  let changedAfter = -1;
  const asked: number[] = [];
  for (const [at, webhook] of webhooks.entries()) {
    const outcome = await mutateBy(parts, webhook, request);
    if (outcome === "skipped") continue;
    asked.push(at);
    if (outcome === "changed") changedAfter = at;
  }
  if (changedAfter < 0) return;
  await again(request);
  for (const at of asked) {
    const webhook = webhooks[at];
    if (at >= changedAfter || webhook?.reinvocationPolicy !== "IfNeeded") continue;
    await mutateBy(parts, webhook, request);
  }
}

async function mutateBy(
  parts: WebhookParts,
  webhook: MutatingWebhook,
  request: AdmissionRequest,
): Promise<"skipped" | "same" | "changed"> {
  const response = await ask(parts, webhook, request);
  if (response === undefined) return "skipped";
  if (!response.allowed) throw denial(webhook.name, response);
  const { patch = "", patchType = "" } = response;
  if (patch === "" || request.object === undefined) return "same";
  if (patchType !== "JSONPatch") {
    throw internal(webhook.name, `webhook returned response.patch but not response.patchType`);
  }
  return replaceBy(request.object, patched(webhook.name, request, patch)) ? "changed" : "same";
}

function patched(name: string, request: AdmissionRequest, patch: string): JsonObject {
  try {
    const text = Buffer.from(patch, "base64").toString();
    const operations = decodeJsonPatch(parseJson(text));
    const whole = applyJsonPatch(structuredClone(request.object ?? {}), operations);
    const { object } = decodeTree(formOf(request).schema, whole);
    setDefaults(request, object);
    return object;
  } catch (error) {
    throw internal(name, Fault.from(error).message);
  }
}

/** Puts another object into the place of the first; false when they are the same. */
function replaceBy(own: JsonObject, other: JsonObject): boolean {
  const shown = (object: JsonObject): string =>
    JSON.stringify(object, (_key, value: unknown) =>
      typeof value === "bigint" ? `${value}n` : value,
    );
  if (shown(own) === shown(other)) return false;
  for (const field of Object.keys(own)) delete own[field];
  Object.assign(own, other);
  return true;
}

type Webhook = ValidatingWebhook | MutatingWebhook;

/** Undefined when the webhook is not asked, or may fail and did. */
async function ask(
  parts: WebhookParts,
  webhook: Webhook,
  request: AdmissionRequest,
): Promise<AdmissionResponse | undefined> {
  if (!matchesRules(webhook.rules ?? [], request)) return undefined;
  if (!(await isSelected(parts.lookup, webhook, request))) return undefined;
  try {
    const conditions = webhook.matchConditions ?? [];
    if (conditions.length > 0 && !(await parts.matchConditions(conditions, request))) {
      return undefined;
    }
    const response = await callOnce(parts, webhook, request);
    for (const warning of response.warnings ?? []) request.warn(warning);
    return response;
  } catch (error) {
    if (error instanceof StatusFault) throw error;
    if (webhook.failurePolicy === "Ignore") return undefined;
    const why = Fault.from(error).message;
    throw internal(webhook.name, `failed to call webhook: ${why}`);
  }
}

async function callOnce(
  { lookup, host }: WebhookParts,
  { clientConfig: config, timeoutSeconds = TIMEOUT_SECONDS }: Webhook,
  request: AdmissionRequest,
): Promise<AdmissionResponse> {
  const uid = host.uuid();
  const body = reviewText(request, uid);
  return readResponse(await callWebhook(lookup, { config, timeoutSeconds, body }), uid);
}

async function isSelected(
  lookup: Lookup,
  { namespaceSelector, objectSelector }: Webhook,
  request: AdmissionRequest,
): Promise<boolean> {
  const { object, old } = request;
  const selects = (selector: unknown, labels: JsonObject): boolean =>
    selectsLabels(selector as JsonObject | undefined, labels);
  if (!isEmpty(objectSelector)) {
    const either = [object, old].filter((each) => each !== undefined);
    if (!either.some((each) => selects(objectSelector, { ...labelsOf(each) }))) return false;
  }
  if (isEmpty(namespaceSelector)) return true;
  const labels = await namespaceLabels(lookup, request);
  return labels === undefined || selects(namespaceSelector, labels);
}

function isEmpty(selector: Webhook["objectSelector"]): boolean {
  if (selector === undefined) return true;
  const { matchLabels = {}, matchExpressions = [] } = selector;
  return Object.keys(matchLabels).length === 0 && matchExpressions.length === 0;
}

/** Of the namespace that the request is in, or is about; undefined for what is in none. */
async function namespaceLabels(
  lookup: Lookup,
  { resource, namespace, object, old }: AdmissionRequest,
): Promise<JsonObject | undefined> {
  const { group, resource: plural } = resource.kind;
  if (group === "" && plural === "namespaces") return { ...labelsOf(object ?? old ?? {}) };
  if (namespace === "") return undefined;
  const found = await lookup.find("/namespaces", "", namespace);
  return found === undefined ? {} : { ...labelsOf(found) };
}

function internal(name: string, why: string): StatusFault {
  const fault = new Fault("internal", `failed calling webhook ${JSON.stringify(name)}: ${why}`);
  return new StatusFault(failureOf(fault));
}
