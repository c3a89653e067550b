/**
 * HorizontalPodAutoscalers of `autoscaling/v1` and `/v2`: one object. `v1` has a field for the use
 * of the processor only; everything else of `v2` lies in its annotations, in the form that older
 * programs read. In: an autoscaler of the one. Out: the same in the other. Pure.
 */
import type { Json, JsonObject } from "../schema/schema.ts";
import { isObject, own } from "../patch/values.ts";

const ANNOTATION = "autoscaling.alpha.kubernetes.io/";

export function autoscalerToV2(v1: JsonObject): JsonObject {
  const annotations = { ...objectIn(objectIn(v1, "metadata"), "annotations") };
  const spec = { ...objectIn(v1, "spec") };
  const status = { ...objectIn(v1, "status") };
  const metrics = listOf(take(annotations, "metrics")).map((metric) => metricToV2(metric));
  const percentage = cut(spec, "targetCPUUtilizationPercentage");
  if (percentage !== undefined) metrics.unshift(cpuMetric("target", percentage));
  if (metrics.length > 0) spec["metrics"] = metrics;
  const behavior = take(annotations, "behavior");
  if (isObject(behavior)) spec["behavior"] = recased(behavior, lowerFirst);
  const current = listOf(take(annotations, "current-metrics")).map((one) => statusToV2(one));
  const used = cut(status, "currentCPUUtilizationPercentage");
  if (used !== undefined) current.unshift(cpuMetric("current", used));
  const conditions = take(annotations, "conditions");
  // The status of `v2` says these two whether or not there is anything to say.
  status["currentMetrics"] = current.length === 0 ? null : current;
  if (Array.isArray(conditions)) status["conditions"] = conditions;
  return { ...v1, metadata: withAnnotations(v1, annotations), spec, status };
}

export function autoscalerToV1(v2: JsonObject): JsonObject {
  const annotations = { ...objectIn(objectIn(v2, "metadata"), "annotations") };
  const spec = { ...objectIn(v2, "spec") };
  const status = { ...objectIn(v2, "status") };
  const metrics = listOf(cut(spec, "metrics"));
  const cpu = metrics.findLast((metric) => percentageOf(metric, "target") !== undefined);
  const percentage = percentageOf(cpu, "target");
  if (percentage !== undefined) spec["targetCPUUtilizationPercentage"] = percentage;
  const others = metrics.filter((metric) => percentageOf(metric, "target") === undefined);
  put(annotations, "metrics", others.map(metricToV1));
  const behavior = cut(spec, "behavior");
  if (isObject(behavior)) {
    annotations[`${ANNOTATION}behavior`] = JSON.stringify(behaviorToV1(behavior));
  }
  const current = listOf(cut(status, "currentMetrics"));
  const used = current.findLast((metric) => percentageOf(metric, "current") !== undefined);
  const usedPercentage = percentageOf(used, "current");
  if (usedPercentage !== undefined) status["currentCPUUtilizationPercentage"] = usedPercentage;
  put(annotations, "current-metrics", current.filter((metric) => metric !== used).map(statusToV1));
  put(annotations, "conditions", listOf(cut(status, "conditions")));
  return { ...v2, metadata: withAnnotations(v2, annotations), spec, status };
}

function objectIn(object: JsonObject, field: string): JsonObject {
  const value = own(object, field);
  return isObject(value) ? value : {};
}

function listOf(value: Json | undefined): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter((item) => isObject(item)) : [];
}

function cut(object: JsonObject, field: string): Json | undefined {
  const value = own(object, field);
  delete object[field];
  return value ?? undefined;
}

/** An annotation that a program wrote badly says nothing, and stays. */
function take(annotations: JsonObject, name: string): Json | undefined {
  const text = own(annotations, ANNOTATION + name);
  if (typeof text !== "string") return undefined;
  try {
    const value = JSON.parse(text) as Json;
    delete annotations[ANNOTATION + name];
    return value;
  } catch {
    return undefined;
  }
}

function put(annotations: JsonObject, name: string, list: readonly JsonObject[]): void {
  if (list.length > 0) annotations[ANNOTATION + name] = JSON.stringify(list);
}

function withAnnotations(object: JsonObject, annotations: JsonObject): JsonObject {
  const { annotations: _, ...metadata } = objectIn(object, "metadata");
  return Object.keys(annotations).length === 0 ? metadata : { ...metadata, annotations };
}

function cpuMetric(side: "target" | "current", percentage: Json): JsonObject {
  const value: JsonObject =
    side === "target"
      ? { type: "Utilization", averageUtilization: percentage }
      : { averageUtilization: percentage };
  return { type: "Resource", resource: { name: "cpu", [side]: value } };
}

/**
 * The use of the processor in percent that a metric is about, the one that `v1` has a field for.
 */
function percentageOf(
  metric: JsonObject | undefined,
  side: "target" | "current",
): Json | undefined {
  if (metric === undefined || own(metric, "type") !== "Resource") return undefined;
  const resource = objectIn(metric, "resource");
  if (own(resource, "name") !== "cpu") return undefined;
  return own(objectIn(resource, side), "averageUtilization") ?? undefined;
}

/** Where a metric's own part lies: `type: ContainerResource` in `containerResource`. */
function partOf(metric: JsonObject): readonly [string, JsonObject] {
  const type = own(metric, "type");
  const name = lowerFirst(typeof type === "string" ? type : "");
  return [name, objectIn(metric, name)];
}

