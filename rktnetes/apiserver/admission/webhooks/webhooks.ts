/**
 * Programs elsewhere that change and judge what is about to be written. In: the configurations of
 * webhooks, a request. Out: a changed object, warnings, a refusal. Those that change are asked one
 * after another, by name; those that judge all at once.
 */
import { decodeTree } from "@rktnetes/api/codec/decode";
import { parseJson } from "@rktnetes/api/codec/json";
import { applyJsonPatch, decodeJsonPatch } from "@rktnetes/api/patch/json-patch";
import type { JsonObject } from "@rktnetes/api/schema";
import { failureOf, StatusFault } from "@rktnetes/api/status-fault";
import type {
  MutatingWebhook,
  MutatingWebhookConfiguration,
  ValidatingWebhook,
  ValidatingWebhookConfiguration,
} from "@rktnetes/api/types/admissionregistration-v1";
import { isSameJson } from "@rktnetes/api/values/same-json";
import { Fault } from "@shared/base";
import type { AdmissionPlugin, AdmissionRequest } from "../admission.ts";
import { broughtBack, type Seen } from "../equivalent.ts";
import { formOf, setDefaults } from "../subject.ts";
import { type Answered, askWebhook, type Placed, type WebhookParts } from "./ask-webhook.ts";
import { denial } from "./review.ts";
import { isExempt } from "./webhook-rules.ts";

const GROUP = "admissionregistration.k8s.io";
const NOTE = "webhook.admission.k8s.io";

/** `again` lets the plug-ins before have a look at what webhooks have changed. */
export function mutatingWebhooks(
  parts: WebhookParts,
  again: (request: AdmissionRequest) => Promise<void>,
): AdmissionPlugin {
  const ask = async (request: AdmissionRequest): Promise<void> => {
    if (isExempt(request)) return;
    const resource = `${GROUP}/mutatingwebhookconfigurations`;
    const configurations = await parts.lookup.list<MutatingWebhookConfiguration>(resource);
    const all = placed(configurations);
    if (all.length > 0) await mutateInTurn(parts, all, request, again);
  };
  return {
    name: "MutatingAdmissionWebhook",
    mutate: ask,
    // where nothing is written there is nothing to change, but they may refuse all the same
    validate: async (request) => {
      const { operation } = request;
      if (operation === "DELETE" || operation === "CONNECT") await ask(request);
    },
  };
}

export function validatingWebhooks(parts: WebhookParts): AdmissionPlugin {
  return {
    name: "ValidatingAdmissionWebhook",
    validate: async (request) => {
      if (isExempt(request)) return;
      const resource = `${GROUP}/validatingwebhookconfigurations`;
      const configurations = await parts.lookup.list<ValidatingWebhookConfiguration>(resource);
      const asked = placed(configurations).map((each) => askValidating(parts, each, request));
      for (const problem of await Promise.all(asked)) if (problem !== undefined) throw problem;
    },
  };
}

function placed<W extends ValidatingWebhook | MutatingWebhook>(
  configurations: readonly Configuration<W>[],
): readonly Placed<W>[] {
  const all = configurations.flatMap(({ metadata, webhooks = [] }) =>
    webhooks.map((webhook) => ({ webhook, configuration: metadata.name ?? "" })),
  );
  return all.map((each, index) => ({ ...each, index }));
}

interface Configuration<W> {
  readonly metadata: { readonly name?: string };
  readonly webhooks?: readonly W[];
}

async function askValidating(
  parts: WebhookParts,
  placed: Placed<ValidatingWebhook>,
  request: AdmissionRequest,
): Promise<Fault | undefined> {
  try {
    const answered = await askWebhook(parts, placed, request, { mutates: false, round: 0 });
    if (answered === undefined || answered.response.allowed) return undefined;
    return denial(placed.webhook.name, answered.response);
  } catch (error) {
    return Fault.from(error);
  }
}

