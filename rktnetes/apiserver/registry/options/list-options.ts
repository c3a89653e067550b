/**
 * What a list or a watch asks for. In: query parameters. Out: options that fit together. @see
 * reference of the API, "Resource versions". @throws {StatusFault} 400, 422
 */
import { forbidden, type FieldError, notSupported } from "@rktnetes/api/field-error";
import { badRequest, invalidFault } from "@rktnetes/api/status-fault";
import { integerOf, revisionProblem, switchOf } from "./query.ts";

export type VersionMatch = "" | "Exact" | "NotOlderThan";

export interface ListQuery {
  readonly labelSelector: string;
  readonly fieldSelector: string;
  readonly watch: boolean;
  readonly allowWatchBookmarks: boolean;
  readonly sendInitialEvents: boolean | undefined;
  /** Empty where the client does not care. */
  readonly resourceVersion: string;
  readonly resourceVersionMatch: VersionMatch;
  readonly limit: number;
  readonly continue: string;
  readonly timeoutSeconds: number | undefined;
}

export function readListQuery(query: URLSearchParams, forceWatch: boolean): ListQuery {
  const asked = {
    labelSelector: query.get("labelSelector") ?? "",
    fieldSelector: query.get("fieldSelector") ?? "",
    watch: forceWatch || switchOf(query, "watch") === true,
    allowWatchBookmarks: switchOf(query, "allowWatchBookmarks") === true,
    sendInitialEvents: switchOf(query, "sendInitialEvents"),
    resourceVersion: query.get("resourceVersion") ?? "",
    resourceVersionMatch: query.get("resourceVersionMatch") ?? "",
    limit: Math.max(0, integerOf(query, "limit") ?? 0),
    continue: query.get("continue") ?? "",
    timeoutSeconds: integerOf(query, "timeoutSeconds"),
  };
  const options = withWatchDefaults(asked);
  const errors = options.watch ? watchErrors(options) : listErrors(options);
  if (errors.length > 0) throw invalidFault(LIST_OPTIONS, "", errors);
  return options as ListQuery;
}

const LIST_OPTIONS = { group: "meta.k8s.io", name: "ListOptions" };

type Asked = Omit<ListQuery, "resourceVersionMatch"> & { readonly resourceVersionMatch: string };

/**
 * A watch from "now" or from "anything" begins with what is there, as before there was a choice.
 */
function withWatchDefaults(asked: Asked): Asked {
  const said = asked.sendInitialEvents !== undefined || asked.resourceVersionMatch !== "";
  const fromAnything = asked.resourceVersion === "" || asked.resourceVersion === "0";
  if (!asked.watch || said || !fromAnything) return asked;
  return { ...asked, sendInitialEvents: true, resourceVersionMatch: "NotOlderThan" };
}

const MATCH = "resourceVersionMatch";

function watchErrors(options: Asked): readonly FieldError[] {
  const { resourceVersionMatch: match, sendInitialEvents } = options;
  const errors: FieldError[] = [];
  if (sendInitialEvents !== undefined && match !== "NotOlderThan") {
    const why = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan";
    errors.push(forbidden(MATCH, why));
  }
  if (match === "") return errors;
  if (sendInitialEvents === undefined) {
    const why = "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided";
    errors.push(forbidden(MATCH, why));
  }
  if (match !== "NotOlderThan") errors.push(notSupported(MATCH, match, ["NotOlderThan"]));
  if (options.continue !== "") errors.push(forbidden(MATCH, CONTINUED));
  return errors;
}

const CONTINUED = "resourceVersionMatch is forbidden when continue is provided";

function listErrors(options: Asked): readonly FieldError[] {
  const { resourceVersionMatch: match, resourceVersion } = options;
  const errors: FieldError[] = [];
  if (match !== "") {
    if (resourceVersion === "") {
      const why = "resourceVersionMatch is forbidden unless resourceVersion is provided";
      errors.push(forbidden(MATCH, why));
    }
    if (options.continue !== "") errors.push(forbidden(MATCH, CONTINUED));
    if (match !== "Exact" && match !== "NotOlderThan") {
      errors.push(notSupported(MATCH, match, ["Exact", "NotOlderThan", ""]));
    }
    if (match === "Exact" && resourceVersion === "0") {
      const why = 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"';
      errors.push(forbidden(MATCH, why));
    }
  }
  if (options.sendInitialEvents !== undefined) {
    errors.push(forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list"));
  }
  return errors;
}

/** The revision that a list asks for; undefined for none. */
export function listRevision(options: ListQuery): number | undefined {
  if (options.resourceVersion === "") return undefined;
  const problem = revisionProblem(options.resourceVersion);
  if (problem !== undefined) throw badRequest(`invalid resource version: ${problem}`);
  return Number(options.resourceVersion);
}
