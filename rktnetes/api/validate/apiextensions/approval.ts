/**
 * Whether a definition in a group of the Kubernetes project was agreed to there. In: a definition.
 * Out: what its annotation says; undefined for other groups, which need no consent. Pure.
 */
import type { JsonObject } from "../../schema/schema.ts";
import { readObject, readText } from "../../strategy/object-at.ts";

/** The annotation that says so: a URL, or a reason for doing without. */
export const APPROVED = "api-approved.kubernetes.io";

const SEE = "https://github.com/kubernetes/enhancements/pull/1111";

/** As a condition of the definition says it. */
export interface Approval {
  readonly reason:
    | "ApprovedAnnotation"
    | "InvalidAnnotation"
    | "MissingAnnotation"
    | "UnapprovedAnnotation";
  readonly message: string;
}

/** What the annotation says, in the words of conditions and of field errors. */
export function approvalOf(definition: JsonObject): Approval | undefined {
  const group = readText(readObject(definition, "spec"), "group");
  if (!/(^|\.)(k8s|kubernetes)\.io$/.test(group)) return undefined;
  const annotations = readObject(readObject(definition, "metadata"), "annotations");
  const value = readText(annotations, APPROVED);
  const needed = `protected groups must have approval annotation "${APPROVED}"`;
  if (value === "") return { reason: "MissingAnnotation", message: `${needed}, see ${SEE}` };
  if (value.startsWith("unapproved")) {
    return { reason: "UnapprovedAnnotation", message: `not approved: ${JSON.stringify(value)}` };
  }
  if (isWhole(value)) return { reason: "ApprovedAnnotation", message: `approved in ${value}` };
  const wanted = 'with either a URL or a reason starting with "unapproved"';
  return { reason: "InvalidAnnotation", message: `${needed} ${wanted}, see ${SEE}` };
}

function isWhole(text: string): boolean {
  return URL.canParse(text) && new URL(text).host !== "";
}
