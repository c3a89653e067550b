/**
 * One webhook and one request: is it asked, and what does it say. In: both. Out: its answer.
 * Warnings and notes for the audit log go out on the way. @throws {StatusFault} 400, 500
 */
import type { Kind } from "@rktnetes/api/kind";
import type { JsonObject } from "@rktnetes/api/schema";
import { badRequest, failureOf, StatusFault } from "@rktnetes/api/status-fault";
import type { AdmissionResponse } from "@rktnetes/api/types/admission-v1";
import type {
  MatchCondition,
  MutatingWebhook,
  ValidatingWebhook,
} from "@rktnetes/api/types/admissionregistration-v1";
import { Fault } from "@shared/base";
import type { AdmissionRequest } from "../admission.ts";
import { type EquivalentParts, otherVersions, type Seen, seenAs } from "../equivalent.ts";
import { selectsRequest } from "../selects.ts";
import { callWebhook } from "./call-webhook.ts";
import { readResponse, reviewText } from "./review.ts";
import { matchingVersion } from "./webhook-rules.ts";

const TIMEOUT_SECONDS = 10;

/** Whether all conditions hold. @throws {Fault} when one cannot be told */
export type MatchConditions = (
  conditions: readonly MatchCondition[],
  seen: Seen,
) => Promise<boolean>;

export interface WebhookParts extends EquivalentParts {
  readonly matchConditions: MatchConditions;
}

/** A webhook, and its place among all of its sort. */
export interface Placed<W extends ValidatingWebhook | MutatingWebhook> {
  readonly webhook: W;
  readonly configuration: string;
  /** Counts those of all configurations, in the order in which they are asked. */
  readonly index: number;
}

export interface Asking {
  readonly mutates: boolean;
  /** How often it has been asked about the request before. */
  readonly round: number;
}

export interface Answered {
  readonly response: AdmissionResponse;
  /** The request as the webhook saw it. */
  readonly seen: Seen;
}

/** Undefined when the webhook is not asked, or may fail and did. */
export async function askWebhook(
  parts: WebhookParts,
  placed: Placed<ValidatingWebhook | MutatingWebhook>,
  request: AdmissionRequest,
  asking: Asking,
): Promise<Answered | undefined> {
  const { webhook, index } = placed;
  const seen = await seenBy(parts, webhook, request);
  if (seen === undefined) return undefined;
  try {
    const conditions = webhook.matchConditions ?? [];
    if (conditions.length > 0 && !(await parts.matchConditions(conditions, seen))) {
      return undefined;
    }
    refuseDryRun(webhook, request);
    const response = await callOnce(parts, webhook, { seen, mutates: asking.mutates });
    for (const warning of response.warnings ?? []) request.warn(warning);
    for (const [key, value] of Object.entries(response.auditAnnotations ?? {})) {
      request.annotate?.(`${webhook.name}/${key}`, value);
    }
    return { response, seen };
  } catch (error) {
    if (error instanceof StatusFault) throw error;
    if (webhook.failurePolicy !== "Ignore") throw failed(webhook.name, Fault.from(error).message);
    const what = asking.mutates ? "mutation.webhook" : "validating.webhook";
    const key = `failed-open.${what}.admission.k8s.io/round_${asking.round}_index_${index}`;
    request.annotate?.(key, webhook.name);
    return undefined;
  }
}

/** 500, in the words of the webhook that could not be used. */
function failed(name: string, why: string): StatusFault {
  const fault = new Fault("internal", `failed calling webhook ${JSON.stringify(name)}: ${why}`);
  return new StatusFault(failureOf(fault));
}

async function seenBy(
  parts: WebhookParts,
  webhook: ValidatingWebhook | MutatingWebhook,
  request: AdmissionRequest,
): Promise<Seen | undefined> {
  const { rules, matchPolicy, namespaceSelector, objectSelector } = webhook;
  const others = (): readonly Kind[] =>
    matchPolicy === "Exact" ? [] : otherVersions(parts, request);
  const match = matchingVersion(rules ?? [], request, others);
  if (match === undefined) return undefined;
  const selectors = {
    ...(namespaceSelector === undefined ? {} : { namespaceSelector }),
    ...(objectSelector === undefined ? {} : { objectSelector }),
  };
  const chosen = await selectsRequest(parts.lookup, selectors as unknown as JsonObject, request);
  return chosen ? await seenAs(parts, request, match.kind) : undefined;
}

function refuseDryRun(
  { name, sideEffects }: ValidatingWebhook | MutatingWebhook,
  { context }: AdmissionRequest,
): void {
  if (!context.dryRun || sideEffects === "None" || sideEffects === "NoneOnDryRun") return;
  throw badRequest(`admission webhook ${JSON.stringify(name)} does not support dry run`);
}

async function callOnce(
  { lookup, host }: WebhookParts,
  { clientConfig: config, timeoutSeconds = TIMEOUT_SECONDS }: ValidatingWebhook | MutatingWebhook,
  { seen, mutates }: { readonly seen: Seen; readonly mutates: boolean },
): Promise<AdmissionResponse> {
  const uid = host.uuid();
  const body = reviewText(seen, uid);
  const text = await called({ lookup, host }, { config, timeoutSeconds, body });
  try {
    return readResponse(text, uid, mutates);
  } catch (error) {
    const why = Fault.from(error).message;
    throw new Fault("invalid", `received invalid webhook response: ${why}`);
  }
}

async function called(...call: Parameters<typeof callWebhook>): Promise<string> {
  try {
    return await callWebhook(...call);
  } catch (error) {
    throw new Fault("unavailable", `failed to call webhook: ${Fault.from(error).message}`);
  }
}
