/**
 * What a sub-resource takes, as admission sees it: a Binding of a pod, the Scale of a deployment.
 * In: the write, the object and its kind. Out: a request that plug-ins, policies and webhooks know.
 */
import type { JsonObject } from "@rktnetes/api/schema";
import type { AdmissionRequest, SentBody } from "../../admission/admission.ts";
import { writeContext } from "../create.ts";
import type { Registry } from "../registry.ts";
import type { Resource } from "../resource.ts";
import type { WriteRequest } from "../written.ts";

export interface Special {
  /** Whose sub-resource it is. */
  readonly resource: Resource;
  readonly body: SentBody;
  readonly object: JsonObject;
  /** What is there already, of the same kind; undefined for what is only posted. */
  readonly old?: JsonObject;
}

export function specialRequest(
  registry: Registry,
  write: WriteRequest,
  { resource, body, object, old }: Special,
): AdmissionRequest {
  const { namespace, name, subresource, warn, annotate, sent: options } = write;
  return {
    operation: old === undefined ? "CREATE" : "UPDATE",
    resource,
    namespace,
    name,
    subresource,
    body,
    object,
    old,
    context: writeContext(registry, write),
    options,
    annotate,
    warn,
  };
}

/** Asks everybody about what is only posted. @throws {StatusFault} */
export async function admitSpecial(
  registry: Registry,
  write: WriteRequest,
  special: Special,
): Promise<void> {
  const asked = specialRequest(registry, write, special);
  await registry.admission.mutate(asked);
  await registry.admission.validate(asked);
}
