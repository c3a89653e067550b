/**
 * Faults that the API answers with a Status of its own. In: what was asked for. Out: faults with
 * code, reason, message and details as clients expect them. Any other fault is an internal error.
 */
import { Fault, type FaultKind } from "@shared/base";
import { describeFieldErrors, type FieldError } from "../validate/field-error.ts";
import { type Failure, type Qualified, qualified, type StatusDetails } from "./status.ts";

/** A fault that knows its own answer. @see status.ts */
export class StatusFault extends Fault {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(KIND_OF_CODE[failure.code] ?? "internal", failure.message);
    this.name = "StatusFault";
    this.failure = failure;
  }
}

const KIND_OF_CODE: Readonly<Record<number, FaultKind>> = {
  400: "invalid",
  401: "denied",
  403: "denied",
  404: "not-found",
  405: "unsupported",
  406: "unsupported",
  409: "precondition",
  410: "expired",
  413: "exhausted",
  415: "unsupported",
  422: "invalid",
  429: "exhausted",
  503: "unavailable",
  504: "timeout",
};

/** A fault of any kind as what the API answers. */
export function failureOf(thrown: unknown): Failure {
  if (thrown instanceof StatusFault) return thrown.failure;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return {
    code: 500,
    reason: "InternalError",
    message: `Internal error occurred: ${message}`,
    details: { causes: [{ message }] },
  };
}

function about({ group, name: kind }: Qualified, name: string): StatusDetails {
  return { name, group, kind };
}

/** 404: there is no object of this name. */
export function notFoundFault(resource: Qualified, name: string): StatusFault {
  const message = `${qualified(resource)} "${name}" not found`;
  return new StatusFault({
    code: 404,
    reason: "NotFound",
    message,
    details: about(resource, name),
  });
}

/** The path names nothing that is served. */
export function noSuchResource(): StatusFault {
  const message = "the server could not find the requested resource";
  return new StatusFault({ code: 404, reason: "NotFound", message, details: {} });
}

/** 405: the path is served, the method is not. */
export function methodNotAllowed(): StatusFault {
  const message = "the server does not allow this method on the requested resource";
  return new StatusFault({ code: 405, reason: "MethodNotAllowed", message, details: {} });
}

/** 405 of a custom kind: `delete is not supported on resources of kind "crontabs.example.com"`. */
export function verbNotSupported({ group, name }: Qualified, verb: string): StatusFault {
  const of = group === "" ? name : `${name}.${group}`;
  return new StatusFault({
    code: 405,
    reason: "MethodNotAllowed",
    message: `${verb} is not supported on resources of kind ${JSON.stringify(of)}`,
    details: { ...(group === "" ? {} : { group }), kind: name },
  });
}

/** 409: the name is taken; `prefix` stands before the message. */
export function alreadyExistsFault(
  resource: Qualified,
  name: string,
  prefix: string = "",
): StatusFault {
  return new StatusFault({
    code: 409,
    reason: "AlreadyExists",
    message: `${prefix}${qualified(resource)} "${name}" already exists`,
    details: about(resource, name),
  });
}

/** 409: the object is not as the client believes. */
export function conflictFault(resource: Qualified, name: string, why: string): StatusFault {
  return new StatusFault({
    code: 409,
    reason: "Conflict",
    message: `Operation cannot be fulfilled on ${qualified(resource)} "${name}": ${why}`,
    details: about(resource, name),
  });
}

/** Why a write with an old resource version is refused. */
export const MODIFIED: string =
  "the object has been modified; please apply your changes to the latest version and try again";

/** 400 */
export function badRequest(message: string): StatusFault {
  return new StatusFault({ code: 400, reason: "BadRequest", message });
}

/** 422 with one cause per field error; `kind` is a kind, as `Deployment`. */
export function invalidFault(
  kind: Qualified,
  name: string,
  errors: readonly FieldError[],
): StatusFault {
  const causes = errors.map(({ type: reason, message, field }) => ({ reason, message, field }));
  return new StatusFault({
    code: 422,
    reason: "Invalid",
    message: `${qualified(kind)} "${name}" is invalid: ${describeFieldErrors(errors)}`,
    details: { ...about(kind, name), causes },
  });
}

/** 403 */
export function forbiddenFault(resource: Qualified, name: string, why: string): StatusFault {
  const what = qualified(resource);
  const subject =
    what === "" ? "forbidden" : `${what} ${name === "" ? "" : `"${name}" `}is forbidden`;
  return new StatusFault({
    code: 403,
    reason: "Forbidden",
    message: `${subject}: ${why}`,
    details: about(resource, name),
  });
}

/** 401 */
export function unauthorizedFault(): StatusFault {
  return new StatusFault({ code: 401, reason: "Unauthorized", message: "Unauthorized" });
}

/** 410: the revision is forgotten. */
export function expiredFault(message: string): StatusFault {
  return new StatusFault({ code: 410, reason: "Expired", message });
}

/** The client asks for a state that is to come. */
export function futureFault(asked: bigint, current: number): StatusFault {
  return new StatusFault({
    code: 504,
    reason: "Timeout",
    message: `Timeout: Too large resource version: ${asked}, current: ${current}`,
    details: {
      causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }],
      retryAfterSeconds: 1,
    },
  });
}

/** 413 */
export function tooLarge(message: string): StatusFault {
  return new StatusFault({ code: 413, reason: "RequestEntityTooLarge", message });
}

/** 406 */
export function notAcceptable(message: string, details?: StatusDetails): StatusFault {
  const failure = { code: 406, reason: "NotAcceptable", message } as const;
  return new StatusFault(details === undefined ? failure : { ...failure, details });
}

/** 415 */
export function unsupportedMediaType(message: string, details?: StatusDetails): StatusFault {
  const failure = { code: 415, reason: "UnsupportedMediaType", message } as const;
  return new StatusFault(details === undefined ? failure : { ...failure, details });
}

/** What went wrong has no reason of its own on the wire. */
export function plainFault(code: number, message: string): StatusFault {
  return new StatusFault({ code, reason: "", message });
}
