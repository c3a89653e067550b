/**
 * Questions about users that are asked by creating an object which is never kept: whose is a token,
 * who am I, may somebody do something. In: the object as the client sent it. Out: the same with an
 * answer. @throws {StatusFault} 400, 422
 */
import type { JsonObject } from "@rktnetes/api/schema";
import { badRequest } from "@rktnetes/api/status-fault";
import type {
  SelfSubjectReview,
  TokenReview,
  UserInfo,
} from "@rktnetes/api/types/authentication-v1";
import type {
  SelfSubjectRulesReview,
  SubjectAccessReview,
} from "@rktnetes/api/types/authorization-v1";
import type { Authenticator } from "../authenticate.ts";
import type { Authorizer } from "../authorizer.ts";
import { authenticated, type User } from "../user.ts";
import { checkAccessReview, attributesOfReview } from "./access-review.ts";

export interface ReviewParts {
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
}

export interface ReviewAsked {
  readonly object: JsonObject;
  readonly user: User;
  /** Of the path; empty for cluster-wide ones. */
  readonly namespace: string;
  readonly now: string;
}

type Review = (parts: ReviewParts, asked: ReviewAsked) => Promise<JsonObject>;

const REVIEWS: Readonly<Record<string, Review>> = {
  "authentication.k8s.io/selfsubjectreviews": reviewSelf,
  "authentication.k8s.io/tokenreviews": reviewToken,
  "authorization.k8s.io/localsubjectaccessreviews": reviewAccess,
  "authorization.k8s.io/selfsubjectaccessreviews": reviewOwnAccess,
  "authorization.k8s.io/selfsubjectrulesreviews": reviewRules,
  "authorization.k8s.io/subjectaccessreviews": reviewAccess,
};

/** What answers creations of a resource, named `<group>/<plural>`. */
export function reviewOf(resource: string): Review | undefined {
  return REVIEWS[resource];
}

function reviewSelf(_parts: ReviewParts, { object, user, now }: ReviewAsked): Promise<JsonObject> {
  const review = object as unknown as SelfSubjectReview;
  const made = {
    ...review,
    metadata: { ...review.metadata, creationTimestamp: now },
    status: { userInfo: userInfo(user) },
  };
  return Promise.resolve(made as unknown as JsonObject);
}

function userInfo({ name, uid, groups, extra }: User): UserInfo {
  const info: UserInfo = { username: name, groups: [...groups] };
  if (uid !== "") info.uid = uid;
  if (Object.keys(extra).length > 0) info.extra = extra as Record<string, string[]>;
  return info;
}

async function reviewToken(
  { authenticator }: ReviewParts,
  { object }: ReviewAsked,
): Promise<JsonObject> {
  const review = object as unknown as TokenReview;
  const token = review.spec?.token ?? "";
  if (token === "") throw badRequest("token is required for TokenReview in authentication");
  const status = await tokenStatus(authenticator, token, review.spec.audiences ?? []);
  return { ...review, status } as unknown as JsonObject;
}

const NO_USER = { user: {} };
const INVALID = "invalid bearer token";

async function tokenStatus(
  authenticator: Authenticator,
  token: string,
  asked: readonly string[],
): Promise<TokenReview["status"]> {
  const own = authenticator.audiences;
  const audiences = asked.length === 0 ? own : asked;
  const verdict = await authenticator.check(token, audiences);
  if (verdict.type === "unknown") return { ...NO_USER, error: INVALID };
  if (verdict.type === "bad") return { ...NO_USER, error: `[${INVALID}, ${verdict.why}]` };
  const any = verdict.audiences.length === 0;
  const meant = any ? audiences.filter((each) => own.includes(each)) : verdict.audiences;
  if (meant.length === 0) return { ...NO_USER, error: INVALID };
  const user = userInfo(authenticated(verdict.user));
  return { authenticated: true, user, audiences: [...meant] };
}

async function reviewAccess(
  { authorizer }: ReviewParts,
  { object, namespace }: ReviewAsked,
): Promise<JsonObject> {
  const review = object as unknown as SubjectAccessReview;
  checkAccessReview(review.spec, { namespace, self: false });
  const { user: name = "", uid = "", groups = [], extra = {} } = review.spec;
  const user = { name, uid, groups, extra };
  return await withAccess(authorizer, review, user);
}

async function reviewOwnAccess(
  { authorizer }: ReviewParts,
  { object, user }: ReviewAsked,
): Promise<JsonObject> {
  const review = object as unknown as SubjectAccessReview;
  checkAccessReview(review.spec, { namespace: "", self: true });
  return await withAccess(authorizer, review, user);
}

async function withAccess(
  authorizer: Authorizer,
  review: SubjectAccessReview,
  user: User,
): Promise<JsonObject> {
  const { allowed, reason } = await authorizer.authorize(user, attributesOfReview(review.spec));
  const status = reason === "" ? { allowed } : { allowed, reason };
  return { ...review, status } as unknown as JsonObject;
}

async function reviewRules(
  { authorizer }: ReviewParts,
  { object, user }: ReviewAsked,
): Promise<JsonObject> {
  const { spec } = object as unknown as SelfSubjectRulesReview;
  const namespace = spec?.namespace ?? "";
  if (namespace === "") throw badRequest("no namespace on request");
  const rules = await authorizer.rulesFor(user, namespace);
  const { resourceRules = [], nonResourceRules = [], incomplete = false, error = "" } = rules ?? {};
  const status = { resourceRules, nonResourceRules, incomplete };
  const whole = error === "" ? status : { ...status, evaluationError: error };
  return { metadata: {}, spec: {}, status: whole } as unknown as JsonObject;
}
