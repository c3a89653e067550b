/**
 * Names of new objects: given by the client, or made from a prefix and letters that the server
 * chooses. @throws {StatusFault} 400, 422
 */
import type { FieldError } from "@rktnetes/api/field-error";
import type { JsonObject } from "@rktnetes/api/schema";
import type { Qualified } from "@rktnetes/api/status";
import { badRequest, invalidFault } from "@rktnetes/api/status-fault";
import type { ServerHost } from "../host.ts";
import { metaText, setMeta } from "./metadata.ts";
import type { Resource } from "./resource.ts";

const PREFIX_MAX = 58;
const LETTERS = 5;

/** Puts the namespace of the path into the object. */
export function settleNamespace(resource: Resource, object: JsonObject, namespace: string): void {
  const own = metaText(object, "namespace");
  const isIgnored = !resource.kind.namespaced;
  if (own !== "" && own !== namespace && !isIgnored) {
    throw badRequest(
      "the namespace of the provided object does not match the namespace sent on the request",
    );
  }
  setMeta(object, "namespace", resource.kind.namespaced ? namespace : undefined);
}

/** Gives the object a name, where it has only the beginning of one. */
export function settleName(host: ServerHost, object: JsonObject): void {
  const prefix = metaText(object, "generateName");
  if (metaText(object, "name") !== "" || prefix === "") return;
  setMeta(object, "name", `${prefix.slice(0, PREFIX_MAX)}${host.letters(LETTERS)}`);
}

/** @throws {StatusFault} 422 when there is anything in `errors` */
export function refuseInvalid(
  resource: Resource,
  object: JsonObject,
  errors: readonly FieldError[],
): void {
  if (errors.length === 0) return;
  throw invalidFault(kindSaid(resource, object), metaText(object, "name"), errors);
}

/** Objects of custom kinds say themselves what they are, and may be wrong. */
function kindSaid({ kind, kindNamed }: Resource, object: JsonObject): Qualified {
  const { kind: said } = object;
  const isCustom = kind.schema.structural !== undefined && typeof said === "string";
  return isCustom ? { ...kindNamed, name: said } : kindNamed;
}
