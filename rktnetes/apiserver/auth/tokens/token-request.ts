/**
 * `POST …/serviceaccounts/<name>/token`: a token for a service account. In: a TokenRequest. Out:
 * the same with a token. @throws {StatusFault} 400, 404, 409, 422
 */
import { type FieldError, invalid } from "@rktnetes/api/field-error";
import type { JsonObject } from "@rktnetes/api/schema";
import { badRequest, conflictFault, invalidFault, notFoundFault } from "@rktnetes/api/status-fault";
import type { BoundObjectReference, TokenRequest } from "@rktnetes/api/types/authentication-v1";
import type { Node, Pod, Secret, ServiceAccount } from "@rktnetes/api/types/core-v1";
import type { Lookup } from "../../admission/lookup.ts";
import { timestamp } from "../../host.ts";
import type { TokenOrder, ServiceAccountTokens } from "./service-account-tokens.ts";

const SHORTEST = 600;
const LONGEST = 2 ** 32;
const HOUR = 3600;
/** What kubelets ask for; their tokens live on for a year in case a program never reads again. */
const KUBELET_SECONDS = 3607;
const YEAR = 365 * 24 * HOUR;

export interface TokenAsked {
  readonly namespace: string;
  readonly name: string;
  readonly now: string;
}

export async function requestToken(
  tokens: ServiceAccountTokens,
  lookup: Lookup,
  object: JsonObject,
  asked: TokenAsked,
): Promise<JsonObject> {
  const { namespace, name, now } = asked;
  const account = await lookup.find<ServiceAccount>("/serviceaccounts", namespace, name);
  if (account === undefined) throw notFoundFault({ group: "", name: "serviceaccounts" }, name);
  const request = object as unknown as TokenRequest;
  check(request, name);
  const audiences = request.spec.audiences ?? [];
  const meant = audiences.length === 0 ? tokens.keys.audiences : audiences;
  const seconds = request.spec.expirationSeconds ?? HOUR;
  const bound = await boundTo(lookup, request.spec.boundObjectRef, account);
  const isKept = seconds === KUBELET_SECONDS && bound.bound?.kind === "Pod" && isOwn(meant, tokens);
  const issued = tokens.issue({
    account,
    audiences: meant,
    seconds: isKept ? YEAR : seconds,
    ...(isKept ? { warnAfterSeconds: seconds } : {}),
    ...bound,
  });
  const expires = isKept ? issued.expiresAtMs - (YEAR - seconds) * 1000 : issued.expiresAtMs;
  const uid = account.metadata.uid ?? "";
  const { managedFields } = request.metadata;
  const made = {
    ...request,
    metadata: { name, namespace, uid, creationTimestamp: now, managedFields },
    spec: { ...request.spec, audiences: [...meant], expirationSeconds: seconds },
    status: { token: issued.token, expirationTimestamp: timestamp(expires) },
  };
  return made as unknown as JsonObject;
}

function isOwn(audiences: readonly string[], { keys }: ServiceAccountTokens): boolean {
  return audiences.every((audience) => keys.audiences.includes(audience));
}

function check({ metadata, spec }: TokenRequest, name: string): void {
  const errors: FieldError[] = [];
  const own = metadata.name ?? "";
  if (own !== "" && own !== name) {
    errors.push(invalid("metadata.name", own, "must match the service account name if specified"));
  }
  if (errors.length > 0) throw invalidRequest(name, errors);
  const { expirationSeconds: seconds } = spec;
  if (seconds === undefined || seconds === null) return;
  const refuse = (why: string): void => {
    errors.push(invalid("spec.expirationSeconds", seconds, why));
  };
  if (seconds < SHORTEST) refuse("may not specify a duration less than 10 minutes");
  if (seconds > LONGEST) refuse("may not specify a duration larger than 2^32 seconds");
  if (errors.length > 0) throw invalidRequest("", errors);
}

function invalidRequest(name: string, errors: readonly FieldError[]): Error {
  return invalidFault({ group: "authentication.k8s.io", name: "TokenRequest" }, name, errors);
}

type BoundParts = Pick<TokenOrder, "bound" | "node">;

async function boundTo(
  lookup: Lookup,
  reference: BoundObjectReference | null | undefined,
  account: ServiceAccount,
): Promise<BoundParts> {
  if (reference === undefined || reference === null) return {};
  const { kind = "", apiVersion = "", name = "", uid = "" } = reference;
  const { namespace = "" } = account.metadata;
  const isCore = apiVersion === "v1";
  if (isCore && kind === "Pod") {
    const pod = await found<Pod>(lookup, ["/pods", namespace, name], uid);
    if (pod.spec?.serviceAccountName !== account.metadata.name) {
      const whose = JSON.stringify(account.metadata.name);
      const why = "to pod running with different serviceaccount name.";
      throw badRequest(`cannot bind token for serviceaccount ${whose} ${why}`);
    }
    const bound = { kind, name, uid: pod.metadata.uid ?? "" } as const;
    const node = pod.spec.nodeName ?? "";
    return node === "" ? { bound } : { bound, node: await nodeClaim(lookup, node) };
  }
  if (isCore && kind === "Secret") {
    const secret = await found<Secret>(lookup, ["/secrets", namespace, name], uid);
    return { bound: { kind, name, uid: secret.metadata.uid ?? "" } };
  }
  if (isCore && kind === "Node") {
    const node = await found<Node>(lookup, ["/nodes", "", name], uid);
    return { bound: { kind, name, uid: node.metadata.uid ?? "" } };
  }
  const [group = "", version = ""] = apiVersion.includes("/")
    ? apiVersion.split("/")
    : ["", apiVersion];
  const shown = `${group}/${version}, Kind=${kind}`;
  throw badRequest(`cannot bind token to object of type ${shown}`);
}

async function nodeClaim(lookup: Lookup, name: string): Promise<{ name: string; uid: string }> {
  const node = await lookup.find<Node>("/nodes", "", name);
  return { name, uid: node?.metadata.uid ?? "" };
}

const KINDS: Readonly<Record<string, string>> = {
  "/pods": "Pod",
  "/secrets": "Secret",
  "/nodes": "Node",
};

async function found<T extends Pod | Secret | Node>(
  lookup: Lookup,
  [resource, namespace, name]: readonly [string, string, string],
  uid: string,
): Promise<T> {
  const object = await lookup.find<T>(resource, namespace, name);
  if (object === undefined) throw notFoundFault({ group: "", name: resource.slice(1) }, name);
  if (uid === "" || uid === object.metadata.uid) return object;
  const why =
    `the UID in the bound object reference (${uid}) does not match the UID in record. ` +
    "The object might have been deleted and then recreated";
  throw conflictFault({ group: "", name: KINDS[resource] ?? "" }, name, why);
}
