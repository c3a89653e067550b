/**
 * What may change in a pod that is there. In: the pod as wanted and as it is. Out: field errors in
 * Kubernetes' order. Pure.
 */
import type { Json, JsonObject } from "../../schema/schema.ts";
import { readList, readNumber, readObject, readText } from "../../strategy/object-at.ts";
import { isSameJson } from "../../values/same-json.ts";
import { type Errors, INT32_MAX, rangeErrors } from "../checks.ts";
import { type FieldError, forbidden, invalid, required } from "../field-error.ts";
import { internalPodSpec } from "../internal-form.ts";
import { podContentErrors } from "./pod.ts";
import { unifiedDiff } from "./spec-diff.ts";

const CHANGEABLE =
  "`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`," +
  "`spec.tolerations` (only additions to existing tolerations)," +
  "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

export function podUpdateErrors(pod: JsonObject, old: JsonObject): Errors {
  const spec = readObject(pod, "spec");
  const before = readObject(old, "spec");
  const errors: FieldError[] = [...podContentErrors(pod)];
  for (const sort of ["containers", "initContainers"] as const) {
    const path = `spec.${sort}`;
    if (readList(spec, sort).length !== readList(before, sort).length)
      return [...errors, forbidden(path, "pod updates may not add or remove containers")];
    errors.push(...imageErrors(spec, sort));
  }
  errors.push(
    ...deadlineErrors(spec, before),
    ...tolerationErrors(spec, before),
    ...gateErrors(spec, before),
  );
  if (isSameJson(spec, before)) return errors;
  const munged = structuredClone(spec);
  takeBackImages(munged, before);
  takeBack(munged, before, "activeDeadlineSeconds");
  takeBack(munged, before, "tolerations");
  takeBack(munged, before, "schedulingGates");
  if ((readNumber(before, "terminationGracePeriodSeconds") ?? 0) < 0)
    takeBack(munged, before, "terminationGracePeriodSeconds");
  if (readList(before, "schedulingGates").length > 0) {
    const changes = gatedErrors(munged, before);
    errors.push(...changes);
  }
  if (isSameJson(munged, before)) return errors;
  const shown = (value: JsonObject): string => JSON.stringify(internalPodSpec(value), undefined, 1);
  const changes = unifiedDiff(shown(before), shown(munged));
  const what = `pod updates may not change fields other than ${CHANGEABLE}`;
  return [...errors, forbidden("spec", `${what}\n${changes}`)];
}

/** Told of twice, as clients know it. */
function imageErrors(spec: JsonObject, sort: string): Errors {
  return readList(spec, sort).flatMap((container, at) =>
    readText(container, "image").trim() === "" ? [required(`spec.${sort}[${at}].image`)] : [],
  );
}

function takeBack(munged: JsonObject, before: JsonObject, name: string): void {
  const value = before[name];
  if (value === undefined) delete munged[name];
  else munged[name] = structuredClone(value);
}

function takeBackImages(munged: JsonObject, before: JsonObject): void {
  for (const sort of ["containers", "initContainers"] as const) {
    const old = readList(before, sort);
    for (const [at, container] of readList(munged, sort).entries())
      container["image"] = old[at]?.["image"] ?? "";
  }
}

function deadlineErrors(spec: JsonObject, before: JsonObject): Errors {
  const field = "spec.activeDeadlineSeconds";
  const deadline = readNumber(spec, "activeDeadlineSeconds");
  const old = readNumber(before, "activeDeadlineSeconds");
  if (deadline === undefined) {
    const why = "must not update from a positive integer to nil value";
    return old === undefined ? [] : [invalid(field, null, why)];
  }
  const errors = rangeErrors(field, deadline, [0, INT32_MAX]);
  if (errors.length > 0 || old === undefined || deadline <= old) return errors;
  return [invalid(field, deadline, "must be less than or equal to previous value")];
}

/** A toleration that is there may only last another time. */
function tolerationErrors(spec: JsonObject, before: JsonObject): Errors {
  const now = readList(spec, "tolerations").map(withoutSeconds);
  const isKept = readList(before, "tolerations").every((old) =>
    now.some((toleration) => isSameJson(toleration, withoutSeconds(old))),
  );
  if (isKept) return [];
  const why = "existing toleration can not be modified except its tolerationSeconds";
  return [forbidden("spec.tolerations", why)];
}

function withoutSeconds(toleration: JsonObject): JsonObject {
  const { tolerationSeconds: _seconds, ...rest } = toleration;
  return rest;
}

function gateErrors(spec: JsonObject, before: JsonObject): Errors {
  const old = readList(before, "schedulingGates").map((gate) => readText(gate, "name"));
  return readList(spec, "schedulingGates").flatMap((gate, at) => {
    const name = readText(gate, "name");
    if (old.includes(name)) return [];
    const why = `only deletion is allowed, but found new scheduling gate '${name}'`;
    return [forbidden(`spec.schedulingGates[${at}].name`, why)];
  });
}

/** While gates are there, where the pod may run can still be narrowed. */
function gatedErrors(munged: JsonObject, before: JsonObject): Errors {
  const errors: FieldError[] = [...nodeSelectorErrors(munged, before)];
  takeBack(munged, before, "nodeSelector");
  errors.push(...nodeAffinityErrors(munged, before));
  const affinity = readObject(before, "affinity")["nodeAffinity"];
  restoreNodeAffinity(munged, before, affinity);
  return errors;
}

function restoreNodeAffinity(munged: JsonObject, before: JsonObject, old: Json | undefined): void {
  const affinity = { ...readObject(munged, "affinity") };
  if (old === undefined) delete affinity["nodeAffinity"];
  else affinity["nodeAffinity"] = old;
  if (Object.keys(affinity).length === 0 && before["affinity"] === undefined)
    delete munged["affinity"];
  else munged["affinity"] = affinity;
}

function nodeSelectorErrors(spec: JsonObject, before: JsonObject): Errors {
  const now = readObject(spec, "nodeSelector");
  const old = readObject(before, "nodeSelector");
  if (Object.keys(old).every((key) => now[key] === old[key])) return [];
  const why = "only additions to spec.nodeSelector are allowed (no mutations or deletions)";
  return [invalid("spec.nodeSelector", now, why)];
}

const REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution";

function nodeAffinityErrors(spec: JsonObject, before: JsonObject): Errors {
  const old = readObject(readObject(readObject(before, "affinity"), "nodeAffinity"), REQUIRED);
  const now = readObject(readObject(readObject(spec, "affinity"), "nodeAffinity"), REQUIRED);
  const terms = readList(old, "nodeSelectorTerms");
  if (terms.length === 0) return [];
  const field = `spec.affinity.nodeAffinity.${REQUIRED}.nodeSelectorTerms`;
  const wanted = readList(now, "nodeSelectorTerms");
  if (wanted.length !== terms.length) {
    const why = "no additions/deletions to non-empty NodeSelectorTerms list are allowed";
    return [invalid(field, [...wanted], why)];
  }
  return terms.flatMap((term, at) => {
    const isNarrower = (["matchExpressions", "matchFields"] as const).every((part) =>
      readList(term, part).every((one, index) =>
        isSameJson(readList(wanted[at] ?? {}, part)[index], one),
      ),
    );
    const why = "only additions are allowed (no mutations or deletions)";
    return isNarrower ? [] : [invalid(`${field}[${at}]`, wanted[at] ?? {}, why)];
  });
}
