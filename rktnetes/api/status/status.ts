/**
 * The answer that says how a request ended, as clients read it: a `Status` object of meta/v1. In:
 * what happened. Out: plain objects. Never throws; `status-fault.ts` does that.
 */
import type { JsonObject } from "../schema/schema.ts";

/** Words that clients decide by. */
export type StatusReason =
  | ""
  | "AlreadyExists"
  | "BadRequest"
  | "Conflict"
  | "Expired"
  | "Forbidden"
  | "Gone"
  | "InternalError"
  | "Invalid"
  | "MethodNotAllowed"
  | "NotAcceptable"
  | "NotFound"
  | "RequestEntityTooLarge"
  | "ServerTimeout"
  | "ServiceUnavailable"
  | "Timeout"
  | "TooManyRequests"
  | "Unauthorized"
  | "UnsupportedMediaType";

/** A resource as messages name it: `deployments.apps`, or a kind: `Deployment.apps`. */
export interface Qualified {
  readonly group: string;
  readonly name: string;
}

/** One of the reasons for a failure, such as a field that is wrong. */
export interface StatusCause {
  readonly reason?: string;
  readonly message?: string;
  readonly field?: string;
}

/** What a status is about. */
export interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly uid?: string;
  readonly causes?: readonly StatusCause[];
  readonly retryAfterSeconds?: number;
}

/** A request that was not done. */
export interface Failure {
  readonly code: number;
  readonly reason: StatusReason;
  readonly message: string;
  readonly details?: StatusDetails;
  /** Where an expired list may go on, inconsistently. */
  readonly continue?: string;
}

/** `deployments.apps`; the core group is not named. */
export function qualified({ group, name }: Qualified): string {
  return group === "" ? name : `${name}.${group}`;
}

/** The Status object of a failure. */
export function failureStatus(failure: Failure): JsonObject {
  const { code, reason, message, details } = failure;
  const metadata = failure.continue === undefined ? {} : { continue: failure.continue };
  const status: JsonObject = { kind: "Status", apiVersion: "v1", metadata, status: "Failure" };
  if (message !== "") status["message"] = message;
  if (reason !== "") status["reason"] = reason;
  if (details !== undefined) status["details"] = detailsObject(details);
  status["code"] = code;
  return status;
}

/** What deletes answer where the object itself is not wanted. */
export function successStatus(details?: StatusDetails): JsonObject {
  const status: JsonObject = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success" };
  if (details !== undefined) status["details"] = detailsObject(details);
  return status;
}

function detailsObject(details: StatusDetails): JsonObject {
  const out: JsonObject = {};
  for (const key of ["name", "group", "kind", "uid"] as const) {
    const value = details[key];
    if (value !== undefined && value !== "") out[key] = value;
  }
  const causes = details.causes ?? [];
  if (causes.length > 0) out["causes"] = causes.map(causeObject);
  if (details.retryAfterSeconds !== undefined && details.retryAfterSeconds > 0) {
    out["retryAfterSeconds"] = details.retryAfterSeconds;
  }
  return out;
}

function causeObject(cause: StatusCause): JsonObject {
  const out: JsonObject = {};
  for (const key of ["reason", "message", "field"] as const) {
    const value = cause[key];
    if (value !== undefined && value !== "") out[key] = value;
  }
  return out;
}
