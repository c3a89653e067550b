/** Claims of storage that come and go with a pod. In: a decoded template. Out: field errors. */
import type { JsonObject } from "../../schema/schema.ts";
import { readObject } from "../../strategy/object-at.ts";
import type { Errors } from "../checks.ts";
import { annotationsErrors, labelsErrors } from "../object-meta.ts";
import { claimSpecErrors } from "../persistent-volume-claim.ts";

export function claimTemplateErrors(template: JsonObject, field: string): Errors {
  const metadata = readObject(template, "metadata");
  return [
    ...annotationsErrors(readObject(metadata, "annotations"), `${field}.metadata.annotations`),
    ...labelsErrors(readObject(metadata, "labels"), `${field}.metadata.labels`),
    ...claimSpecErrors(readObject(template, "spec"), `${field}.spec`),
  ];
}
