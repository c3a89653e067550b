/**
 * The ways to act as somebody else. In: who asks, whom they want to be, what for. Out: the ways
 * that are open for such a user, what stands in the way, and the user with its groups. Nodes and
 * service accounts are taken as they are: who names groups, too, needs the old verb.
 */
import { dnsSubdomainProblems } from "@rktnetes/api/values/names";
import { decide, forbiddenTo } from "./authorize.ts";
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

export type Mode = "associated-node" | "arbitrary-node" | "serviceaccount" | "user-info";

export interface Asked {
  readonly authorizer: Authorizer;
  readonly sender: User;
  readonly attributes: Attributes;
  readonly wanted: User;
}

const AUTHENTICATION = "authentication.k8s.io";
const NODE_NAME = "authentication.kubernetes.io/node-name";
const NODE_KEYS = "authentication.kubernetes.io/associated-node-keys";

/** From so many on, who may be all of them is asked first. */
const MANY = 4;

export function constrainedModes(wanted: User, sender: User): readonly Mode[] {
  const { uid, groups, extra } = wanted;
  const isNameOnly = uid === "" && groups.length === 0 && Object.keys(extra).length === 0;
  const node = nodeOf(wanted);
  if (node !== undefined) {
    if (!isNameOnly) return [];
    return isOn(sender, node) ? ["associated-node", "arbitrary-node"] : ["arbitrary-node"];
  }
  if (parseServiceAccount(wanted.name) === undefined) return ["user-info"];
  return isNameOnly ? ["serviceaccount"] : [];
}

function nodeOf({ name }: User): string | undefined {
  const prefix = "system:node:";
  if (!name.startsWith(prefix)) return undefined;
  const node = name.slice(prefix.length);
  return dnsSubdomainProblems(node).length === 0 ? node : undefined;
}

/** Its token is bound to this node, or to a pod there. */
function isOn({ name, extra }: User, node: string): boolean {
  const [first, ...more] = extra[NODE_NAME] ?? [];
  return parseServiceAccount(name) !== undefined && first === node && more.length === 0;
}

/** The user with the groups that follow from the name. */
export function completed(wanted: User, mode?: Mode): User {
  const groups = groupsOf(wanted, mode);
  if (wanted.name !== ANONYMOUS.name) return authenticated({ ...wanted, groups });
  return { ...wanted, groups: [...new Set([...groups, ...ANONYMOUS.groups])] };
}

function groupsOf(wanted: User, mode: Mode | undefined): readonly string[] {
  if (mode === "associated-node" || mode === "arbitrary-node") return ["system:nodes"];
  const account = parseServiceAccount(wanted.name);
  if (account === undefined || wanted.groups.length > 0) return wanted.groups;
  return serviceAccountGroups(account.namespace);
}

/** What stands in the way of acting as this kind of user; undefined for nothing. */
export async function constrainedRefusal(asked: Asked, mode: Mode): Promise<Error | undefined> {
  const { attributes, wanted } = asked;
  const sender = mode === "associated-node" ? anywhere(asked.sender) : asked.sender;
  const ask = asker(asked.authorizer, sender);
  const verb = `impersonate:${mode}`;
  const problem = (about: Attributes, reason: string): Error => forbiddenTo(sender, about, reason);
  return (
    (await ask({ ...attributes, verb: `impersonate-on:${mode}:${attributes.verb}` })) ??
    (await ask(nameAttributes(wanted, mode))) ??
    (await refusalOf(ask, uidAttributes(verb, wanted))) ??
    groupProblem(verb, wanted, problem) ??
    (await refusalOfMany(ask, groupAttributes(verb, wanted, AUTHENTICATION), { name: "*" })) ??
    extraProblem(verb, wanted, problem) ??
    (await refusalOfMany(ask, extraAttributes(verb, wanted), { name: "*", subresource: "*" }))
  );
}

export async function legacyRefusal(asked: Asked): Promise<Error | undefined> {
  const { authorizer, sender, wanted } = asked;
  const verb = "impersonate";
  const account = parseServiceAccount(wanted.name);
  const who =
    account === undefined
      ? about(verb, { group: "", resource: "users", name: wanted.name })
      : about(verb, { group: "", resource: "serviceaccounts", ...account });
  return await refusalOf(asker(authorizer, sender), [
    who,
    ...uidAttributes(verb, wanted),
    ...groupAttributes(verb, wanted, ""),
    ...extraAttributes(verb, wanted),
  ]);
}

