/**
 * A user who acts as another one. In: headers, who sends them, what is asked for. Out: whom the
 * request counts as. Two ways lead there: a verb for each kind of user, and for what is to be done
 * as them, or the old verb that allows everything. @throws {StatusFault} 400, 403
 */
import { badRequest } from "@rktnetes/api/status-fault";
import type { ApiRequest } from "../http/api-request.ts";
import { extraHeaders, headerValues } from "./authenticate.ts";
import { forbiddenTo } from "./authorize.ts";
import type { Authorizer } from "./authorizer.ts";
import {
  ANONYMOUS,
  type Attributes,
  authenticated,
  MASTERS,
  parseServiceAccount,
  serviceAccountGroups,
  type User,
} from "./user.ts";

const PREFIX = "impersonate-";
const EXTRA_PREFIX = "impersonate-extra-";

/** The user itself where it wants to be nobody else. */
export async function impersonate(
  authorizer: Authorizer,
  request: ApiRequest,
  user: User,
  attributes: Attributes,
): Promise<User> {
  const wanted = wantedUser(request);
  if (wanted === undefined) return user;
  if (!user.groups.includes(MASTERS)) {
    await checkAllowed({ authorizer, user, attributes, wanted });
  }
  return completed(wanted);
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

function completed(wanted: User): User {
  const account = parseServiceAccount(wanted.name);
  const groups =
    account !== undefined && wanted.groups.length === 0
      ? serviceAccountGroups(account.namespace)
      : wanted.groups;
  if (wanted.name !== ANONYMOUS.name) return authenticated({ ...wanted, groups });
  return { ...wanted, groups: [...new Set([...groups, ...ANONYMOUS.groups])] };
}

interface Asked {
  readonly authorizer: Authorizer;
  readonly user: User;
  readonly attributes: Attributes;
  readonly wanted: User;
}

async function checkAllowed(asked: Asked): Promise<void> {
  const refusal = await constrainedRefusal(asked);
  if (refusal === undefined) return;
  if ((await firstDenied(asked, legacyAttributes(asked.wanted))) === undefined) return;
  throw forbiddenTo(asked.user, refusal.attributes, refusal.reason);
}

interface Refusal {
  readonly attributes: Attributes;
  readonly reason: string;
}

/** What stands in the way of acting as this kind of user; undefined for nothing. */
async function constrainedRefusal(asked: Asked): Promise<Refusal | undefined> {
  const { wanted, attributes } = asked;
  const mode = modeOf(wanted);
  const acting = { ...attributes, verb: `impersonate-on:${mode}:${attributes.verb}` };
  const identity = identityAttributes(wanted, mode);
  return await firstDenied(asked, [acting, ...identity]);
}

type Mode = "user-info" | "serviceaccount" | "arbitrary-node";

function modeOf({ name, groups }: User): Mode {
  if (parseServiceAccount(name) !== undefined) return "serviceaccount";
  const isNode = name.startsWith("system:node:") && groups.every((each) => each === "system:nodes");
  return isNode ? "arbitrary-node" : "user-info";
}

async function firstDenied(
  { authorizer, user }: Asked,
  all: readonly Attributes[],
): Promise<Refusal | undefined> {
  for (const attributes of all) {
    const { allowed, reason } = await authorizer.authorize(user, attributes);
    if (!allowed) return { attributes, reason };
  }
  return undefined;
}

const AUTHENTICATION = "authentication.k8s.io";

function identityAttributes(wanted: User, mode: Mode): readonly Attributes[] {
  const verb = `impersonate:${mode}`;
  const account = parseServiceAccount(wanted.name);
  if (mode === "serviceaccount" && account !== undefined) {
    const { namespace, name } = account;
    return [about(verb, { group: AUTHENTICATION, resource: "serviceaccounts", namespace, name })];
  }
  if (mode === "arbitrary-node") {
    const name = wanted.name.slice("system:node:".length);
    return [about(verb, { group: AUTHENTICATION, resource: "nodes", name })];
  }
  return [
    about(verb, { group: AUTHENTICATION, resource: "users", name: wanted.name }),
    ...memberAttributes(verb, wanted, AUTHENTICATION),
  ];
}

function legacyAttributes(wanted: User): readonly Attributes[] {
  const account = parseServiceAccount(wanted.name);
  const verb = "impersonate";
  const who =
    account === undefined
      ? about(verb, { group: "", resource: "users", name: wanted.name })
      : about(verb, { group: "", resource: "serviceaccounts", ...account });
  return [who, ...memberAttributes(verb, wanted, "")];
}

function memberAttributes(verb: string, wanted: User, groupOfGroups: string): Attributes[] {
  const uid = wanted.uid;
  const group = AUTHENTICATION;
  return [
    ...wanted.groups.map((name) => about(verb, { group: groupOfGroups, resource: "groups", name })),
    ...(uid === "" ? [] : [about(verb, { group, resource: "uids", name: uid })]),
    ...Object.entries(wanted.extra).flatMap(([key, values]) =>
      values.map((name) => about(verb, { group, resource: "userextras", subresource: key, name })),
    ),
  ];
}

interface About {
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly namespace?: string;
  readonly name: string;
}

function about(verb: string, { group, resource, name, ...rest }: About): Attributes {
  const { subresource = "", namespace = "" } = rest;
  const version = "v1";
  return {
    verb,
    isResource: true,
    path: "",
    group,
    version,
    namespace,
    resource,
    subresource,
    name,
  };
}
