/**
 * What expressions about a request can name. In: a request. Out: values, made when they are first
 * asked for. Questions to the authoriser are answered between two runs of an expression.
 */
import { Meter, rootScope, type Scope } from "@rktnetes/api/cel/evaluate";
import {
  type AuthorizerDecision,
  type AuthorizerQuestion,
  authorizerValue,
  type Decide,
  resourceCheck,
} from "@rktnetes/api/cel/functions/authorizer";
import type { Named } from "@rktnetes/api/cel/policy";
import { CelError, CelMap, type CelValue, fromJson, Opaque } from "@rktnetes/api/cel/values";
import type { JsonObject } from "@rktnetes/api/schema";
import type { Authorizer } from "../../auth/authorizer.ts";
import { serviceAccountGroups, serviceAccountUser, type User } from "../../auth/user.ts";
import { apiVersionOf } from "../../registry/resource.ts";
import type { AdmissionRequest } from "../admission.ts";
import { namesOf, type Seen } from "../equivalent.ts";

/** All expressions of one policy about one request may cost so much. */
const BUDGET = 10_000_000;

export interface Facts {
  readonly seen: Seen;
  readonly namespaceObject: JsonObject | undefined;
  readonly params: JsonObject | undefined;
  readonly variables: readonly Named[];
}

/** An answer that is missing; the expression is run again when it is there. */
class Unanswered extends Error {
  readonly question: AuthorizerQuestion;

  constructor(question: AuthorizerQuestion) {
    super("ask the authorizer");
    this.question = question;
  }
}

/** Runs what needs a scope until no question is open. */
export async function withScope<T>(
  authorizer: Authorizer,
  facts: Facts,
  run: (scope: Scope) => T,
): Promise<T> {
  const answers = new Map<string, AuthorizerDecision>();
  const decide: Decide = (question) => {
    const known = answers.get(JSON.stringify(question));
    if (known === undefined) throw new Unanswered(question);
    return known;
  };
  for (;;) {
    try {
      return run(scopeOf(facts, decide));
    } catch (error) {
      if (!(error instanceof Unanswered)) throw error;
      const { question } = error;
      const decision = await answer(authorizer, facts.seen.request.context.user, question);
      answers.set(JSON.stringify(question), decision);
    }
  }
}

async function answer(
  authorizer: Authorizer,
  user: AdmissionRequest["context"]["user"],
  question: AuthorizerQuestion,
): Promise<AuthorizerDecision> {
  const { serviceAccount, ...asked } = question;
  const [namespace = "", name = ""] = serviceAccount.split(":");
  const who: User =
    serviceAccount === ""
      ? user
      : {
          name: serviceAccountUser({ namespace, name }),
          uid: "",
          groups: serviceAccountGroups(namespace),
          extra: {},
        };
  const isResource = asked.path === "";
  return await authorizer.authorize(who, { ...asked, isResource, version: "*" });
}

function scopeOf(facts: Facts, decide: Decide): Scope {
  const { seen, namespaceObject, params, variables } = facts;
  const { request } = seen;
  const { kind } = namesOf(seen);
  const typeMeta = { kind: kind.kind, apiVersion: apiVersionOf(kind) };
  const typed = (object: JsonObject | undefined): CelValue =>
    object === undefined ? null : fromJson({ ...object, ...typeMeta });
  const scope: Scope = rootScope(
    {
      object: () => typed(request.object),
      oldObject: () => typed(request.old),
      request: () => requestValue(seen),
      namespaceObject: () => fromJson(namespaceObject),
      params: () => fromJson(params),
      variables: () => new LazyVariables(variables, () => scope),
      authorizer: () => authorizerOf(request, decide),
    },
    new Meter(BUDGET),
  );
  return scope;
}

/** Variables have their values when an expression first names them. */
class LazyVariables extends CelMap {
  readonly #variables: readonly Named[];
  readonly #scope: () => Scope;

  constructor(variables: readonly Named[], scope: () => Scope) {
    super("kubernetes.variables");
    this.#variables = variables;
    this.#scope = scope;
  }

  override get(key: CelValue): CelValue | undefined {
    const known = super.get(key);
    if (known !== undefined || typeof key !== "string") return known;
    const found = this.#variables.find(({ name }) => name === key);
    if (found === undefined) return undefined;
    if (!found.compilation.ok) throw new CelError(found.compilation.error);
    const value = found.compilation.compiled.run(this.#scope());
    this.set(key, value);
    return value;
  }

  override has(key: CelValue): boolean {
    return this.#variables.some(({ name }) => name === key);
  }
}

function authorizerOf(request: AdmissionRequest, decide: Decide): Opaque {
  const { group, resource } = request.resource.kind;
  const { namespace, name, subresource } = request;
  const fields = new CelMap();
  const question = { group, resource, namespace, name, subresource };
  fields.set("requestResource", resourceCheck(decide, question));
  const plain = authorizerValue(decide);
  return new Opaque(plain.type, plain.content, plain.text, fields);
}

function requestValue(seen: Seen): CelValue {
  const { operation, namespace, name, subresource, context, options = null } = seen.request;
  const { kind, resource, requestKind, requestResource } = namesOf(seen);
  const { user } = context;
  return fromJson({
    kind: { ...kind },
    resource: { ...resource },
    subResource: subresource,
    requestKind: { ...requestKind },
    requestResource: { ...requestResource },
    requestSubResource: subresource,
    name,
    namespace,
    operation,
    userInfo: {
      username: user.name,
      uid: user.uid,
      groups: [...user.groups],
      extra: Object.fromEntries(
        Object.entries(user.extra).map(([key, values]) => [key, [...values]]),
      ),
    },
    dryRun: context.dryRun,
    options,
  });
}
