/**
 * What is wrong with changes of pods through paths of their own: status, ephemeral containers,
 * resources. In: a pod as it would be and as it is. Out: field errors in Kubernetes' order. Pure.
 */
import { qualityOfService } from "../../defaults/quality-of-service.ts";
import type { JsonObject } from "../../schema/schema.ts";
import { readList, readNumber, readObject, readText } from "../../strategy/object-at.ts";
import type { Errors } from "../checks.ts";
import { type FieldError, forbidden, invalid } from "../field-error.ts";
import { internalForm } from "../internal-form.ts";
import { podContentErrors } from "./pod.ts";
import { unifiedDiff } from "./spec-diff.ts";

export function podStatusErrors(pod: JsonObject, old: JsonObject): Errors {
  const [status, before] = [readObject(pod, "status"), readObject(old, "status")];
  const errors: FieldError[] = [];
  const quality = readText(status, "qosClass");
  if (quality !== readText(before, "qosClass"))
    errors.push(invalid("status.qosClass", quality, "field is immutable"));
  const seen = readNumber(status, "observedGeneration") ?? 0;
  if (seen < 0)
    errors.push(invalid("status.observedGeneration", seen, "must be a non-negative integer"));
  return errors;
}

const EPHEMERAL = "spec.ephemeralContainers";
const EPHEMERAL_TYPE = "io.k8s.api.core.v1.EphemeralContainer";

/** They come, and stay as they came. */
export function ephemeralErrors(pod: JsonObject, old: JsonObject): Errors {
  const now = readList(readObject(pod, "spec"), "ephemeralContainers");
  const before = readList(readObject(old, "spec"), "ephemeralContainers");
  const changes = before.flatMap((container): Errors => {
    const name = readText(container, "name");
    const found = now.find((each) => readText(each, "name") === name);
    const what = `existing ephemeral containers ${JSON.stringify(name)} may not be`;
    if (found === undefined) return [forbidden(EPHEMERAL, `${what} removed\n`)];
    const [one, other] = [shownContainer(container), shownContainer(found)];
    if (one === other) return [];
    return [forbidden(EPHEMERAL, `${what} changed\n${unifiedDiff(one, other)}`)];
  });
  return [...podContentErrors(pod), ...changes];
}

function shownContainer(container: JsonObject): string {
  return JSON.stringify(internalForm(EPHEMERAL_TYPE, container), undefined, 1);
}

const SORTS = ["containers", "initContainers"] as const;
const SIDES = ["limits", "requests"] as const;

/** Of a running pod only cpu and memory may change, and not how good its service is. */
export function resizeErrors(pod: JsonObject, old: JsonObject): Errors {
  const [spec, before] = [readObject(pod, "spec"), readObject(old, "spec")];
  const errors: FieldError[] = [...podContentErrors(pod)];
  const quality = qualityOfService(spec);
  if (quality !== qualityOfService(before)) {
    const why = "Pod QOS Class may not change as a result of resizing";
    errors.push(invalid("spec", quality, why));
  }
  for (const sort of SORTS) errors.push(...removalErrors(spec, before, sort));
  const isOther = SORTS.some((sort) => othersOf(spec, sort) !== othersOf(before, sort));
  if (isOther) errors.push(forbidden("spec", "only cpu and memory resources are mutable"));
  return errors;
}

function removalErrors(spec: JsonObject, before: JsonObject, sort: string): Errors {
  const old = readList(before, sort);
  return readList(spec, sort).flatMap((container, at) =>
    SIDES.flatMap((side) => {
      const had = amountsOf(old[at] ?? {}, side);
      const has = amountsOf(container, side);
      const isGone = ["cpu", "memory"].some(
        (name) => had[name] !== undefined && has[name] === undefined,
      );
      const why = `resource ${side} cannot be removed`;
      return isGone ? [forbidden(`spec.${sort}[${at}].resources.${side}`, why)] : [];
    }),
  );
}

function amountsOf(container: JsonObject, side: string): JsonObject {
  return readObject(readObject(container, "resources"), side);
}

/** All that a resize may not touch, as text to compare. */
function othersOf(spec: JsonObject, sort: string): string {
  const others = readList(spec, sort).map((container) =>
    SIDES.map((side) => {
      const { cpu: _cpu, memory: _memory, ...rest } = amountsOf(container, side);
      return Object.entries(rest).toSorted(([a], [b]) => (a < b ? -1 : 1));
    }),
  );
  return JSON.stringify(others);
}