/** Who asked for it is asked again when somebody after it has changed the object. */
async function mutateInTurn(
  parts: WebhookParts,
  webhooks: readonly Placed<MutatingWebhook>[],
  request: AdmissionRequest,
  again: (request: AdmissionRequest) => Promise<void>,
): Promise<void> {
  const left = new Map<Placed<MutatingWebhook>, JsonObject | undefined>();
  let isChanged = false;
  for (const each of webhooks) {
    const outcome = await mutateBy(parts, each, request, 0);
    if (outcome === "skipped") continue;
    if (outcome === "changed") isChanged = true;
    left.set(each, structuredClone(request.object));
  }
  if (!isChanged) return;
  await again(request);
  for (const [each, object] of left) {
    if (each.webhook.reinvocationPolicy !== "IfNeeded") continue;
    if (isSameJson(object ?? null, request.object ?? null)) continue;
    await mutateBy(parts, each, request, 1);
  }
}

async function mutateBy(
  parts: WebhookParts,
  placed: Placed<MutatingWebhook>,
  request: AdmissionRequest,
  round: number,
): Promise<"skipped" | "same" | "changed"> {
  const answered = await askWebhook(parts, placed, request, { mutates: true, round });
  if (answered === undefined) return "skipped";
  const { response } = answered;
  if (!response.allowed) throw denial(placed.webhook.name, response);
  const isChanged = await accept(parts, answered, request);
  note(placed, answered, { request, round, isChanged });
  return isChanged ? "changed" : "same";
}

interface Noting {
  readonly request: AdmissionRequest;
  readonly round: number;
  readonly isChanged: boolean;
}

function note(
  { webhook, configuration, index }: Placed<MutatingWebhook>,
  { response }: Answered,
  { request, round, isChanged }: Noting,
): void {
  const place = `${NOTE}/round_${round}_index_${index}`;
  const who = { configuration, webhook: webhook.name };
  request.annotate?.(`mutation.${place}`, JSON.stringify({ ...who, mutated: isChanged }));
  if (!isChanged) return;
  const patch: unknown = JSON.parse(Buffer.from(response.patch ?? "", "base64").toString());
  const { patchType } = response;
  request.annotate?.(`patch.${place}`, JSON.stringify({ ...who, patch, patchType }), "Request");
}

/** False when the object stays as it was. */
async function accept(
  parts: WebhookParts,
  { response, seen }: Answered,
  request: AdmissionRequest,
): Promise<boolean> {
  const { patch = "", patchType = "" } = response;
  if (patch === "") return false;
  if (request.object === undefined) {
    const why = "webhook attempted to modify the object, which is not supported for this operation";
    throw internal(why);
  }
  if (patchType !== "JSONPatch") throw internal(`unsupported patch type ${patchType}`);
  const wanted = await broughtBack(parts, seen, patched(seen, patch));
  return replaceBy(request, wanted);
}

function patched({ request, kind }: Seen, patch: string): JsonObject {
  const schema = (kind ?? formOf(request)).schema;
  try {
    const text = Buffer.from(patch, "base64").toString();
    const operations = decodeJsonPatch(parseJson(text));
    const whole = applyJsonPatch(structuredClone(request.object ?? {}), operations);
    return decodeTree(schema, whole).object;
  } catch (error) {
    throw internal(Fault.from(error).message);
  }
}

/** Puts another object into the place of the request's; false when they are the same. */
function replaceBy(request: AdmissionRequest, wanted: JsonObject): boolean {
  const { object: own = {} } = request;
  const { object: other } = decodeTree(formOf(request).schema, wanted);
  setDefaults(request, other);
  if (isSameJson(own, other)) return false;
  for (const field of Object.keys(own)) delete own[field];
  Object.assign(own, other);
  return true;
}

function internal(why: string): StatusFault {
  return new StatusFault(failureOf(new Fault("internal", why)));
}
