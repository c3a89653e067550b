/**
 * How an object is to be deleted. In: a body, or query parameters where there is none. Out:
 * options.
 * @throws {StatusFault} 400, 422
 */
import { type FieldError, invalid, notSupported } from "@rktnetes/api/field-error";
import type { JsonObject } from "@rktnetes/api/schema";
import { invalidFault } from "@rktnetes/api/status-fault";
import { integerOf, switchOf } from "./query.ts";
import { dryRunErrors } from "./write-options.ts";

export type Propagation = "Orphan" | "Background" | "Foreground";

export interface DeleteOptions {
  readonly gracePeriodSeconds: number | undefined;
  readonly propagationPolicy: Propagation | undefined;
  readonly orphanDependents: boolean | undefined;
  readonly uid: string | undefined;
  readonly resourceVersion: string | undefined;
  readonly dryRun: boolean;
}

interface Raw extends Omit<DeleteOptions, "propagationPolicy" | "dryRun"> {
  readonly propagationPolicy: string | undefined;
  readonly dryRun: readonly string[];
}

export function readDeleteOptions(
  body: JsonObject | undefined,
  query: URLSearchParams,
): DeleteOptions {
  const raw = body === undefined ? fromQuery(query) : fromBody(body);
  const errors = [...dryRunErrors(raw.dryRun), ...propagationErrors(raw)];
  if (errors.length > 0) {
    throw invalidFault({ group: "meta.k8s.io", name: "DeleteOptions" }, "", errors);
  }
  const propagationPolicy = raw.propagationPolicy as Propagation | undefined;
  return { ...raw, propagationPolicy, dryRun: raw.dryRun.length > 0 };
}

function fromQuery(query: URLSearchParams): Raw {
  return {
    gracePeriodSeconds: integerOf(query, "gracePeriodSeconds"),
    propagationPolicy: query.get("propagationPolicy") ?? undefined,
    orphanDependents: switchOf(query, "orphanDependents"),
    uid: undefined,
    resourceVersion: undefined,
    dryRun: query.getAll("dryRun"),
  };
}

function fromBody(body: JsonObject): Raw {
  const grace = body["gracePeriodSeconds"];
  const policy = body["propagationPolicy"];
  const orphan = body["orphanDependents"];
  const preconditions = body["preconditions"];
  const dryRun = body["dryRun"];
  const conditions =
    typeof preconditions === "object" && preconditions !== null && !Array.isArray(preconditions)
      ? preconditions
      : {};
  const { uid, resourceVersion } = conditions;
  return {
    gracePeriodSeconds: typeof grace === "number" ? grace : undefined,
    propagationPolicy: typeof policy === "string" ? policy : undefined,
    orphanDependents: typeof orphan === "boolean" ? orphan : undefined,
    uid: typeof uid === "string" ? uid : undefined,
    resourceVersion: typeof resourceVersion === "string" ? resourceVersion : undefined,
    dryRun: Array.isArray(dryRun) ? dryRun.map(String) : [],
  };
}

const POLICIES = ["Foreground", "Background", "Orphan"];

function propagationErrors({ propagationPolicy, orphanDependents }: Raw): readonly FieldError[] {
  const field = "propagationPolicy";
  if (propagationPolicy === undefined) return [];
  if (orphanDependents !== undefined) {
    const why = "orphanDependents and deletionPropagation cannot be both set";
    return [invalid(field, propagationPolicy, why)];
  }
  if (POLICIES.includes(propagationPolicy)) return [];
  return [notSupported(field, propagationPolicy, [...POLICIES, "nil"])];
}
