/** Where pods may and may not run. In: decoded affinities. Out: field errors. Pure. */
import type { JsonObject } from "../../schema/schema.ts";
import { labelKeyProblems, labelValueProblems } from "../../selectors/label-syntax.ts";
import {
  findObject,
  readList,
  readNumber,
  readObject,
  readText,
  readTexts,
} from "../../strategy/object-at.ts";
import { dnsLabelProblems } from "../../values/names.ts";
import {
  choiceErrors,
  type Errors,
  labelSelectorErrors,
  problemErrors,
  qualifiedNameErrors,
  subdomainErrors,
} from "../checks.ts";
import { duplicate, type FieldError, forbidden, invalid, required } from "../field-error.ts";

const REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution";
const PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution";
const OPERATOR = "not a valid selector operator";

export function affinityErrors(spec: JsonObject, field: string): Errors {
  const affinity = readObject(spec, "affinity");
  const path = `${field}.affinity`;
  const node = findObject(affinity, "nodeAffinity");
  const errors: FieldError[] = [];
  if (node !== undefined) errors.push(...nodeAffinityErrors(node, `${path}.nodeAffinity`));
  for (const name of ["podAffinity", "podAntiAffinity"]) {
    const found = findObject(affinity, name);
    if (found !== undefined) errors.push(...podAffinityErrors(found, `${path}.${name}`));
  }
  return errors;
}

function nodeAffinityErrors(affinity: JsonObject, field: string): Errors {
  const wanted = findObject(affinity, REQUIRED);
  const errors = wanted === undefined ? [] : nodeSelectorErrors(wanted, `${field}.${REQUIRED}`);
  return [
    ...errors,
    ...readList(affinity, PREFERRED).flatMap((preferred, at) => {
      const path = `${field}.${PREFERRED}[${at}]`;
      const term = readObject(preferred, "preference");
      return [...weightErrors(preferred, path), ...nodeTermErrors(term, `${path}.preference`)];
    }),
  ];
}

function weightErrors(preferred: JsonObject, field: string): Errors {
  const weight = readNumber(preferred, "weight") ?? 0;
  if (weight >= 1 && weight <= 100) return [];
  return [invalid(`${field}.weight`, weight, "must be in the range 1-100")];
}

/** Also of persistent volumes. */
export function nodeSelectorErrors(selector: JsonObject, field: string): Errors {
  const terms = readList(selector, "nodeSelectorTerms");
  const path = `${field}.nodeSelectorTerms`;
  if (terms.length === 0) return [required(path, "must have at least one node selector term")];
  return terms.flatMap((term, at) => nodeTermErrors(term, `${path}[${at}]`));
}

function nodeTermErrors(term: JsonObject, field: string): Errors {
  const expressions = readList(term, "matchExpressions").flatMap((requirement, at) =>
    nodeRequirementErrors(requirement, `${field}.matchExpressions[${at}]`),
  );
  const fields = readList(term, "matchFields").flatMap((requirement, at) =>
    nodeFieldErrors(requirement, `${field}.matchFields[${at}]`),
  );
  return [...expressions, ...fields];
}

function nodeRequirementErrors(requirement: JsonObject, field: string): Errors {
  const key = readText(requirement, "key");
  const values = readTexts(requirement, "values").flatMap((value, at) =>
    problemErrors(`${field}.values[${at}]`, value, labelValueProblems(value)),
  );
  return [
    ...nodeOperatorErrors(requirement, field),
    ...qualifiedNameErrors(`${field}.key`, key),
    ...values,
  ];
}

