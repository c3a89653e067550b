/** What is wrong with the kinds of priority and fairness. In: objects. Out: field errors. Pure. */
import type { JsonObject } from "../../schema/schema.ts";
import {
  findObject,
  readList,
  readNumber,
  readObject,
  readText,
  readTexts,
} from "../../strategy/object-at.ts";
import { choiceErrors, type Errors, requiredText, subdomainErrors } from "../checks.ts";
import { type FieldError, forbidden, invalid, notSupported, required } from "../field-error.ts";

const PRECEDENCE_MAX = 10_000;
const QUEUES_MAX = 10_000_000;
const SUBJECTS = ["Group", "ServiceAccount", "User"];

export function flowSchemaErrors(schema: JsonObject): Errors {
  const spec = readObject(schema, "spec");
  const name = readText(readObject(schema, "metadata"), "name");
  return [
    ...precedenceErrors(readNumber(spec, "matchingPrecedence") ?? 0, name),
    ...methodErrors(spec),
    ...levelErrors(readText(readObject(spec, "priorityLevelConfiguration"), "name")),
    ...readList(spec, "rules").flatMap((rule, at) => flowRuleErrors(rule, `spec.rules[${at}]`)),
  ];
}

function precedenceErrors(precedence: number, name: string): Errors {
  const field = "spec.matchingPrecedence";
  if (precedence <= 0) return [invalid(field, precedence, "must be a positive value")];
  if (precedence > PRECEDENCE_MAX)
    return [invalid(field, precedence, `must not be greater than ${PRECEDENCE_MAX}`)];
  if (precedence !== 1 || name === "exempt") return [];
  return [
    invalid(field, precedence, "only the schema named 'exempt' may have matchingPrecedence 1"),
  ];
}

function methodErrors(spec: JsonObject): Errors {
  const method = findObject(spec, "distinguisherMethod");
  if (method === undefined) return [];
  const type = readText(method, "type");
  if (["ByNamespace", "ByUser"].includes(type)) return [];
  const field = "spec.distinguisherMethod.type";
  return [notSupported(field, { Type: type }, ["ByNamespace", "ByUser"])];
}

function levelErrors(name: string): Errors {
  const field = "spec.priorityLevelConfiguration.name";
  if (name === "") return [required(field, "must reference a priority level")];
  return subdomainErrors(field, name);
}

function flowRuleErrors(rule: JsonObject, field: string): Errors {
  const errors: FieldError[] = [];
  const subjects = readList(rule, "subjects");
  if (subjects.length === 0)
    errors.push(required(`${field}.subjects`, "subjects must contain at least one value"));
  for (const [at, subject] of subjects.entries())
    errors.push(...subjectErrors(subject, `${field}.subjects[${at}]`));
  const [resources, urls] = [readList(rule, "resourceRules"), readList(rule, "nonResourceRules")];
  if (resources.length === 0 && urls.length === 0) {
    const why = "at least one of resourceRules and nonResourceRules has to be non-empty";
    errors.push(required(field, why));
  }
  for (const [at, each] of resources.entries())
    errors.push(...resourceRuleErrors(each, `${field}.resourceRules[${at}]`));
  for (const [at, each] of urls.entries())
    errors.push(...urlRuleErrors(each, `${field}.nonResourceRules[${at}]`));
  return errors;
}

function subjectErrors(subject: JsonObject, field: string): Errors {
  const kind = readText(subject, "kind");
  if (!SUBJECTS.includes(kind)) return [notSupported(`${field}.kind`, kind, SUBJECTS)];
  const name = kind === "ServiceAccount" ? "serviceAccount" : kind.toLowerCase();
  const who = findObject(subject, name);
  if (who === undefined) {
    const why = `${name} is required when subject kind is '${kind}'`;
    return [required(`${field}.${name}`, why)];
  }
  const needed = kind === "ServiceAccount" ? ["name", "namespace"] : ["name"];
  return needed.flatMap((each) => requiredText(who, `${field}.${name}`, each));
}

function verbErrors(rule: JsonObject, field: string): Errors {
  const verbs = readTexts(rule, "verbs");
  if (verbs.length === 0)
    return [required(`${field}.verbs`, "verbs must contain at least one value")];
  return starErrors(rule, field, "verbs");
}

function starErrors(rule: JsonObject, field: string, name: string): Errors {
  const values = [...readTexts(rule, name)];
  if (!values.includes("*") || values.length === 1) return [];
  const why = "if '*' is present, must not specify other ";
  const what = { verbs: "verbs", apiGroups: "api groups", resources: "resources" }[name];
  return [invalid(`${field}.${name}`, values, `${why}${what ?? "non-resource URLs"}`)];
}

