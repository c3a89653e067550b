/** Probes and hooks of containers. In: decoded handlers. Out: field errors. Pure. */
import type { JsonObject } from "../../schema/schema.ts";
import { findObject, readList, readNumber, readText, readTexts } from "../../strategy/object-at.ts";
import { headerNameProblems } from "../../values/names.ts";
import {
  type Errors,
  nonNegativeFields,
  portErrors,
  problemErrors,
  requiredChoice,
  requiredText,
} from "../checks.ts";
import { type FieldError, forbidden, invalid, required } from "../field-error.ts";

const COUNTS = [
  "initialDelaySeconds",
  "timeoutSeconds",
  "periodSeconds",
  "successThreshold",
  "failureThreshold",
] as const;

/** All probes of a container that may have some. */
export function probesErrors(container: JsonObject, field: string, graceSeconds: number): Errors {
  const errors: FieldError[] = [];
  for (const name of ["livenessProbe", "readinessProbe", "startupProbe"] as const) {
    const probe = findObject(container, name);
    if (probe === undefined) continue;
    const path = `${field}.${name}`;
    errors.push(...probeErrors(probe, path, graceSeconds));
    errors.push(...(name === "readinessProbe" ? readinessErrors : restartErrors)(probe, path));
  }
  return errors;
}

function probeErrors(probe: JsonObject, field: string, graceSeconds: number): Errors {
  const errors = [
    ...handlerErrors(probe, field, graceSeconds),
    ...nonNegativeFields(probe, field, COUNTS),
  ];
  const grace = readNumber(probe, "terminationGracePeriodSeconds");
  if (grace !== undefined && grace <= 0) {
    const why = "must be greater than 0";
    errors.push(invalid(`${field}.terminationGracePeriodSeconds`, grace, why));
  }
  return errors;
}

function readinessErrors(probe: JsonObject, field: string): Errors {
  const grace = probe["terminationGracePeriodSeconds"];
  if (grace === undefined) return [];
  const why = "must not be set for readinessProbes";
  return [invalid(`${field}.terminationGracePeriodSeconds`, grace, why)];
}

/** One success is enough for what decides about a restart. */
function restartErrors(probe: JsonObject, field: string): Errors {
  const threshold = readNumber(probe, "successThreshold") ?? 0;
  return threshold === 1 ? [] : [invalid(`${field}.successThreshold`, threshold, "must be 1")];
}

export function lifecycleErrors(
  container: JsonObject,
  field: string,
  graceSeconds: number,
): Errors {
  const lifecycle = findObject(container, "lifecycle");
  if (lifecycle === undefined) return [];
  return ["postStart", "preStop"].flatMap((name) => {
    const handler = findObject(lifecycle, name);
    if (handler === undefined) return [];
    return handlerErrors(handler, `${field}.lifecycle.${name}`, graceSeconds);
  });
}

type HandlerCheck = (action: JsonObject, field: string, graceSeconds: number) => Errors;

const HANDLERS: Readonly<Record<string, HandlerCheck>> = {
  exec: (action, field) =>
    readTexts(action, "command").length === 0 ? [required(`${field}.command`)] : [],
  httpGet: httpErrors,
  tcpSocket: (action, field) => portErrors(`${field}.port`, action["port"]),
  grpc: (action, field) => portErrors(`${field}.port`, action["port"] ?? 0),
  sleep: sleepErrors,
};

function handlerErrors(handler: JsonObject, field: string, graceSeconds: number): Errors {
  const errors: FieldError[] = [];
  let count = 0;
  for (const [name, check] of Object.entries(HANDLERS)) {
    const action = findObject(handler, name);
    if (action === undefined) continue;
    const path = `${field}.${name}`;
    if (count > 0) errors.push(forbidden(path, "may not specify more than 1 handler type"));
    else errors.push(...check(action, path, graceSeconds));
    count += 1;
  }
  if (count === 0) errors.push(required(field, "must specify a handler type"));
  return errors;
}

function httpErrors(action: JsonObject, field: string): Errors {
  const headers = readList(action, "httpHeaders").flatMap((header) => {
    const name = readText(header, "name");
    return problemErrors(`${field}.httpHeaders`, name, headerNameProblems(name));
  });
  return [
    ...requiredText(action, field, "path"),
    ...portErrors(`${field}.port`, action["port"]),
    ...requiredChoice(`${field}.scheme`, action["scheme"], ["HTTP", "HTTPS"]),
    ...headers,
  ];
}

function sleepErrors(action: JsonObject, field: string, graceSeconds: number): Errors {
  const seconds = readNumber(action, "seconds") ?? 0;
  if (seconds >= 0 && seconds <= graceSeconds) return [];
  const why = `must be non-negative and less than terminationGracePeriodSeconds (${graceSeconds})`;
  return [invalid(field, seconds, why)];
}