function nodeOperatorErrors(requirement: JsonObject, field: string): Errors {
  const count = readTexts(requirement, "values").length;
  const operator = readText(requirement, "operator");
  const path = `${field}.values`;
  switch (operator) {
    case "In":
    case "NotIn": {
      const why = "must be specified when `operator` is 'In' or 'NotIn'";
      return count === 0 ? [required(path, why)] : [];
    }
    case "Exists":
    case "DoesNotExist": {
      const why = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
      return count > 0 ? [forbidden(path, why)] : [];
    }
    case "Gt":
    case "Lt": {
      const why = "must be specified single value when `operator` is 'Lt' or 'Gt'";
      return count === 1 ? [] : [required(path, why)];
    }
    default:
      return [invalid(`${field}.operator`, operator, OPERATOR)];
  }
}

function nodeFieldErrors(requirement: JsonObject, field: string): Errors {
  const operator = readText(requirement, "operator");
  const key = readText(requirement, "key");
  const values = readTexts(requirement, "values");
  const errors: FieldError[] = [];
  if (operator !== "In" && operator !== "NotIn")
    errors.push(invalid(`${field}.operator`, operator, OPERATOR));
  else if (values.length !== 1) {
    const why = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector";
    errors.push(required(`${field}.values`, why));
  }
  if (key !== "metadata.name")
    return [...errors, invalid(`${field}.key`, key, "not a valid field selector key")];
  for (const [at, value] of values.entries())
    errors.push(...subdomainErrors(`${field}.values[${at}]`, value));
  return errors;
}

function podAffinityErrors(affinity: JsonObject, field: string): Errors {
  const wanted = readList(affinity, REQUIRED).flatMap((term, at) =>
    podTermErrors(term, `${field}.${REQUIRED}[${at}]`),
  );
  const preferred = readList(affinity, PREFERRED).flatMap((each, at) => {
    const path = `${field}.${PREFERRED}[${at}]`;
    const term = readObject(each, "podAffinityTerm");
    return [...weightErrors(each, path), ...podTermErrors(term, `${path}.podAffinityTerm`)];
  });
  return [...wanted, ...preferred];
}

function podTermErrors(term: JsonObject, field: string): Errors {
  const errors: FieldError[] = [];
  for (const name of ["labelSelector", "namespaceSelector"]) {
    const selector = findObject(term, name);
    if (selector !== undefined) errors.push(...labelSelectorErrors(selector, `${field}.${name}`));
  }
  for (const namespace of readTexts(term, "namespaces"))
    errors.push(...problemErrors(`${field}.namespace`, namespace, dnsLabelProblems(namespace)));
  errors.push(...matchKeysErrors(term, field));
  const key = readText(term, "topologyKey");
  if (key === "") errors.push(required(`${field}.topologyKey`, "can not be empty"));
  return [...errors, ...problemErrors(`${field}.topologyKey`, key, labelKeyProblems(key))];
}

function matchKeysErrors(term: JsonObject, field: string): Errors {
  const matched = readTexts(term, "matchLabelKeys");
  const errors: FieldError[] = [];
  for (const name of ["matchLabelKeys", "mismatchLabelKeys"]) {
    const keys = readTexts(term, name);
    if (keys.length > 0 && term["labelSelector"] === undefined)
      errors.push(
        forbidden(`${field}.${name}`, "must not be specified when labelSelector is not set"),
      );
    for (const [at, key] of keys.entries())
      errors.push(...qualifiedNameErrors(`${field}.${name}[${at}]`, key));
  }
  for (const [at, key] of readTexts(term, "mismatchLabelKeys").entries()) {
    const why = "exists in both matchLabelKeys and mismatchLabelKeys";
    if (matched.includes(key)) errors.push(invalid(`${field}.mismatchLabelKeys[${at}]`, key, why));
  }
  return errors;
}

const UNSATISFIABLE = ["DoNotSchedule", "ScheduleAnyway"] as const;

