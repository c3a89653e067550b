/** Kinds by which a cluster is ruled as rows: access, admission, priorities, certificates. Pure. */
import type { Json, JsonObject } from "../schema/schema.ts";
import { readText } from "../strategy/object-at.ts";
import { formatSpan } from "./age.ts";
import {
  ageOf,
  at,
  conditionOf,
  countAt,
  formatSelector,
  isDeleted,
  nameOf,
  NONE,
  numberAt,
  objectOf,
  objectsAt,
  orNone,
  type Row,
  textAt,
  UNSET,
} from "./cells.ts";

export const roleBindingRow: Row = (object, context) => {
  const subjects = objectsAt(object, "subjects");
  const of = (kind: string): string => {
    const found = subjects.filter((each) => each["kind"] === kind);
    return found.map((each) => subjectName(kind, each)).join(", ");
  };
  return [
    nameOf(object),
    `${textAt(object, "roleRef", "kind")}/${textAt(object, "roleRef", "name")}`,
    ageOf(object, context),
    of("User"),
    of("Group"),
    of("ServiceAccount"),
  ];
};

function subjectName(kind: string, subject: JsonObject): string {
  const name = readText(subject, "name");
  return kind === "ServiceAccount" ? `${readText(subject, "namespace")}/${name}` : name;
}

export const priorityClassRow: Row = (object, context) => [
  nameOf(object),
  numberAt(object, "value"),
  at(object, "globalDefault") === true,
  ageOf(object, context),
  textAt(object, "preemptionPolicy"),
];

export const runtimeClassRow: Row = (object, context) => [
  nameOf(object),
  textAt(object, "handler"),
  ageOf(object, context),
];

export const leaseRow: Row = (object, context) => [
  nameOf(object),
  textAt(object, "spec", "holderIdentity"),
  ageOf(object, context),
];

export const certificateRequestRow: Row = (object, context) => {
  const seconds = at(object, "spec", "expirationSeconds");
  return [
    nameOf(object),
    ageOf(object, context),
    textAt(object, "spec", "signerName"),
    textAt(object, "spec", "username"),
    typeof seconds === "number" ? formatSpan(seconds) : NONE,
    requestCondition(object),
  ];
};

function requestCondition(request: JsonObject): string {
  const has = (type: string): boolean => conditionOf(request, type) !== undefined;
  const words = [has("Denied") ? "Denied" : has("Approved") ? "Approved" : "Pending"];
  if (has("Failed")) words.push("Failed");
  if (textAt(request, "status", "certificate") !== "") words.push("Issued");
  return words.join(",");
}

export const webhookConfigurationRow: Row = (object, context) => [
  nameOf(object),
  countAt(object, "webhooks"),
  ageOf(object, context),
];

/** A policy with the number of its rules in a field. */
export function admissionPolicyRow(rules: "validations" | "mutations"): Row {
  return (object, context) => {
    const parameter = objectOf(at(object, "spec", "paramKind"));
    const hasParameter = at(object, "spec", "paramKind") !== undefined;
    const named = `${textAt(parameter, "apiVersion")}/${textAt(parameter, "kind")}`;
    return [
      nameOf(object),
      countAt(object, "spec", rules),
      hasParameter ? named : UNSET,
      ageOf(object, context),
    ];
  };
}

export const policyBindingRow: Row = (object, context) => [
  nameOf(object),
  textAt(object, "spec", "policyName"),
  parameterReference(object),
  ageOf(object, context),
];

function parameterReference(binding: JsonObject): string {
  const reference = at(binding, "spec", "paramRef");
  if (reference === undefined) return UNSET;
  const given = objectOf(reference);
  const [namespace, name] = [textAt(given, "namespace"), textAt(given, "name")];
  if (name === "") return formatSelector(objectOf(at(given, "selector")));
  return namespace === "" ? name : `${namespace}/${name}`;
}

export const priorityLevelRow: Row = (object, context) => {
  const limited = objectOf(at(object, "spec", "limited"));
  const queuing = objectOf(at(limited, "limitResponse", "queuing"));
  const cell = (parent: JsonObject, field: string): Json => at(parent, field) ?? NONE;
  return [
    nameOf(object),
    textAt(object, "spec", "type"),
    cell(limited, "nominalConcurrencyShares"),
    cell(queuing, "queues"),
    cell(queuing, "handSize"),
    cell(queuing, "queueLengthLimit"),
    ageOf(object, context),
  ];
};

export const flowSchemaRow: Row = (object, context) => [
  nameOf(object),
  textAt(object, "spec", "priorityLevelConfiguration", "name"),
  numberAt(object, "spec", "matchingPrecedence"),
  orNone(textAt(object, "spec", "distinguisherMethod", "type")),
  ageOf(object, context),
  textAt(conditionOf(object, "Dangling") ?? {}, "status") || "?",
];

export const apiServiceRow: Row = (object, context) => {
  const available = conditionOf(object, "Available") ?? { status: "Unknown" };
  const [status, reason] = [textAt(available, "status"), textAt(available, "reason")];
  const service = objectOf(at(object, "spec", "service"));
  const isLocal = at(object, "spec", "service") === undefined;
  return [
    nameOf(object),
    isLocal ? "Local" : `${textAt(service, "namespace")}/${textAt(service, "name")}`,
    status === "True" || reason === "" ? status : `${status} (${reason})`,
    ageOf(object, context),
  ];
};

export const resourceClaimRow: Row = (object, context) => {
  const words = isDeleted(object) ? ["deleted"] : [];
  if (at(object, "status", "allocation") !== undefined) {
    words.push("allocated");
    if (countAt(object, "status", "reservedFor") > 0) words.push("reserved");
  } else if (!isDeleted(object)) words.push("pending");
  return [nameOf(object), words.join(","), ageOf(object, context)];
};

export const resourceSliceRow: Row = (object, context) => [
  nameOf(object),
  textAt(object, "spec", "nodeName"),
  textAt(object, "spec", "driver"),
  textAt(object, "spec", "pool", "name"),
  ageOf(object, context),
];
