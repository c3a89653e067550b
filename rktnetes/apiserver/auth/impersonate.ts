/**
 * A user who acts as another one. In: headers, who sends them, what is asked for. Out: whom the
 * request counts as, and which verb allowed it. Two ways lead there: a verb for each kind of user,
 * and for what is to be done as them, or the old verb that allows everything.
 * @throws {StatusFault} 400, 403
 */
import { badRequest } from "@rktnetes/api/status-fault";
import type { ApiRequest } from "../http/api-request.ts";
import { extraHeaders, headerValues } from "./authenticate.ts";
import type { Authorizer } from "./authorizer.ts";
import {
  type Asked,
  completed,
  constrainedModes,
  constrainedRefusal,
  legacyRefusal,
} from "./impersonation-modes.ts";
import type { Attributes, User } from "./user.ts";

const PREFIX = "impersonate-";
const EXTRA_PREFIX = "impersonate-extra-";

export interface Impersonation {
  readonly user: User;
  /** The verb that allowed it; empty for the old one. */
  readonly constraint: string;
}

/** Undefined where the user wants to be nobody else. */
export async function impersonate(
  authorizer: Authorizer,
  request: ApiRequest,
  sender: User,
  attributes: Attributes,
): Promise<Impersonation | undefined> {
  const wanted = wantedUser(request);
  if (wanted === undefined) return undefined;
  const asked: Asked = { authorizer, sender, attributes, wanted };
  let first: Error | undefined;
  for (const mode of constrainedModes(wanted, sender)) {
    const refusal = await constrainedRefusal(asked, mode);
    if (refusal === undefined) {
      return { user: completed(wanted, mode), constraint: `impersonate:${mode}` };
    }
    first ??= refusal;
  }
  const refusal = await legacyRefusal(asked);
  if (refusal !== undefined) throw first ?? refusal;
  return { user: completed(wanted), constraint: "" };
}

/** Whom the headers name, with nothing added. */
function wantedUser(request: ApiRequest): User | undefined {
  if (!request.headerNames().some((name) => name.startsWith(PREFIX))) return undefined;
  const wanted = {
    name: request.header("impersonate-user") ?? "",
    uid: request.header("impersonate-uid") ?? "",
    groups: headerValues(request, "impersonate-group"),
    extra: extraHeaders(request, EXTRA_PREFIX),
  };
  if (wanted.name !== "") return wanted;
  const isAsked =
    wanted.uid !== "" || wanted.groups.length > 0 || Object.keys(wanted.extra).length > 0;
  if (!isAsked) return undefined;
  throw badRequest(`requested ${goUser(wanted)} without impersonating a user name`);
}

/** As Go prints the record of a user. */
function goUser({ name, uid, groups, extra }: User): string {
  const texts = (list: readonly string[]): string =>
    `[]string{${list.map((each) => JSON.stringify(each)).join(", ")}}`;
  const entries = Object.entries(extra).toSorted(([left], [right]) => (left < right ? -1 : 1));
  const map = `map[string][]string{${entries
    .map(([key, list]) => `${JSON.stringify(key)}:${texts(list)}`)
    .join(", ")}}`;
  const shown = {
    groups: groups.length === 0 ? "[]string(nil)" : texts(groups),
    extra: entries.length === 0 ? "map[string][]string(nil)" : map,
  };
  return (
    `&user.DefaultInfo{Name:${JSON.stringify(name)}, UID:${JSON.stringify(uid)}, ` +
    `Groups:${shown.groups}, Extra:${shown.extra}}`
  );
}