export function topologySpreadErrors(spec: JsonObject, whole: string): Errors {
  const seen = new Set<string>();
  return readList(spec, "topologySpreadConstraints").flatMap((constraint, at) => {
    const field = `${whole}.topologySpreadConstraints[${at}]`;
    const key = readText(constraint, "topologyKey");
    const when = readText(constraint, "whenUnsatisfiable");
    const errors: FieldError[] = [...positiveErrors(constraint, field, "maxSkew")];
    if (key === "") errors.push(required(`${field}.topologyKey`, "can not be empty"));
    errors.push(...choiceErrors(`${field}.whenUnsatisfiable`, when, UNSATISFIABLE));
    const pair = `{${key}, ${when}}`;
    if (seen.has(pair)) errors.push(duplicate(`${field}.{topologyKey, whenUnsatisfiable}`, pair));
    seen.add(pair);
    errors.push(...minDomainsErrors(constraint, field, when));
    for (const name of ["nodeAffinityPolicy", "nodeTaintsPolicy"])
      errors.push(...choiceErrors(`${field}.${name}`, constraint[name], ["Honor", "Ignore"]));
    const selector = findObject(constraint, "labelSelector");
    errors.push(...spreadKeysErrors(constraint, field));
    if (selector !== undefined)
      errors.push(...labelSelectorErrors(selector, `${field}.labelSelector`));
    return errors;
  });
}

function positiveErrors(object: JsonObject, field: string, name: string): Errors {
  const value = readNumber(object, name) ?? 0;
  return value > 0 ? [] : [invalid(`${field}.${name}`, value, "must be greater than zero")];
}

function minDomainsErrors(constraint: JsonObject, field: string, when: string): Errors {
  const domains = constraint["minDomains"];
  if (domains === undefined) return [];
  const errors = [...positiveErrors(constraint, field, "minDomains")];
  if (when === "DoNotSchedule") return errors;
  const why = `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${when}`;
  return [...errors, invalid(`${field}.minDomains`, domains, why)];
}

function spreadKeysErrors(constraint: JsonObject, field: string): Errors {
  const path = `${field}.matchLabelKeys`;
  const keys = readTexts(constraint, "matchLabelKeys");
  if (keys.length > 0 && constraint["labelSelector"] === undefined)
    return [forbidden(path, "must not be specified when labelSelector is not set")];
  return keys.flatMap((key, at) => qualifiedNameErrors(`${path}[${at}]`, key));
}

export const TAINT_EFFECTS: readonly string[] = ["NoSchedule", "PreferNoSchedule", "NoExecute"];

export function tolerationErrors(tolerations: readonly JsonObject[], whole: string): Errors {
  return tolerations.flatMap((toleration, at) => {
    const field = `${whole}[${at}]`;
    const key = readText(toleration, "key");
    const operator = readText(toleration, "operator");
    const effect = readText(toleration, "effect");
    const errors: FieldError[] = [];
    if (key !== "") errors.push(...qualifiedNameErrors(`${field}.key`, key));
    else if (operator !== "Exists")
      errors.push(invalid(`${field}.operator`, operator, NEEDS_EXISTS));
    if (toleration["tolerationSeconds"] !== undefined && effect !== "NoExecute") {
      const why = "effect must be 'NoExecute' when `tolerationSeconds` is set";
      errors.push(invalid(`${field}.effect`, effect, why));
    }
    errors.push(...toleratedValueErrors(toleration, `${field}.operator`));
    if (effect !== "") errors.push(...choiceErrors(`${field}.effect`, effect, TAINT_EFFECTS));
    return errors;
  });
}

const NEEDS_EXISTS =
  'operator must be Exists when `key` is empty, which means "match all values and all keys"';

function toleratedValueErrors(toleration: JsonObject, field: string): Errors {
  const operator = readText(toleration, "operator");
  const value = readText(toleration, "value");
  if (operator === "" || operator === "Equal") {
    const problems = labelValueProblems(value);
    return problems.length === 0 ? [] : [invalid(field, value, problems.join(";"))];
  }
  if (operator !== "Exists") return choiceErrors(field, operator, ["Equal", "Exists"]);
  if (value === "") return [];
  return [invalid(field, value, "value must be empty when `operator` is 'Exists'")];
}
