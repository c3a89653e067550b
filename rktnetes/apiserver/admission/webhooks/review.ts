/**
 * What a webhook is asked, and what its answer means. In: an admission request, or the text of an
 * answer. Out: JSON, or a verdict. @see admission.k8s.io/v1 AdmissionReview
 */
import { parseJson, stringifyJson } from "@rktnetes/api/codec/json";
import type { JsonObject } from "@rktnetes/api/schema";
import { StatusFault } from "@rktnetes/api/status-fault";
import type { StatusReason } from "@rktnetes/api/status";
import type { AdmissionResponse, AdmissionReview } from "@rktnetes/api/types/admission-v1";
import { Fault } from "@shared/base";
import type { AdmissionRequest } from "../admission.ts";
import { formOf, nameOf } from "../subject.ts";

const OPTIONS: Readonly<Record<AdmissionRequest["operation"], string>> = {
  CREATE: "CreateOptions",
  UPDATE: "UpdateOptions",
  DELETE: "DeleteOptions",
  CONNECT: "",
};

export function reviewText(request: AdmissionRequest, uid: string): string {
  const { resource, operation, namespace, subresource, object, old, context } = request;
  const form = formOf(request);
  const { group, version, resource: plural } = resource.kind;
  const { name, uid: userId, groups, extra } = context.user;
  const gvk = { group: form.group, version: form.version, kind: form.kind };
  const gvr = { group, version, resource: plural };
  const typeMeta = { kind: form.kind, apiVersion: form.apiVersion };
  const below = subresource === "" ? {} : { subResource: subresource };
  const requestBelow = subresource === "" ? {} : { requestSubResource: subresource };
  const optionsKind = OPTIONS[operation];
  const review = {
    kind: "AdmissionReview",
    apiVersion: "admission.k8s.io/v1",
    request: {
      uid,
      kind: gvk,
      resource: gvr,
      ...below,
      requestKind: gvk,
      requestResource: gvr,
      ...requestBelow,
      name: nameOf(request),
      namespace,
      operation,
      userInfo: { username: name, uid: userId, groups: [...groups], extra: { ...extra } },
      object: object === undefined ? null : { ...typeMeta, ...object },
      oldObject: old === undefined ? null : { ...typeMeta, ...old },
      dryRun: context.dryRun,
      options: optionsKind === "" ? null : { kind: optionsKind, apiVersion: "meta.k8s.io/v1" },
    },
  };
  return stringifyJson(review as unknown as JsonObject);
}

/** @throws {Fault} "invalid" for what is no answer to this question */
export function readResponse(text: string, uid: string): AdmissionResponse {
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
  return response;
}

/** What the client hears of a refusal. */
export function denial(name: string, { status }: AdmissionResponse): StatusFault {
  const by = `admission webhook ${JSON.stringify(name)} denied the request`;
  const code = Math.max(status?.code ?? 0, 400);
  const why = status?.message || status?.reason || "";
  const message = why === "" ? `${by} without explanation` : `${by}: ${why}`;
  return new StatusFault({ code, reason: (status?.reason ?? "") as StatusReason, message });
}
