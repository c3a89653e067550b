/**
 * Objects that run pods as rows: deployments to cron jobs, and what scales or guards them. Pure.
 */
import type { Json, JsonObject } from "../schema/schema.ts";
import { readObject } from "../strategy/object-at.ts";
import { formatAge, formatSpan } from "./age.ts";
import {
  ageOf,
  annotationOf,
  at,
  conditionOf,
  containerCells,
  countAt,
  formatLabels,
  formatSelector,
  isDeleted,
  joinSome,
  nameOf,
  NONE,
  numberAt,
  objectOf,
  objectsAt,
  orNone,
  resourceName,
  type Row,
  textAt,
  UNSET,
} from "./cells.ts";

function templateCells(object: JsonObject): readonly [string, string] {
  return containerCells(readObject(readObject(readObject(object, "spec"), "template"), "spec"));
}

function selectorOf(object: JsonObject): string {
  return formatSelector(objectOf(at(object, "spec", "selector")));
}

export const deploymentRow: Row = (object, context) => [
  nameOf(object),
  `${numberAt(object, "status", "readyReplicas")}/${numberAt(object, "spec", "replicas")}`,
  numberAt(object, "status", "updatedReplicas"),
  numberAt(object, "status", "availableReplicas"),
  ageOf(object, context),
  ...templateCells(object),
  selectorOf(object),
];

export const replicaSetRow: Row = (object, context) => [
  ...replicaCells(object),
  ageOf(object, context),
  ...templateCells(object),
  selectorOf(object),
];

export const replicationControllerRow: Row = (object, context) => [
  ...replicaCells(object),
  ageOf(object, context),
  ...templateCells(object),
  formatLabels(objectOf(at(object, "spec", "selector"))),
];

function replicaCells(object: JsonObject): readonly Json[] {
  const { spec, status } = { spec: numberAt(object, "spec", "replicas"), status: "status" };
  const current = numberAt(object, status, "replicas");
  return [nameOf(object), spec, current, numberAt(object, status, "readyReplicas")];
}

export const statefulSetRow: Row = (object, context) => [
  nameOf(object),
  `${numberAt(object, "status", "readyReplicas")}/${numberAt(object, "spec", "replicas")}`,
  ageOf(object, context),
  ...templateCells(object),
];

export const daemonSetRow: Row = (object, context) => {
  const podSpec = objectOf(at(object, "spec", "template", "spec"));
  return [
    nameOf(object),
    numberAt(object, "status", "desiredNumberScheduled"),
    numberAt(object, "status", "currentNumberScheduled"),
    numberAt(object, "status", "numberReady"),
    numberAt(object, "status", "updatedNumberScheduled"),
    numberAt(object, "status", "numberAvailable"),
    formatLabels(readObject(podSpec, "nodeSelector")),
    ageOf(object, context),
    ...templateCells(object),
    selectorOf(object),
  ];
};

export const controllerRevisionRow: Row = (object, context) => {
  const owners = objectsAt(object, "metadata", "ownerReferences");
  const owner = owners.find((each) => each["controller"] === true);
  const named =
    owner === undefined
      ? NONE
      : resourceName(textAt(owner, "kind"), textAt(owner, "apiVersion"), textAt(owner, "name"));
  return [nameOf(object), named, numberAt(object, "revision"), ageOf(object, context)];
};

export const jobRow: Row = (object, context) => [
  nameOf(object),
  jobStatus(object),
  jobCompletions(object),
  jobDuration(object, context.nowMs),
  ageOf(object, context),
  ...templateCells(object),
  selectorOf(object),
];

function jobStatus(job: JsonObject): string {
  const has = (type: string): boolean => conditionOf(job, type)?.["status"] === "True";
  if (has("Complete")) return "Complete";
  if (has("Failed")) return "Failed";
  if (isDeleted(job)) return "Terminating";
  const known = ["Suspended", "FailureTarget", "SuccessCriteriaMet"].find(has);
  return known ?? "Running";
}

function jobCompletions(job: JsonObject): string {
  const done = numberAt(job, "status", "succeeded");
  if (at(job, "spec", "completions") !== undefined) {
    return `${done}/${numberAt(job, "spec", "completions")}`;
  }
  const parallel = numberAt(job, "spec", "parallelism");
  return parallel > 1 ? `${done}/1 of ${parallel}` : `${done}/1`;
}

function jobDuration(job: JsonObject, nowMs: number): string {
  const start = Date.parse(textAt(job, "status", "startTime"));
  if (Number.isNaN(start)) return "";
  const end = Date.parse(textAt(job, "status", "completionTime"));
  return formatSpan(Math.floor(((Number.isNaN(end) ? nowMs : end) - start) / 1000));
}

