/** What is wrong with claims of storage. In: decoded objects. Out: field errors. Pure. */
import type { JsonObject } from "../../schema/schema.ts";
import { objectAt, readObject, readText } from "../../strategy/object-at.ts";
import { compareQuantities, parseQuantity } from "../../values/quantity.ts";
import { type Errors, immutableErrors } from "../checks.ts";
import { type FieldError, forbidden } from "../field-error.ts";
import { internalForm } from "../internal-form.ts";
import { claimSpecErrors } from "../persistent-volume-claim.ts";
import { unifiedDiff } from "../pod/spec-diff.ts";

const SPEC_TYPE = "io.k8s.api.core.v1.PersistentVolumeClaimSpec";
const WORDS =
  "spec is immutable after creation except resources.requests and volumeAttributesClassName " +
  "for bound claims";

/** In the order in which Go has them. */
const GO_ORDER = [
  "AccessModes",
  "Selector",
  "Resources",
  "VolumeName",
  "StorageClassName",
  "VolumeMode",
  "DataSource",
  "DataSourceRef",
  "VolumeAttributesClassName",
];

export function claimErrors(claim: JsonObject): Errors {
  return claimSpecErrors(readObject(claim, "spec"), "spec");
}

export function claimUpdateErrors(claim: JsonObject, old: JsonObject): Errors {
  const [spec, before] = [readObject(claim, "spec"), readObject(old, "spec")];
  const errors: FieldError[] = [...claimErrors(claim)];
  const allowed = structuredClone(spec);
  if (readText(before, "volumeName") === "") copy(allowed, before, "volumeName");
  if (mayGetClass(spec, before)) copy(allowed, before, "storageClassName");
  const isBound = readText(readObject(old, "status"), "phase") === "Bound";
  if (isBound) {
    const wanted = objectAt(objectAt(allowed, "resources"), "requests");
    copy(wanted, readObject(readObject(before, "resources"), "requests"), "storage");
    copy(allowed, before, "volumeAttributesClassName");
    errors.push(...shrinkErrors(spec, old));
  }
  const [shownBefore, shownNow] = [shown(before), shown(allowed)];
  if (shownBefore !== shownNow)
    errors.push(forbidden("spec", `${WORDS}\n${unifiedDiff(shownBefore, shownNow)}`));
  errors.push(...immutableErrors("volumeMode", spec["volumeMode"], before["volumeMode"]));
  return errors;
}

/** A claim without a class may get one, as long as it has no volume. */
function mayGetClass(spec: JsonObject, before: JsonObject): boolean {
  return before["storageClassName"] === undefined && spec["storageClassName"] !== undefined;
}

function copy(to: JsonObject, from: JsonObject, field: string): void {
  const value = from[field];
  if (value === undefined) delete to[field];
  else to[field] = value;
}

function shrinkErrors(spec: JsonObject, old: JsonObject): Errors {
  const storage = (from: JsonObject, side: string): string =>
    readText(readObject(readObject(from, "resources"), side), "storage");
  const wanted = storage(spec, "requests");
  const before = storage(readObject(old, "spec"), "requests");
  if (wanted === "" || before === "") return [];
  if (compareQuantities(parseQuantity(wanted), parseQuantity(before)) >= 0) return [];
  const has = readText(readObject(readObject(old, "status"), "capacity"), "storage");
  const isAboveHad = has !== "" && compareQuantities(parseQuantity(wanted), parseQuantity(has)) > 0;
  if (isAboveHad) return [];
  const why = "field can not be less than status.capacity";
  return [forbidden("spec.resources.requests.storage", why)];
}

function shown(spec: JsonObject): string {
  const whole = internalForm(SPEC_TYPE, spec);
  const out: JsonObject = {};
  for (const name of GO_ORDER) out[name] = whole[name] ?? null;
  return JSON.stringify(out, null, 1);
}