function present(members: Readonly<Record<string, Json | undefined>>): JsonObject {
  const kept: JsonObject = {};
  for (const [name, value] of Object.entries(members)) {
    if (value !== undefined && value !== null) kept[name] = value;
  }
  return kept;
}

function metricToV1(metric: JsonObject): JsonObject {
  const [name, part] = partOf(metric);
  const target = objectIn(part, "target");
  const { name: metricName, selector } = objectIn(part, "metric");
  const { value, averageValue, averageUtilization } = target;
  const byType: Readonly<Record<string, JsonObject>> = {
    resource: present({
      name: part["name"],
      targetAverageUtilization: averageUtilization,
      targetAverageValue: averageValue,
    }),
    containerResource: present({
      name: part["name"],
      targetAverageUtilization: averageUtilization,
      targetAverageValue: averageValue,
      container: part["container"],
    }),
    pods: present({ metricName, targetAverageValue: averageValue, selector }),
    object: present({
      target: targetOf(part),
      metricName,
      targetValue: value,
      selector,
      averageValue,
    }),
    external: present({
      metricName,
      metricSelector: selector,
      targetValue: value,
      targetAverageValue: averageValue,
    }),
  };
  return { ...present({ type: metric["type"] }), [name]: byType[name] ?? {} };
}

function targetOf(part: JsonObject): JsonObject {
  const { kind, name, apiVersion } = objectIn(part, "describedObject");
  return present({ kind, name, apiVersion });
}

function metricToV2(metric: JsonObject): JsonObject {
  const [name, part] = partOf(metric);
  const { metricName, container, averageValue } = part;
  const selector = own(part, "selector") ?? own(part, "metricSelector");
  const average = own(part, "targetAverageValue") ?? averageValue;
  const utilization = own(part, "targetAverageUtilization");
  const value = own(part, "targetValue");
  const target = targetToV2({ average, utilization, value });
  const isResource = name === "resource" || name === "containerResource";
  const described = name === "object" ? { describedObject: own(part, "target") } : {};
  const own2 = isResource
    ? present({ name: own(part, "name"), container })
    : { ...present(described), metric: present({ name: metricName, selector }) };
  return { ...present({ type: metric["type"] }), [name]: { ...own2, target } };
}

interface Amounts {
  readonly average: Json | undefined;
  readonly utilization: Json | undefined;
  readonly value: Json | undefined;
}

function targetToV2({ average, utilization, value }: Amounts): JsonObject {
  if (utilization !== undefined) return { type: "Utilization", averageUtilization: utilization };
  if (average !== undefined) return { type: "AverageValue", averageValue: average };
  return { type: "Value", ...present({ value }) };
}

function statusToV1(metric: JsonObject): JsonObject {
  const [name, part] = partOf(metric);
  const current = objectIn(part, "current");
  const { name: metricName, selector } = objectIn(part, "metric");
  const { value, averageValue, averageUtilization } = current;
  const isResource = name === "resource" || name === "containerResource";
  const body = isResource
    ? present({
        name: part["name"],
        currentAverageUtilization: averageUtilization,
        currentAverageValue: averageValue,
        container: part["container"],
      })
    : present({
        ...(name === "object" ? { target: targetOf(part) } : {}),
        metricName,
        currentValue: name === "pods" ? undefined : value,
        [name === "external" ? "metricSelector" : "selector"]: selector,
        [name === "object" ? "averageValue" : "currentAverageValue"]: averageValue,
      });
  return { ...present({ type: metric["type"] }), [name]: body };
}

function statusToV2(metric: JsonObject): JsonObject {
  const [name, part] = partOf(metric);
  const current = present({
    value: own(part, "currentValue"),
    averageValue: own(part, "currentAverageValue") ?? own(part, "averageValue"),
    averageUtilization: own(part, "currentAverageUtilization"),
  });
  const isResource = name === "resource" || name === "containerResource";
  const selector = own(part, "selector") ?? own(part, "metricSelector");
  const described = name === "object" ? { describedObject: own(part, "target") } : {};
  const body = isResource
    ? present({ name: own(part, "name"), container: own(part, "container") })
    : { ...present(described), metric: present({ name: own(part, "metricName"), selector }) };
  return { ...present({ type: metric["type"] }), [name]: { ...body, current } };
}

/** In the annotation every field stands, and with a capital letter. */
function behaviorToV1(behavior: JsonObject): JsonObject {
  const out: JsonObject = {};
  for (const side of ["scaleUp", "scaleDown"]) {
    const rules = own(behavior, side);
    if (!isObject(rules)) {
      out[upperFirst(side)] = null;
      continue;
    }
    out[upperFirst(side)] = {
      StabilizationWindowSeconds: own(rules, "stabilizationWindowSeconds") ?? null,
      SelectPolicy: own(rules, "selectPolicy") ?? null,
      Policies: listOf(own(rules, "policies")).map((policy) => recased(policy, upperFirst)),
      Tolerance: own(rules, "tolerance") ?? null,
    };
  }
  return out;
}

/** The same value with other first letters in its names; what is null goes. */
function recased(value: JsonObject, rename: (name: string) => string): JsonObject {
  const out: JsonObject = {};
  for (const [name, member] of Object.entries(value)) {
    if (member === null) continue;
    out[rename(name)] = Array.isArray(member)
      ? member.map((item) => (isObject(item) ? recased(item, rename) : item))
      : isObject(member)
        ? recased(member, rename)
        : member;
  }
  return out;
}

function lowerFirst(name: string): string {
  return name.slice(0, 1).toLowerCase() + name.slice(1);
}

function upperFirst(name: string): string {
  return name.slice(0, 1).toUpperCase() + name.slice(1);
}
