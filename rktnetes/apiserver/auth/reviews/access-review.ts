/** What a SubjectAccessReview asks for, and whether it asks for anything that can be answered. */
import { type FieldError, invalid } from "@rktnetes/api/field-error";
import type { JsonObject } from "@rktnetes/api/schema";
import { invalidFault } from "@rktnetes/api/status-fault";
import type {
  FieldSelectorAttributes,
  NonResourceAttributes,
  ResourceAttributes,
  SubjectAccessReviewSpec,
} from "@rktnetes/api/types/authorization-v1";
import type { Attributes } from "../user.ts";

export interface ReviewPlace {
  /** Of a LocalSubjectAccessReview; empty for the others. */
  readonly namespace: string;
  /** The user asks about itself. */
  readonly self: boolean;
}

/** @throws {StatusFault} 422 */
export function checkAccessReview(spec: SubjectAccessReviewSpec, place: ReviewPlace): void {
  const errors = [...specErrors(spec, place.self), ...localErrors(spec, place.namespace)];
  if (errors.length > 0)
    throw invalidFault({ group: "authorization.k8s.io", name: "" }, "", errors);
}

const NON_RESOURCE = "spec.nonResourceAttributes";
const RESOURCE = "spec.resourceAttributes";

function specErrors(spec: SubjectAccessReviewSpec, self: boolean): readonly FieldError[] {
  const { resourceAttributes, nonResourceAttributes, user = "", groups = [] } = spec;
  const errors: FieldError[] = [];
  if (resourceAttributes !== undefined && nonResourceAttributes !== undefined) {
    const why = "cannot be specified in combination with resourceAttributes";
    errors.push(invalid(NON_RESOURCE, goShape(nonResourceAttributes), why));
  }
  if (resourceAttributes === undefined && nonResourceAttributes === undefined) {
    const why = "exactly one of nonResourceAttributes or resourceAttributes must be specified";
    errors.push(invalid(RESOURCE, null, why));
  }
  if (!self && user === "" && groups.length === 0) {
    errors.push(invalid("spec.user", "", "at least one of user or group must be specified"));
  }
  return [...errors, ...selectorErrors(resourceAttributes)];
}

function localErrors(spec: SubjectAccessReviewSpec, namespace: string): readonly FieldError[] {
  if (namespace === "") return [];
  const { resourceAttributes, nonResourceAttributes } = spec;
  const errors: FieldError[] = [];
  const named = resourceAttributes?.namespace ?? "";
  if (resourceAttributes !== undefined && named !== namespace) {
    errors.push(invalid(`${RESOURCE}.namespace`, named, "must match metadata.namespace"));
  }
  if (nonResourceAttributes !== undefined) {
    const why = "disallowed on this kind of request";
    errors.push(invalid(NON_RESOURCE, goShape(nonResourceAttributes), why));
  }
  return errors;
}

function goShape({ path = "", verb = "" }: NonResourceAttributes): JsonObject {
  return { Path: path, Verb: verb };
}

function selectorErrors(attributes: ResourceAttributes | undefined): readonly FieldError[] {
  const errors: FieldError[] = [];
  for (const name of ["fieldSelector", "labelSelector"] as const) {
    const selector = attributes?.[name];
    const raw = selector?.rawSelector ?? "";
    if (raw === "" || (selector?.requirements ?? []).length === 0) continue;
    const why = "may not specified at the same time as requirements";
    errors.push(invalid(`${RESOURCE}.${name}.rawSelector`, raw, why));
  }
  return errors;
}

export function attributesOfReview(spec: SubjectAccessReviewSpec): Attributes {
  const { resourceAttributes: asked, nonResourceAttributes } = spec;
  const { path = "", verb = "" } = nonResourceAttributes ?? {};
  const attributes = {
    verb: asked?.verb ?? verb,
    isResource: asked !== undefined,
    path,
    group: asked?.group ?? "",
    version: asked?.version ?? "",
    namespace: asked?.namespace ?? "",
    resource: asked?.resource ?? "",
    subresource: asked?.subresource ?? "",
    name: asked?.name ?? "",
  };
  return { ...attributes, fieldSelector: selectorText(asked?.fieldSelector) };
}

function selectorText(selector: FieldSelectorAttributes | undefined): string {
  if (selector === undefined) return "";
  const { rawSelector = "", requirements = [] } = selector;
  if (rawSelector !== "") return rawSelector;
  return requirements
    .filter(({ operator, values }) => operator === "In" && (values ?? []).length === 1)
    .map(({ key, values }) => `${key}=${values?.[0] ?? ""}`)
    .join(",");
}
