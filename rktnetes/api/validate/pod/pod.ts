/** What is wrong with a new pod. In: a decoded pod with defaults. Out: field errors. Pure. */
import type { JsonObject } from "../../schema/schema.ts";
import { readList, readObject, readText } from "../../strategy/object-at.ts";
import type { Errors } from "../checks.ts";
import { type FieldError, forbidden, goQuote, invalid } from "../field-error.ts";
import { podSpecErrors } from "./pod-spec.ts";

export function podErrors(pod: JsonObject): Errors {
  const spec = readObject(pod, "spec");
  const errors: FieldError[] = [...podContentErrors(pod)];
  if (readList(spec, "ephemeralContainers").length > 0)
    errors.push(forbidden("spec.ephemeralContainers", "cannot be set on create"));
  if (readText(spec, "nodeName") !== "" && readList(spec, "schedulingGates").length > 0)
    errors.push(
      forbidden("spec.nodeName", "cannot be set until all schedulingGates have been cleared"),
    );
  return errors;
}

/** Of pods, new ones and changed ones. */
export function podContentErrors(pod: JsonObject): Errors {
  const spec = readObject(pod, "spec");
  return [
    ...appArmorErrors(pod, spec),
    ...podSpecErrors(spec, "spec"),
    ...tokenErrors(spec),
    ...(["containers", "initContainers"] as const).flatMap((sort) => paddingErrors(spec, sort)),
  ];
}

function tokenErrors(spec: JsonObject): Errors {
  if (readText(spec, "serviceAccountName") !== "") return [];
  const why = "must not be specified when serviceAccountName is not set";
  return readList(spec, "volumes").flatMap((volume, at) =>
    readList(readObject(volume, "projected"), "sources").flatMap((source, index) => {
      if (source["serviceAccountToken"] === undefined) return [];
      const path = `spec.volumes[${at}].projected.sources[${index}].serviceAccountToken`;
      return [forbidden(path, why)];
    }),
  );
}

function paddingErrors(spec: JsonObject, sort: string): Errors {
  return readList(spec, sort).flatMap((container, at) => {
    const image = readText(container, "image");
    if (image.trim() === image) return [];
    const why = "must not have leading or trailing whitespace";
    return [invalid(`spec.${sort}[${at}].image`, image, why)];
  });
}

const APP_ARMOR = "container.apparmor.security.beta.kubernetes.io/";

/** Profiles in annotations, as old pods have them. */
function appArmorErrors(pod: JsonObject, spec: JsonObject): Errors {
  const annotations = readObject(readObject(pod, "metadata"), "annotations");
  const names = (["containers", "initContainers", "ephemeralContainers"] as const).flatMap((sort) =>
    readList(spec, sort).map((container) => readText(container, "name")),
  );
  return Object.keys(annotations).flatMap((key) => {
    if (!key.startsWith(APP_ARMOR)) return [];
    const field = `metadata.annotations[${key}]`;
    const container = key.slice(APP_ARMOR.length);
    const profile = readText(annotations, key);
    const errors: FieldError[] = [];
    if (!names.includes(container)) errors.push(invalid(field, container, "container not found"));
    if (!/^(|runtime\/default|unconfined|localhost\/.*)$/s.test(profile))
      errors.push(invalid(field, profile, `invalid AppArmor profile name: ${goQuote(profile)}`));
    return errors;
  });
}
