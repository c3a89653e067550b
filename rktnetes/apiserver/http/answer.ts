/**
 * An answer before it is sent: status, type, bytes. Bodies are bytes that are ready, so that
 * nothing is encoded twice. Pure.
 */
import { failureOf } from "@rktnetes/api/status-fault";
import { failureStatus } from "@rktnetes/api/status";
import type { JsonObject } from "@rktnetes/api/schema";

export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: Buffer | string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Goes out without `cache-control`. */
  readonly uncached?: boolean;
}

const JSON_TYPE = "application/json";

function jsonAnswer(status: number, body: Buffer | string): Answer {
  return { status, type: JSON_TYPE, body };
}

export function documentAnswer(status: number, document: JsonObject): Answer {
  return jsonAnswer(status, `${JSON.stringify(document)}\n`);
}

const PLAIN_HEADERS = { "x-content-type-options": "nosniff" };

export function textAnswer(status: number, body: string): Answer {
  return { status, type: "text/plain; charset=utf-8", body, headers: PLAIN_HEADERS };
}

/** What paths get that are not part of the API. */
export function pageNotFound(): Answer {
  return textAnswer(404, "404 page not found\n");
}

/** Whatever was thrown, as the client hears of it. */
export function faultAnswer(thrown: unknown): Answer {
  const failure = failureOf(thrown);
  const answer = documentAnswer(failure.code, failureStatus(failure));
  const wait = failure.details?.retryAfterSeconds;
  return wait === undefined ? answer : { ...answer, headers: { "retry-after": String(wait) } };
}
