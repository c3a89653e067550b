/**
 * `authorizer.group("apps").resource("deployments").check("create").allowed()`. In: whoever
 * decides. Out: decisions. The decision itself is the caller's.
 */
import { CelError, type CelValue, Opaque } from "../values.ts";
import type { Library, PartialFunction } from "./library.ts";

/** What is asked; empty parts mean nothing in particular. */
export interface AuthorizerQuestion {
  readonly verb: string;
  readonly path: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  /** Another user than the one who asks: `namespace:name` of a service account. */
  readonly serviceAccount: string;
}

export interface AuthorizerDecision {
  readonly allowed: boolean;
  readonly reason: string;
}

export type Decide = (question: AuthorizerQuestion) => AuthorizerDecision;

const AUTHORIZER = "kubernetes.authorization.Authorizer";
const PATH = "kubernetes.authorization.PathCheck";
const GROUP = "kubernetes.authorization.GroupCheck";
const RESOURCE = "kubernetes.authorization.ResourceCheck";
const DECISION = "kubernetes.authorization.Decision";

interface Asking {
  readonly decide: Decide;
  readonly question: AuthorizerQuestion;
}

const NOTHING: AuthorizerQuestion = {
  verb: "",
  path: "",
  group: "",
  resource: "",
  subresource: "",
  namespace: "",
  name: "",
  serviceAccount: "",
};

/** The value of the variable `authorizer`. */
export function authorizerValue(decide: Decide): Opaque {
  return new Opaque(AUTHORIZER, { decide, question: NOTHING }, "authorizer");
}

/** The value of `authorizer.requestResource`. */
export function resourceCheck(decide: Decide, question: Partial<AuthorizerQuestion>): Opaque {
  return new Opaque(RESOURCE, { decide, question: { ...NOTHING, ...question } }, "requestResource");
}

function step(
  from: string,
  to: string,
  part: (text: string, more: string) => Partial<AuthorizerQuestion>,
): PartialFunction {
  return ([value, text, more]) => {
    if (!(value instanceof Opaque) || value.type !== from || typeof text !== "string") {
      return undefined;
    }
    const { decide, question } = value.content as Asking;
    const next = part(text, typeof more === "string" ? more : "");
    return new Opaque(to, { decide, question: { ...question, ...next } }, "");
  };
}

function either(...runs: readonly PartialFunction[]): PartialFunction {
  return (args) => {
    for (const run of runs) {
      const value = run(args);
      if (value !== undefined) return value;
    }
    return undefined;
  };
}

function check([value, verb]: readonly CelValue[]): CelValue | undefined {
  if (!(value instanceof Opaque) || typeof verb !== "string") return undefined;
  if (value.type !== RESOURCE && value.type !== PATH) return undefined;
  const { decide, question } = value.content as Asking;
  return new Opaque(DECISION, decide({ ...question, verb }), "");
}

function ofDecision(read: (decision: AuthorizerDecision) => CelValue): PartialFunction {
  return ([value]) =>
    value instanceof Opaque && value.type === DECISION
      ? read(value.content as AuthorizerDecision)
      : undefined;
}

export const AUTHORIZER_FUNCTIONS: Library = {
  path: step(AUTHORIZER, PATH, (path) => {
    if (path === "") throw new CelError("path must not be empty");
    return { path };
  }),
  group: step(AUTHORIZER, GROUP, (group) => ({ group })),
  serviceAccount: step(AUTHORIZER, AUTHORIZER, (namespace, name) => ({
    serviceAccount: `${namespace}:${name}`,
  })),
  resource: step(GROUP, RESOURCE, (resource) => ({ resource })),
  subresource: step(RESOURCE, RESOURCE, (subresource) => ({ subresource })),
  namespace: step(RESOURCE, RESOURCE, (namespace) => ({ namespace })),
  name: either(step(RESOURCE, RESOURCE, (name) => ({ name }))),
  check,
  allowed: ofDecision(({ allowed }) => allowed),
  reason: ofDecision(({ reason }) => reason),
  errored: ofDecision(() => false),
  error: ofDecision(() => ""),
};
