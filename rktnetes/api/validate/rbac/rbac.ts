/** What is wrong with roles and their bindings. In: decoded objects. Out: field errors. Pure. */
import type { JsonObject } from "../../schema/schema.ts";
import { findObject, readList, readObject, readText, readTexts } from "../../strategy/object-at.ts";
import { pathSegmentProblems } from "../../values/names.ts";
import {
  choiceErrors,
  type Errors,
  labelSelectorErrors,
  problemErrors,
  requiredText,
  subdomainErrors,
} from "../checks.ts";
import { type FieldError, invalid, required } from "../field-error.ts";

const GROUP = "rbac.authorization.k8s.io";
const SUBJECTS = ["ServiceAccount", "User", "Group"];

export function roleErrors(role: JsonObject): Errors {
  return rulesErrors(role, true);
}

export function clusterRoleErrors(role: JsonObject): Errors {
  return [...rulesErrors(role, false), ...aggregationErrors(role)];
}

function rulesErrors(role: JsonObject, isNamespaced: boolean): Errors {
  return readList(role, "rules").flatMap((rule, at) =>
    ruleErrors(rule, `rules[${at}]`, isNamespaced),
  );
}

function ruleErrors(rule: JsonObject, field: string, isNamespaced: boolean): Errors {
  const count = (name: string): number => readTexts(rule, name).length;
  const errors: FieldError[] = [];
  if (count("verbs") === 0)
    errors.push(required(`${field}.verbs`, "verbs must contain at least one value"));
  if (count("nonResourceURLs") > 0) return [...errors, ...urlErrors(rule, field, isNamespaced)];
  if (count("apiGroups") === 0)
    errors.push(
      required(`${field}.apiGroups`, "resource rules must supply at least one api group"),
    );
  if (count("resources") === 0)
    errors.push(required(`${field}.resources`, "resource rules must supply at least one resource"));
  return errors;
}

function urlErrors(rule: JsonObject, field: string, isNamespaced: boolean): Errors {
  const where = `${field}.nonResourceURLs`;
  const urls = [...readTexts(rule, "nonResourceURLs")];
  if (isNamespaced)
    return [invalid(where, urls, "namespaced rules cannot apply to non-resource URLs")];
  const others = ["apiGroups", "resources", "resourceNames"];
  if (!others.some((name) => readTexts(rule, name).length > 0)) return [];
  const why = "rules cannot apply to both regular resources and non-resource URLs";
  return [invalid(where, urls, why)];
}

function aggregationErrors(role: JsonObject): Errors {
  const rule = findObject(role, "aggregationRule");
  if (rule === undefined) return [];
  const field = "aggregationRule.clusterRoleSelectors";
  const selectors = readList(rule, "clusterRoleSelectors");
  if (selectors.length === 0) {
    const why = "at least one clusterRoleSelector required if aggregationRule is non-nil";
    return [required(field, why)];
  }
  return selectors.flatMap((selector, at) => {
    const errors = labelSelectorErrors(selector, `${field}[${at}]`);
    if (errors.length === 0) return [];
    return [...errors, invalid(`${field}[${at}]`, null, "invalid label selector.")];
  });
}

export function roleBindingErrors(binding: JsonObject): Errors {
  return bindingErrors(binding, ["Role", "ClusterRole"], true);
}

export function clusterRoleBindingErrors(binding: JsonObject): Errors {
  return bindingErrors(binding, ["ClusterRole"], false);
}

function bindingErrors(
  binding: JsonObject,
  roles: readonly string[],
  isNamespaced: boolean,
): Errors {
  const role = readObject(binding, "roleRef");
  const name = readText(role, "name");
  return [
    ...choiceErrors("roleRef.apiGroup", readText(role, "apiGroup"), [GROUP]),
    ...choiceErrors("roleRef.kind", readText(role, "kind"), roles),
    ...(name === ""
      ? [required("roleRef.name")]
      : problemErrors("roleRef.name", name, pathSegmentProblems(name))),
    ...readList(binding, "subjects").flatMap((subject, at) =>
      subjectErrors(subject, `subjects[${at}]`, isNamespaced),
    ),
  ];
}

function subjectErrors(subject: JsonObject, field: string, isNamespaced: boolean): Errors {
  const name = readText(subject, "name");
  const kind = readText(subject, "kind");
  const group = readText(subject, "apiGroup");
  const errors = [...requiredText(subject, field, "name")];
  if (kind === "ServiceAccount") {
    if (name !== "") errors.push(...subdomainErrors(`${field}.name`, name));
    errors.push(...choiceErrors(`${field}.apiGroup`, group, [""]));
    if (!isNamespaced) errors.push(...requiredText(subject, field, "namespace"));
    return errors;
  }
  if (kind === "User" || kind === "Group")
    return [...errors, ...choiceErrors(`${field}.apiGroup`, group, [GROUP])];
  return [...errors, ...choiceErrors(`${field}.kind`, kind, SUBJECTS)];
}

/** Which role a binding gives never changes: whoever may bind one may not bind another. */
export function roleRefErrors(binding: JsonObject, old: JsonObject): Errors {
  const [role, before] = [readObject(binding, "roleRef"), readObject(old, "roleRef")];
  const fields = ["apiGroup", "kind", "name"];
  if (fields.every((field) => role[field] === before[field])) return [];
  const shown = {
    APIGroup: readText(role, "apiGroup"),
    Kind: readText(role, "kind"),
    Name: readText(role, "name"),
  };
  return [invalid("roleRef", shown, "cannot change roleRef")];
}
