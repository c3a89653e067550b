/**
 * What a webhook is asked, and what its answer means. In: an admission request, or the text of an
 * answer. Out: JSON, or a verdict. @see admission.k8s.io/v1 AdmissionReview
 */
import { parseJson, stringifyJson } from "@rktnetes/api/codec/json";
import type { JsonObject } from "@rktnetes/api/schema";
import { StatusFault } from "@rktnetes/api/status-fault";
import type { Failure, StatusReason } from "@rktnetes/api/status";
import type { AdmissionResponse, AdmissionReview } from "@rktnetes/api/types/admission-v1";
import { Fault } from "@shared/base";
import { apiVersionOf } from "../../registry/resource.ts";
import { namesOf, type Seen } from "../equivalent.ts";
import { nameOf } from "../subject.ts";

export function reviewText(seen: Seen, uid: string): string {
  const { operation, namespace, subresource, object, old, context, options } = seen.request;
  const { kind, resource, requestKind, requestResource } = namesOf(seen);
  const { name, uid: userId, groups, extra } = context.user;
  const typeMeta = { kind: kind.kind, apiVersion: apiVersionOf(kind) };
  const below = subresource === "" ? {} : { subResource: subresource };
  const requestBelow = subresource === "" ? {} : { requestSubResource: subresource };
  const review = {
    kind: "AdmissionReview",
    apiVersion: "admission.k8s.io/v1",
    request: {
      uid,
      kind,
      resource,
      ...below,
      requestKind,
      requestResource,
      ...requestBelow,
      name: nameOf(seen.request),
      namespace,
      operation,
      userInfo: { username: name, uid: userId, groups: [...groups], extra: { ...extra } },
      object: object === undefined ? null : { ...typeMeta, ...object },
      oldObject: old === undefined ? null : { ...typeMeta, ...old },
      dryRun: context.dryRun,
      options: options ?? null,
    },
  };
  return stringifyJson(review as unknown as JsonObject);
}

/** @throws {Fault} "invalid" for what is no answer to this question */
export function readResponse(text: string, uid: string, mutates: boolean): AdmissionResponse {
  let review: AdmissionReview | null;
  try {
    review = parseJson(text) as unknown as AdmissionReview | null;
  } catch (error) {
    throw new Fault("invalid", "read the answer of the webhook", { cause: error });
  }
  const response = review?.response;
  if (review?.kind !== "AdmissionReview" || review.apiVersion !== "admission.k8s.io/v1") {
    const got = `${review?.apiVersion ?? ""}, Kind=${review?.kind ?? ""}`;
    const want = "admission.k8s.io/v1, Kind=AdmissionReview";
    throw new Fault("invalid", `expected webhook response of ${want}, got ${got}`);
  }
  if (typeof response !== "object" || response === null) {
    throw new Fault("invalid", "webhook response was absent");
  }
  if (response.uid !== uid) {
    const words = `expected response.uid=${JSON.stringify(uid)}`;
    throw new Fault("invalid", `${words}, got ${JSON.stringify(response.uid ?? "")}`);
  }
  checkPatch(response, mutates);
  return response;
}

/** A patch says of which kind it is, and only those who may change anything send one. */
function checkPatch({ patch = "", patchType }: AdmissionResponse, mutates: boolean): void {
  const refuse = (why: string): Fault => new Fault("invalid", why);
  if (!mutates) {
    if (patch !== "") throw refuse("validating webhook may not return response.patch");
    if (patchType !== undefined) {
      throw refuse("validating webhook may not return response.patchType");
    }
    return;
  }
  if (patch !== "" && patchType === undefined) {
    throw refuse("webhook returned response.patch but not response.patchType");
  }
  if (patch === "" && patchType !== undefined) {
    throw refuse("webhook returned response.patchType but not response.patch");
  }
  if (patchType === "") throw refuse('webhook returned invalid response.patchType of ""');
}

/** What the client hears of a refusal. */
export function denial(name: string, { status }: AdmissionResponse): StatusFault {
  const by = `admission webhook ${JSON.stringify(name)} denied the request`;
  const code = Math.max(status?.code ?? 0, 400);
  const why = status?.message || status?.reason || "";
  const message = why === "" ? `${by} without explanation` : `${by}: ${why}`;
  const details = status?.details as Failure["details"];
  const reason = (status?.reason ?? "") as StatusReason;
  return new StatusFault({ code, reason, message, ...(details === undefined ? {} : { details }) });
}
