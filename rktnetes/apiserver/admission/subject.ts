/** What an admission request is about, in the words of its plug-ins; and how they refuse it. */
import type { JsonObject } from "@rktnetes/api/schema";
import { forbiddenFault, type StatusFault } from "@rktnetes/api/status-fault";
import { metaText } from "../registry/metadata.ts";
import { apiVersionOf } from "../registry/resource.ts";
import type { AdmissionRequest, SentBody } from "./admission.ts";

/** `/pods`, `/pods/status`, `apps/deployments`. */
export function targetOf({ resource, subresource }: AdmissionRequest): string {
  const { group, resource: plural } = resource.kind;
  return subresource === "" ? `${group}/${plural}` : `${group}/${plural}/${subresource}`;
}

/** What the objects of a request are. */
export function formOf({ resource, body }: AdmissionRequest): SentBody & { apiVersion: string } {
  const { group, version, kind, schema } = body ?? resource.kind;
  return { group, version, kind, schema, apiVersion: apiVersionOf({ group, version }) };
}

/** Defaults that are more than data; what a sub-resource takes has none. */
export function setDefaults({ resource, body }: AdmissionRequest, object: JsonObject): void {
  if (body === undefined) resource.strategy.setDefaults?.(object);
}

/** True for a creation of this resource itself. */
export function isCreate(request: AdmissionRequest, target: string): boolean {
  return request.operation === "CREATE" && targetOf(request) === target;
}

/** 403 in the name of a plug-in. */
export function refused(request: AdmissionRequest, why: string): StatusFault {
  return forbiddenFault(request.resource.named, nameOf(request), why);
}

/** The object's name, or what its name will begin with. */
export function nameOf({ name, object }: AdmissionRequest): string {
  if (name !== "" || object === undefined) return name;
  return metaText(object, "name") || metaText(object, "generateName");
}

/** An object as its generated type: it was decoded by the schema that the type comes from. */
export function typed<T extends object>(object: JsonObject | undefined): Decoded<T> {
  return object as unknown as T;
}

type Decoded<T extends object> = T;

/** The newest of the objects that an annotation marks; by name where they are as old. */
export function newestMarked<T extends Marked>(
  objects: readonly T[],
  annotations: readonly string[],
): T | undefined {
  const marked = objects.filter(({ metadata }) =>
    annotations.some((annotation) => metadata?.annotations?.[annotation] === "true"),
  );
  const age = ({ metadata }: Marked): string => metadata?.creationTimestamp ?? "";
  const name = ({ metadata }: Marked): string => metadata?.name ?? "";
  return marked.sort((left, right) => {
    if (age(left) !== age(right)) return age(left) > age(right) ? -1 : 1;
    return name(left) < name(right) ? -1 : 1;
  })[0];
}

interface Marked {
  readonly metadata?: {
    readonly name?: string;
    readonly creationTimestamp?: string | null;
    readonly annotations?: Readonly<Record<string, string>>;
  };
}
