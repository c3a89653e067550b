/** What is wrong with what drivers say of themselves. In: decoded objects. Out: field errors. */
import type { JsonObject } from "../../schema/schema.ts";
import { readList, readNumber, readObject, readText, readTexts } from "../../strategy/object-at.ts";
import { compareQuantities, parseQuantity } from "../../values/quantity.ts";
import {
  choiceErrors,
  type Errors,
  immutableErrors,
  labelSelectorErrors,
  nonNegativeErrors,
  NOT_NEGATIVE,
  qualifiedNameErrors,
  subdomainErrors,
} from "../checks.ts";
import { duplicate, type FieldError, invalid, notSupported, required } from "../field-error.ts";

const GROUP_POLICIES = ["File", "None", "ReadWriteOnceWithFSType"];
const LIFECYCLE_MODES = ["Persistent", "Ephemeral"];
const UPDATE_PERIOD_MIN = 10;
const TOKEN_MIN = 600;
const TOKEN_MAX = 2 ** 32;
const NODE_ID_MAX = 256;

export function csiDriverErrors(driver: JsonObject): Errors {
  const spec = readObject(driver, "spec");
  const needed = (name: string, shown: string = name): Errors =>
    spec[name] === undefined ? [required(`spec.${shown}`)] : [];
  const period = readNumber(spec, "nodeAllocatableUpdatePeriodSeconds");
  const modes = readTexts(spec, "volumeLifecycleModes");
  return [
    ...needed("attachRequired", "attachedRequired"),
    ...needed("podInfoOnMount"),
    ...needed("storageCapacity"),
    ...choiceErrors("spec.fsGroupPolicy", spec["fsGroupPolicy"], GROUP_POLICIES),
    ...tokenErrors(readList(spec, "tokenRequests")),
    ...modes
      .filter((mode) => !LIFECYCLE_MODES.includes(mode))
      .map((mode) => notSupported("spec.volumeLifecycleModes", mode, LIFECYCLE_MODES)),
    ...needed("seLinuxMount"),
    ...(period !== undefined && period < UPDATE_PERIOD_MIN ? [periodError(period)] : []),
  ];
}

function periodError(seconds: number): FieldError {
  const why = `must be greater than or equal to ${UPDATE_PERIOD_MIN} seconds`;
  return invalid("spec.nodeAllocatableUpdatePeriodSeconds", seconds, why);
}

function tokenErrors(requests: readonly JsonObject[]): Errors {
  const audiences = new Set<string>();
  return requests.flatMap((request, at) => {
    const field = `spec.tokenRequests[${at}]`;
    const audience = readText(request, "audience");
    if (audiences.has(audience)) return [duplicate(`${field}.audience`, audience)];
    audiences.add(audience);
    const seconds = readNumber(request, "expirationSeconds");
    const where = `${field}.expirationSeconds`;
    if (seconds !== undefined && seconds < TOKEN_MIN)
      return [invalid(where, seconds, "may not specify a duration less than 10 minutes")];
    if (seconds !== undefined && seconds > TOKEN_MAX)
      return [invalid(where, seconds, "may not specify a duration larger than 2^32 seconds")];
    return [];
  });
}

export function csiDriverUpdateErrors(driver: JsonObject, old: JsonObject): Errors {
  const [spec, before] = [readObject(driver, "spec"), readObject(old, "spec")];
  return [
    ...csiDriverErrors(driver),
    ...immutableErrors("spec.attachedRequired", spec["attachRequired"], before["attachRequired"]),
    ...immutableErrors(
      "spec.volumeLifecycleModes",
      spec["volumeLifecycleModes"],
      before["volumeLifecycleModes"],
    ),
  ];
}

export function csiNodeErrors(node: JsonObject): Errors {
  const names = new Set<string>();
  return readList(readObject(node, "spec"), "drivers").flatMap((driver, at) => {
    const field = `spec.drivers[${at}]`;
    const name = readText(driver, "name");
    const repeated = names.has(name) ? [duplicate(`${field}.name`, name)] : [];
    names.add(name);
    return [
      ...subdomainErrors(`${field}.name`, name),
      ...nodeIdErrors(readText(driver, "nodeID"), `${field}.nodeID`),
      ...nonNegativeErrors(
        `${field}.allocatable.count`,
        readObject(driver, "allocatable")["count"],
      ),
      ...repeated,
      ...topologyErrors(readTexts(driver, "topologyKeys"), field),
    ];
  });
}

function nodeIdErrors(id: string, field: string): Errors {
  if (id === "") return [required(field)];
  if (id.length <= NODE_ID_MAX) return [];
  return [invalid(field, id, `must be ${NODE_ID_MAX} characters or less`)];
}

function topologyErrors(keys: readonly string[], field: string): Errors {
  return keys.flatMap((key, at) => [
    ...(key === "" ? [required(field)] : []),
    ...(keys.indexOf(key) < at ? [duplicate(field, key)] : []),
    ...qualifiedNameErrors(field, key),
  ]);
}

function withoutAmount(driver: JsonObject): JsonObject {
  const { allocatable: _, ...rest } = driver;
  return rest;
}

/** How much fits may change; the rest of a driver may only come and go. */
export function csiNodeUpdateErrors(node: JsonObject, old: JsonObject): Errors {
  const drivers = readList(readObject(node, "spec"), "drivers");
  const before = readList(readObject(old, "spec"), "drivers");
  const changed = before.flatMap((driver) => {
    const now = drivers.find((each) => each["name"] === driver["name"]);
    return now === undefined
      ? []
      : immutableErrors("spec.drivers", withoutAmount(now), withoutAmount(driver));
  });
  return [...csiNodeErrors(node), ...changed];
}

export function csiStorageCapacityErrors(capacity: JsonObject): Errors {
  return [
    ...labelSelectorErrors(readObject(capacity, "nodeTopology"), "nodeTopology"),
    ...subdomainErrors("storageClassName", readText(capacity, "storageClassName")),
    ...amountErrors(capacity, "capacity"),
    ...amountErrors(capacity, "maximumVolumeSize"),
  ];
}

function amountErrors(object: JsonObject, field: string): Errors {
  const text = readText(object, field);
  if (text === "" || compareQuantities(parseQuantity(text), 0n) >= 0) return [];
  return [invalid(field, text, NOT_NEGATIVE)];
}

export function csiStorageCapacityUpdateErrors(capacity: JsonObject, old: JsonObject): Errors {
  const fields = ["nodeTopology", "storageClassName"];
  return fields.flatMap((field) => immutableErrors(field, capacity[field], old[field]));
}
