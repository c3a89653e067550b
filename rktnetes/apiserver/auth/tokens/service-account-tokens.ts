/**
 * Tokens of service accounts: made for an account and what they are bound to, and believed as long
 * as both are there. In: keys, an issuer, the objects of the cluster. Out: tokens and users.
 */
import { createPublicKey } from "node:crypto";
import type { KeyObject } from "node:crypto";
import type { Node, Pod, Secret, ServiceAccount } from "@rktnetes/api/types/core-v1";
import type { Json, JsonObject } from "@rktnetes/api/schema";
import type { Lookup } from "../../admission/lookup.ts";
import type { ServerHost } from "../../host.ts";
import { serviceAccountGroups, serviceAccountUser, type User } from "../user.ts";
import {
  algorithmOf,
  isSignedBy,
  keyIdOf,
  type ParsedToken,
  parseToken,
  type SigningKey,
  signToken,
  type VerificationKey,
} from "./jwt.ts";
import { type TokenSource, type TokenVerdict, UNKNOWN_TOKEN } from "./token-source.ts";

export interface ServiceAccountKeys {
  /** `iss` of new tokens. */
  readonly issuer: string;
  /** Tokens without audiences are meant for these. */
  readonly audiences: readonly string[];
  /** Signs new tokens; the public parts of older keys still verify. */
  readonly signing: KeyObject;
  readonly former?: readonly KeyObject[];
  /** PEM of the cluster's authority: it stands beside tokens that are kept in secrets. */
  readonly authority?: string;
}

/** What a token is bound to beside its account. */
export interface Bound {
  readonly kind: "Pod" | "Secret" | "Node";
  readonly name: string;
  readonly uid: string;
}

export interface TokenOrder {
  readonly account: ServiceAccount;
  readonly audiences: readonly string[];
  readonly seconds: number;
  /** The client will renew it after this long; the token itself is good for `seconds`. */
  readonly warnAfterSeconds?: number;
  readonly bound?: Bound;
  /** The node of the pod that the token is bound to. */
  readonly node?: { readonly name: string; readonly uid: string };
}

export interface IssuedToken {
  readonly token: string;
  readonly expiresAtMs: number;
}

/** Clocks may differ by so much. */
const SKEW_SECONDS = 60;
const VERIFIED_MAX = 4096;
const EXTRA = "authentication.kubernetes.io/";

export class ServiceAccountTokens implements TokenSource {
  readonly keys: ServiceAccountKeys;
  readonly #lookup: Lookup;
  readonly #host: ServerHost;
  readonly #signing: SigningKey;
  readonly #verification: readonly VerificationKey[];
  /** Tokens whose signature was right. */
  readonly #verified = new Map<string, ParsedToken>();

  constructor(keys: ServiceAccountKeys, lookup: Lookup, host: ServerHost) {
    this.keys = keys;
    this.#lookup = lookup;
    this.#host = host;
    const { signing, former = [] } = keys;
    this.#signing = { id: keyIdOf(signing), algorithm: algorithmOf(signing), key: signing };
    const own = { id: this.#signing.id, key: createPublicKey(signing) };
    this.#verification = [own, ...former.map((key) => ({ id: keyIdOf(key), key }))];
  }

  issue({ account, audiences, seconds, ...order }: TokenOrder): IssuedToken {
    const { name = "", namespace = "", uid = "" } = account.metadata;
    const now = Math.floor(this.#host.clock.now() / 1000);
    const about: JsonObject = { namespace };
    if (order.node !== undefined) about["node"] = reference(order.node);
    if (order.bound !== undefined) about[order.bound.kind.toLowerCase()] = reference(order.bound);
    about["serviceaccount"] = { name, uid };
    if (order.warnAfterSeconds !== undefined) about["warnafter"] = now + order.warnAfterSeconds;
    const token = signToken(this.#signing, {
      aud: [...audiences],
      exp: now + seconds,
      iat: now,
      iss: this.keys.issuer,
      jti: this.#host.uuid(),
      "kubernetes.io": about,
      nbf: now,
      sub: serviceAccountUser({ namespace, name }),
    });
    return { token, expiresAtMs: (now + seconds) * 1000 };
  }

  /** The token of a secret of type `kubernetes.io/service-account-token`: it never expires. */
  issueForSecret(account: ServiceAccount, secret: string): string {
    const { name = "", namespace = "", uid = "" } = account.metadata;
    const claim = "kubernetes.io/serviceaccount";
    return signToken(this.#signing, {
      iss: LEGACY_ISSUER,
      [`${claim}/namespace`]: namespace,
      [`${claim}/secret.name`]: secret,
      [`${claim}/service-account.name`]: name,
      [`${claim}/service-account.uid`]: uid,
      sub: serviceAccountUser({ namespace, name }),
    });
  }