function resourceRuleErrors(rule: JsonObject, field: string): Errors {
  const errors: FieldError[] = [...verbErrors(rule, field)];
  if (readTexts(rule, "apiGroups").length === 0)
    errors.push(
      required(`${field}.apiGroups`, "resource rules must supply at least one api group"),
    );
  else errors.push(...starErrors(rule, field, "apiGroups"));
  if (readTexts(rule, "resources").length === 0)
    errors.push(required(`${field}.resources`, "resource rules must supply at least one resource"));
  else errors.push(...starErrors(rule, field, "resources"));
  if (readTexts(rule, "namespaces").length === 0 && rule["clusterScope"] !== true) {
    const why = "resource rules that are not cluster scoped must supply at least one namespace";
    errors.push(required(`${field}.namespaces`, why));
  }
  return errors;
}

function urlRuleErrors(rule: JsonObject, field: string): Errors {
  const urls = readTexts(rule, "nonResourceURLs");
  const why = "nonResourceURLs must contain at least one value";
  return [
    ...verbErrors(rule, field),
    ...(urls.length === 0 ? [required(`${field}.nonResourceURLs`, why)] : []),
    ...starErrors(rule, field, "nonResourceURLs"),
  ];
}

export function priorityLevelErrors(level: JsonObject): Errors {
  const spec = readObject(level, "spec");
  const name = readText(readObject(level, "metadata"), "name");
  const type = readText(spec, "type");
  const errors: FieldError[] = [];
  if ((type === "Exempt") !== (name === "exempt") && ["Exempt", "Limited"].includes(type)) {
    const why = "must be 'Exempt' if and only if `name` is 'exempt'";
    errors.push(invalid("spec.type", type, why));
  }
  const limited = findObject(spec, "limited");
  if (type === "Exempt") {
    if (limited !== undefined)
      errors.push(forbidden("spec.limited", "must be nil if the type is not Limited"));
  } else if (type === "Limited") {
    if (limited === undefined)
      errors.push(required("spec.limited", "must not be empty when type is Limited"));
    else errors.push(...limitedErrors(limited, "spec.limited"));
  } else errors.push(...choiceErrors("spec.type", type, ["Exempt", "Limited"]));
  return errors;
}

function limitedErrors(limited: JsonObject, field: string): Errors {
  const errors: FieldError[] = [];
  const shares = readNumber(limited, "nominalConcurrencyShares") ?? 0;
  if (shares < 0) {
    const why = "must be a non-negative integer";
    errors.push(invalid(`${field}.nominalConcurrencyShares`, shares, why));
  }
  const response = readObject(limited, "limitResponse");
  errors.push(...responseErrors(response, `${field}.limitResponse`));
  const lendable = readNumber(limited, "lendablePercent") ?? 0;
  if (lendable < 0 || lendable > 100)
    errors.push(
      invalid(`${field}.lendablePercent`, lendable, "must be between 0 and 100, inclusive"),
    );
  const borrowing = readNumber(limited, "borrowingLimitPercent") ?? 0;
  if (borrowing < 0) {
    const why = "if specified, must be a non-negative integer";
    errors.push(invalid(`${field}.borrowingLimitPercent`, borrowing, why));
  }
  return errors;
}

function responseErrors(response: JsonObject, field: string): Errors {
  const type = readText(response, "type");
  const queuing = findObject(response, "queuing");
  if (type === "Reject") {
    if (queuing === undefined) return [];
    return [
      forbidden(`${field}.queuing`, "must be nil if limited.limitResponse.type is not Limited"),
    ];
  }
  if (type !== "Queue") return choiceErrors(`${field}.type`, type, ["Queue", "Reject"]);
  if (queuing === undefined) {
    const why = "must not be empty if limited.limitResponse.type is Limited";
    return [required(`${field}.queuing`, why)];
  }
  return queuingErrors(queuing, `${field}.queuing`);
}

function queuingErrors(queuing: JsonObject, field: string): Errors {
  const errors: FieldError[] = [];
  const count = (name: string): number => readNumber(queuing, name) ?? 0;
  const [length, queues, hand] = [count("queueLengthLimit"), count("queues"), count("handSize")];
  if (length <= 0) errors.push(invalid(`${field}.queueLengthLimit`, length, "must be positive"));
  if (queues <= 0) errors.push(invalid(`${field}.queues`, queues, "must be positive"));
  else if (queues > QUEUES_MAX)
    errors.push(invalid(`${field}.queues`, queues, `must not be greater than ${QUEUES_MAX}`));
  if (hand <= 0) errors.push(invalid(`${field}.handSize`, hand, "must be positive"));
  else if (hand > queues)
    errors.push(
      invalid(`${field}.handSize`, hand, `should not be greater than queues (${queues})`),
    );
  return errors;
}
