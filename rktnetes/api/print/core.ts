/** The small kinds of the core group, nodes and events as rows. Pure. */
import type { JsonObject } from "../schema/schema.ts";
import { readText } from "../strategy/object-at.ts";
import { formatAge } from "./age.ts";
import {
  ageOf,
  at,
  conditionOf,
  countAt,
  nameOf,
  numberAt,
  objectOf,
  objectsAt,
  orNone,
  type Row,
  textAt,
} from "./cells.ts";

export const namespaceRow: Row = (object, context) => [
  nameOf(object),
  textAt(object, "status", "phase"),
  ageOf(object, context),
];

export const configMapRow: Row = (object, context) => [
  nameOf(object),
  countAt(object, "data") + countAt(object, "binaryData"),
  ageOf(object, context),
];

export const secretRow: Row = (object, context) => [
  nameOf(object),
  textAt(object, "type"),
  countAt(object, "data"),
  ageOf(object, context),
];

export const nameAndAgeRow: Row = (object, context) => [nameOf(object), ageOf(object, context)];

/** Requests and limits, each with what is used of it. */
export const quotaRow: Row = (object, context) => {
  const hard = objectOf(at(object, "status", "hard"));
  const used = objectOf(at(object, "status", "used"));
  const cell = (limits: boolean): string => {
    const names = Object.keys(hard).filter((name) => name.startsWith("limits.") === limits);
    const texts = names.sort().map((name) => {
      return `${name}: ${readText(used, name) || "0"}/${readText(hard, name)}`;
    });
    return texts.join(", ");
  };
  return [nameOf(object), cell(false), cell(true), ageOf(object, context)];
};

export const componentStatusRow: Row = (object) => {
  const healthy = objectsAt(object, "conditions").find((each) => each["type"] === "Healthy");
  const status =
    healthy === undefined ? "Unknown" : healthy["status"] === "True" ? "Healthy" : "Unhealthy";
  const { message = "", error = "" } = healthy ?? {};
  return [nameOf(object), status, message, error];
};

export const nodeRow: Row = (object, context) => {
  const info = objectOf(at(object, "status", "nodeInfo"));
  const architecture = textAt(info, "architecture");
  const kernel = textAt(info, "kernelVersion");
  return [
    nameOf(object),
    nodeStatus(object),
    orNone(nodeRoles(object).join(",")),
    ageOf(object, context),
    textAt(info, "kubeletVersion"),
    nodeAddress(object, "InternalIP"),
    nodeAddress(object, "ExternalIP"),
    textAt(info, "osImage") || "<unknown>",
    kernel === "" ? "<unknown>" : architecture === "" ? kernel : `${kernel} (${architecture})`,
    textAt(info, "containerRuntimeVersion") || "<unknown>",
  ];
};

function nodeStatus(node: JsonObject): string {
  const ready = conditionOf(node, "Ready");
  const word = ready === undefined ? "Unknown" : ready["status"] === "True" ? "Ready" : "NotReady";
  return at(node, "spec", "unschedulable") === true ? `${word},SchedulingDisabled` : word;
}

const ROLE_PREFIX = "node-role.kubernetes.io/";

function nodeRoles(node: JsonObject): readonly string[] {
  const labels = objectOf(at(node, "metadata", "labels"));
  const roles = Object.keys(labels).flatMap((name) => {
    if (name.startsWith(ROLE_PREFIX)) return [name.slice(ROLE_PREFIX.length)];
    return name === "kubernetes.io/role" ? [textAt(labels, name)] : [];
  });
  return [...new Set(roles.filter((role) => role !== ""))].sort();
}

function nodeAddress(node: JsonObject, type: string): string {
  const found = objectsAt(node, "status", "addresses").find((each) => each["type"] === type);
  return orNone(readText(found ?? {}, "address"));
}

/** One event, under the field names of either API that has them. */
export const eventRow: Row = (object, { nowMs }) => {
  const old = (field: string): string => `deprecated${field[0]?.toUpperCase()}${field.slice(1)}`;
  const either = (field: string): unknown => at(object, field) ?? at(object, old(field));
  const about = objectOf(at(object, "involvedObject") ?? at(object, "regarding"));
  const kind = textAt(about, "kind").toLowerCase();
  const name = textAt(about, "name");
  const first = formatAge(either("firstTimestamp") ?? at(object, "eventTime"), nowMs);
  const last = either("lastTimestamp");
  const series = at(object, "series", "lastObservedTime");
  const own = last === undefined ? first : formatAge(last, nowMs);
  const hasSeries = at(object, "series") !== undefined;
  const count = either("count");
  return [
    hasSeries ? formatAge(series, nowMs) : own,
    textAt(object, "type"),
    textAt(object, "reason"),
    name === "" ? kind : `${kind}/${name}`,
    textAt(about, "fieldPath"),
    eventSource(object),
    (textAt(object, "message") || textAt(object, "note")).trim(),
    first,
    hasSeries
      ? numberAt(object, "series", "count")
      : typeof count === "number" && count > 0
        ? count
        : 1,
    nameOf(object),
  ];
};

function eventSource(event: JsonObject): string {
  const source = objectOf(at(event, "source") ?? at(event, "deprecatedSource"));
  const controller = textAt(event, "reportingComponent") || textAt(event, "reportingController");
  const component = textAt(source, "component") || controller;
  const host = textAt(source, "host") || textAt(event, "reportingInstance");
  return host === "" ? component : `${component}, ${host}`;
}