  async check(token: string, audiences: readonly string[]): Promise<TokenVerdict> {
    const parsed = this.#verified.get(token) ?? parseToken(token);
    if (parsed === undefined) return UNKNOWN_TOKEN;
    const isLegacy = parsed.claims["iss"] === LEGACY_ISSUER;
    if (!isLegacy && parsed.claims["iss"] !== this.keys.issuer) return UNKNOWN_TOKEN;
    if (!this.#verified.has(token)) {
      if (!isSignedBy(parsed, this.#verification)) return UNKNOWN_TOKEN;
      if (this.#verified.size >= VERIFIED_MAX) this.#verified.clear();
      this.#verified.set(token, parsed);
    }
    if (isLegacy) return await this.#checkLegacy(parsed.claims, token);
    return await this.#checkBound(parsed.claims, audiences);
  }

  /** The key set that others verify tokens with. @see RFC 7517 */
  keySet(): JsonObject {
    const keys = this.#verification.map(({ id, key }): Json => {
      const jwk = key.export({ format: "jwk" }) as JsonObject;
      return { use: "sig", kid: id, alg: algorithmOf(key), ...jwk };
    });
    return { keys };
  }

  get algorithms(): readonly string[] {
    return [...new Set(this.#verification.map(({ key }) => algorithmOf(key)))];
  }

  async #checkBound(claims: JsonObject, audiences: readonly string[]): Promise<TokenVerdict> {
    const now = this.#host.clock.now() / 1000;
    if (Number(claims["exp"] ?? 0) + SKEW_SECONDS < now) return bad("token has expired");
    if (Number(claims["nbf"] ?? 0) - SKEW_SECONDS > now) return bad("token is not valid yet");
    const meant = textsOf(claims["aud"]);
    const fitting = meant.filter((audience) => audiences.includes(audience));
    if (fitting.length === 0) {
      const [have, want] = [meant, audiences].map((list) => goTexts(list));
      return bad(`token audiences ${have} is invalid for the target audiences ${want}`);
    }
    const about = objectOf(claims["kubernetes.io"]);
    const namespace = textOf(about["namespace"]);
    const account = objectOf(about["serviceaccount"]);
    const name = textOf(account["name"]);
    const found = await this.#lookup.find<ServiceAccount>("/serviceaccounts", namespace, name);
    if (found === undefined) return bad("service account has been deleted");
    const { uid = "" } = found.metadata;
    if (uid !== textOf(account["uid"])) return bad("service account UID does not match");
    const why = await this.#boundProblem(about, namespace);
    if (why !== undefined) return bad(why);
    const extra = extraOf(claims, about);
    return { type: "user", user: userOf(namespace, name, uid, extra), audiences: fitting };
  }

  /** What a token is bound to must be there still, and the same. */
  async #boundProblem(about: JsonObject, namespace: string): Promise<string | undefined> {
    for (const [claim, resource] of [
      ["secret", "/secrets"],
      ["pod", "/pods"],
    ] as const) {
      if (about[claim] === undefined) continue;
      const { name, uid } = objectOf(about[claim]);
      const found = await this.#lookup.find<Pod | Secret>(resource, namespace, textOf(name));
      if (found === undefined) return `the ${claim} of the token is gone`;
      if (found.metadata.uid !== uid) return `the ${claim} of the token was made anew`;
      if (isLongGone(found, this.#host.clock.now())) return `the ${claim} of the token is gone`;
    }
    if (about["node"] === undefined || about["pod"] !== undefined) return undefined;
    const { name, uid } = objectOf(about["node"]);
    const node = await this.#lookup.find<Node>("/nodes", "", textOf(name));
    return node?.metadata.uid === uid ? undefined : "the node of the token is gone";
  }

  async #checkLegacy(claims: JsonObject, token: string): Promise<TokenVerdict> {
    const claim = (name: string): string => textOf(claims[`kubernetes.io/serviceaccount/${name}`]);
    const namespace = claim("namespace");
    const secret = await this.#lookup.find<Secret>("/secrets", namespace, claim("secret.name"));
    if (secret === undefined) return bad("token has been invalidated");
    const held = Buffer.from(secret.data?.["token"] ?? "", "base64").toString();
    if (held !== token) return bad("token does not match the secret");
    const name = claim("service-account.name");
    const account = await this.#lookup.find<ServiceAccount>("/serviceaccounts", namespace, name);
    const uid = account?.metadata.uid ?? "";
    if (account === undefined || uid !== claim("service-account.uid")) {
      return bad("service account has been deleted");
    }
    const { audiences } = this.keys;
    return { type: "user", user: userOf(namespace, name, uid, {}), audiences };
  }
}

const LEGACY_ISSUER = "kubernetes/serviceaccount";

/** A token outlives the deletion of its pod by a minute: what ends may need it. */
function isLongGone({ metadata }: Pod | Secret, nowMs: number): boolean {
  const at = metadata.deletionTimestamp;
  return at !== undefined && at !== null && Date.parse(at) + SKEW_SECONDS * 1000 < nowMs;
}

function userOf(namespace: string, name: string, uid: string, extra: User["extra"]): User {
  const user = serviceAccountUser({ namespace, name });
  return { name: user, uid, groups: serviceAccountGroups(namespace), extra };
}

function extraOf(claims: JsonObject, about: JsonObject): User["extra"] {
  const extra: Record<string, readonly string[]> = {};
  const id = textOf(claims["jti"]);
  if (id !== "") extra[`${EXTRA}credential-id`] = [`JTI=${id}`];
  for (const claim of ["pod", "node"]) {
    const { name, uid } = objectOf(about[claim]);
    if (textOf(name) !== "") extra[`${EXTRA}${claim}-name`] = [textOf(name)];
    if (textOf(uid) !== "") extra[`${EXTRA}${claim}-uid`] = [textOf(uid)];
  }
  return extra;
}

function reference({ name, uid }: { readonly name: string; readonly uid: string }): JsonObject {
  return uid === "" ? { name } : { name, uid };
}

function bad(why: string): TokenVerdict {
  return { type: "bad", why };
}

function textOf(value: Json | undefined): string {
  return typeof value === "string" ? value : "";
}

function textsOf(value: Json | undefined): readonly string[] {
  if (typeof value === "string") return [value];
  return Array.isArray(value) ? value.filter((each) => typeof each === "string") : [];
}

function objectOf(value: Json | undefined): JsonObject {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  return isObject ? value : {};
}

function goTexts(list: readonly string[]): string {
  return `[${list.map((each) => JSON.stringify(each)).join(" ")}]`;
}