export const cronJobRow: Row = (object, context) => {
  const last = at(object, "status", "lastScheduleTime");
  const suspend = at(object, "spec", "suspend");
  const podSpec = objectOf(at(object, "spec", "jobTemplate", "spec", "template", "spec"));
  const selector = at(object, "spec", "jobTemplate", "spec", "selector");
  return [
    nameOf(object),
    textAt(object, "spec", "schedule"),
    orNone(textAt(object, "spec", "timeZone")),
    suspend === undefined ? UNSET : suspend === true ? "True" : "False",
    countAt(object, "status", "active"),
    last === undefined ? NONE : formatAge(last, context.nowMs),
    ageOf(object, context),
    ...containerCells(podSpec),
    formatSelector(objectOf(selector)),
  ];
};

export const disruptionBudgetRow: Row = (object, context) => [
  nameOf(object),
  textAt(object, "spec", "minAvailable") || "N/A",
  textAt(object, "spec", "maxUnavailable") || "N/A",
  numberAt(object, "status", "disruptionsAllowed"),
  ageOf(object, context),
];

export const autoscalerRow: Row = (object, context) =>
  autoscalerCells(object, metricsOf(object), context);

/** Version 1 knows the processor only; what else is measured lies in an annotation. */
export const autoscalerV1Row: Row = (object, context) => {
  const percent = at(object, "spec", "targetCPUUtilizationPercentage");
  const own = annotationOf(object, "autoscaling.alpha.kubernetes.io/metrics");
  const others = own === "" ? [] : listIn(own).map(metricInAnnotation);
  const now = at(object, "status", "currentCPUUtilizationPercentage");
  const measured = now === undefined ? "<unknown>" : `${numberAt({ now }, "now")}%`;
  const cpu =
    percent === undefined ? [] : [`cpu: ${measured}/${numberAt({ percent }, "percent")}%`];
  return autoscalerCells(object, [...others, ...cpu], context);
};

function autoscalerCells(
  object: JsonObject,
  metrics: readonly string[],
  context: Parameters<Row>[1],
): readonly Json[] {
  const target = ["spec", "scaleTargetRef"] as const;
  return [
    nameOf(object),
    `${textAt(object, ...target, "kind")}/${textAt(object, ...target, "name")}`,
    orNone(joinSome(metrics, 2, ", ")),
    textAt(object, "spec", "minReplicas") || UNSET,
    numberAt(object, "spec", "maxReplicas"),
    numberAt(object, "status", "currentReplicas"),
    ageOf(object, context),
  ];
}

function listIn(text: string): readonly JsonObject[] {
  try {
    const parsed = JSON.parse(text) as Json;
    return Array.isArray(parsed) ? parsed.map(objectOf) : [];
  } catch {
    return []; // whoever wrote the annotation may write what he likes
  }
}

function metricInAnnotation(metric: JsonObject): string {
  const [, source] = Object.entries(metric).find(([field]) => field !== "type") ?? [];
  const given = objectOf(source);
  const target = ["targetAverageValue", "targetValue"].map((field) => textAt(given, field));
  return `<unknown>/${target.find((text) => text !== "") ?? "<auto>"}`;
}

const SOURCES: Readonly<Record<string, string>> = {
  ContainerResource: "containerResource",
  External: "external",
  Object: "object",
  Pods: "pods",
  Resource: "resource",
};

/** Each metric as `current/wanted`. */
function metricsOf(object: JsonObject): readonly string[] {
  const current = objectsAt(object, "status", "currentMetrics");
  return objectsAt(object, "spec", "metrics").map((metric, index) => {
    const source = SOURCES[textAt(metric, "type")] ?? "";
    const wanted = objectOf(at(metric, source));
    return formatMetric(source, wanted, objectOf(at(current[index] ?? {}, source, "current")));
  });
}

function formatMetric(source: string, wanted: JsonObject, current: JsonObject): string {
  const isResource = source === "resource" || source === "containerResource";
  const name = isResource ? `${textAt(wanted, "name")}: ` : "";
  const average = textAt(wanted, "target", "averageValue");
  if (average !== "") {
    const suffix = source === "external" || source === "object" ? " (avg)" : "";
    return `${name}${textAt(current, "averageValue") || "<unknown>"}/${average}${suffix}`;
  }
  if (!isResource) {
    return `${textAt(current, "value") || "<unknown>"}/${textAt(wanted, "target", "value")}`;
  }
  const percent = textAt(wanted, "target", "averageUtilization");
  const now = textAt(current, "averageUtilization");
  const wish = percent === "" ? "<auto>" : `${percent}%`;
  return `${name}${now === "" ? "<unknown>" : `${now}%`}/${wish}`;
}
