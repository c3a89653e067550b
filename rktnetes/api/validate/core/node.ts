/** What is wrong with nodes. In: decoded objects. Out: field errors. Pure. */
import type { JsonObject } from "../../schema/schema.ts";
import { labelValueProblems } from "../../selectors/label-syntax.ts";
import { readList, readObject, readText, readTexts } from "../../strategy/object-at.ts";
import { isSameJson } from "../../values/same-json.ts";
import { cidrErrors } from "../addresses.ts";
import { type Errors, qualifiedNameErrors, requiredChoice } from "../checks.ts";
import { duplicate, type FieldError, forbidden, invalid } from "../field-error.ts";
import { internalForm } from "../internal-form.ts";
import { TAINT_EFFECTS } from "../pod/affinity.ts";
import { amountErrors } from "../pod/resources.ts";

export function nodeErrors(node: JsonObject): Errors {
  const spec = readObject(node, "spec");
  return [
    ...taintErrors(readList(spec, "taints"), "metadata.taints"),
    ...resourceErrors(node),
    ...rangeErrors(readTexts(spec, "podCIDRs"), "spec.podCIDRs"),
  ];
}

function taintErrors(taints: readonly JsonObject[], whole: string): Errors {
  const seen = new Set<string>();
  return taints.flatMap((taint, at) => {
    const field = `${whole}[${at}]`;
    const key = readText(taint, "key");
    const value = readText(taint, "value");
    const problems = labelValueProblems(value);
    const errors: FieldError[] = [...qualifiedNameErrors(`${field}.key`, key)];
    if (problems.length > 0) errors.push(invalid(`${field}.value`, value, problems.join(";")));
    errors.push(...requiredChoice(`${field}.effect`, taint["effect"], TAINT_EFFECTS));
    const pair = `${key}:${readText(taint, "effect")}`;
    if (seen.has(pair)) {
      const shown = internalForm("io.k8s.api.core.v1.Taint", taint);
      errors.push(duplicate(field, shown, "taints must be unique by key and effect pair"));
    }
    seen.add(pair);
    return errors;
  });
}

function resourceErrors(node: JsonObject): Errors {
  const status = readObject(node, "status");
  return ["capacity", "allocatable"].flatMap((part) =>
    Object.entries(readObject(status, part)).flatMap(([name, amount]) =>
      amountErrors(`status.${part}.${name}`, name, amount),
    ),
  );
}

function rangeErrors(ranges: readonly string[], field: string): Errors {
  const errors: FieldError[] = ranges.flatMap((range, at) => cidrErrors(`${field}[${at}]`, range));
  if (errors.length > 0 || ranges.length < 2) return errors;
  const families = new Set(ranges.map((range) => range.includes(":")));
  if (ranges.length > 2 || families.size < 2) {
    const why = "may specify no more than one CIDR for each IP family";
    errors.push(invalid(field, [...ranges], why));
  }
  return errors;
}

const FIXED = 'except from "" to valid';
const CHANGEABLE = ["taints", "unschedulable", "podCIDR", "podCIDRs", "providerID"] as const;

export function nodeUpdateErrors(node: JsonObject, old: JsonObject): Errors {
  const spec = readObject(node, "spec");
  const before = readObject(old, "spec");
  const errors: FieldError[] = [
    ...taintErrors(readList(spec, "taints"), "metadata.taints"),
    ...resourceErrors(node),
  ];
  const ranges = readTexts(before, "podCIDRs");
  if (ranges.length > 0 && !isSameJson(spec["podCIDRs"], before["podCIDRs"]))
    errors.push(forbidden("spec.podCIDRs", `node updates may not change podCIDR ${FIXED}`));
  const provider = readText(before, "providerID");
  if (provider !== "" && readText(spec, "providerID") !== provider)
    errors.push(forbidden("spec.providerID", `node updates may not change providerID ${FIXED}`));
  const [after, then] = [{ ...spec }, { ...before }];
  for (const name of CHANGEABLE) {
    delete after[name];
    delete then[name];
  }
  if (isSameJson(after, then)) return errors;
  const why =
    "node updates may only change labels, taints, or capacity (or configSource, if the " +
    "DynamicKubeletConfig feature gate is enabled)";
  return [...errors, forbidden("[]", why)];
}