/** Rules about those who act as their own node hold on all nodes. */
function anywhere(sender: User): User {
  return { ...sender, extra: { [NODE_KEYS]: Object.keys(sender.extra).sort() } };
}

type Ask = (attributes: Attributes) => Promise<Error | undefined>;

function asker(authorizer: Authorizer, sender: User): Ask {
  return async (attributes) => {
    const { allowed, reason } = await decide(authorizer, sender, attributes);
    return allowed ? undefined : forbiddenTo(sender, attributes, reason);
  };
}

async function refusalOf(ask: Ask, all: readonly Attributes[]): Promise<Error | undefined> {
  for (const attributes of all) {
    const refusal = await ask(attributes);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

async function refusalOfMany(
  ask: Ask,
  all: readonly Attributes[],
  every: Partial<Attributes>,
): Promise<Error | undefined> {
  const [first] = all;
  if (first !== undefined && all.length >= MANY) {
    if ((await ask({ ...first, ...every })) === undefined) return undefined;
  }
  return await refusalOf(ask, all);
}

type Problem = (about: Attributes, reason: string) => Error;

function groupProblem(verb: string, { groups }: User, problem: Problem): Error | undefined {
  const group = { group: AUTHENTICATION, resource: "groups" };
  if (groups.includes("")) {
    const reason = "impersonating the empty string group is not allowed";
    return problem(about(verb, { ...group, name: "" }), reason);
  }
  if (!groups.includes(MASTERS)) return undefined;
  const reason = `impersonating the ${MASTERS} group is not allowed`;
  return problem(about(verb, { ...group, name: MASTERS }), reason);
}

const EXTRA_PATH = /^[A-Za-z0-9/\-._~%!$&'()*+,;=:]+$/;

function extraProblem(verb: string, { extra }: User, problem: Problem): Error | undefined {
  const what = { group: AUTHENTICATION, resource: "userextras", name: "" };
  for (const [key, values] of Object.entries(extra)) {
    const reason = extraReason(key, values);
    if (reason !== undefined) {
      return problem(about(verb, what), `impersonating ${reason}`);
    }
  }
  return undefined;
}

function extraReason(key: string, values: readonly string[]): string | undefined {
  const quoted = JSON.stringify(key);
  const cut = key.indexOf("/");
  const path = key.slice(cut + 1);
  if (key === "") return "the empty string key in extra is not allowed";
  if (cut <= 0 || path === "") {
    return (
      `an invalid key in extra is not allowed: extra.key: Invalid value: ${quoted}: ` +
      'must be a domain-prefixed path (such as "acme.io/foo")'
    );
  }
  const [why] = dnsSubdomainProblems(key.slice(0, cut));
  if (why !== undefined || !EXTRA_PATH.test(path)) {
    const reason = why ?? "Invalid path";
    return `an invalid key in extra is not allowed: extra.key: Invalid value: ${quoted}: ${reason}`;
  }
  if (values.length === 0) return "empty values in extra is not allowed";
  return values.includes("") ? "the empty string value in extra is not allowed" : undefined;
}

function nameAttributes(wanted: User, mode: Mode): Attributes {
  const verb = `impersonate:${mode}`;
  const group = AUTHENTICATION;
  const account = parseServiceAccount(wanted.name);
  if (account !== undefined) {
    return about(verb, { group, resource: "serviceaccounts", ...account });
  }
  if (mode === "user-info") return about(verb, { group, resource: "users", name: wanted.name });
  const name = mode === "associated-node" ? "*" : (nodeOf(wanted) ?? "");
  return about(verb, { group, resource: "nodes", name });
}

function uidAttributes(verb: string, { uid }: User): Attributes[] {
  return uid === "" ? [] : [about(verb, { group: AUTHENTICATION, resource: "uids", name: uid })];
}

function groupAttributes(verb: string, { groups }: User, group: string): Attributes[] {
  return groups.map((name) => about(verb, { group, resource: "groups", name }));
}

function extraAttributes(verb: string, { extra }: User): Attributes[] {
  const resource = "userextras";
  return Object.entries(extra).flatMap(([subresource, values]) =>
    values.map((name) => about(verb, { group: AUTHENTICATION, resource, subresource, name })),
  );
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
  const what = { group, version: "v1", namespace, resource, subresource, name };
  return { verb, isResource: true, path: "", ...what };
}
