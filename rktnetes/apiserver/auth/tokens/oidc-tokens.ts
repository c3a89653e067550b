/**
 * Tokens of an OpenID Connect provider. In: an issuer, its tokens. Out: users that their claims
 * name. Keys are read from the provider when the first token comes, and again for keys not seen
 * yet.
 * @see OpenID Connect Discovery 1.0, OpenID Connect Core 1.0 §3.1.3.7
 */
import { get } from "node:https";
import type { Json, JsonObject } from "@rktnetes/api/schema";
import { Fault } from "@shared/base";
import type { ServerHost } from "../../host.ts";
import type { User } from "../user.ts";
import { isSignedBy, type ParsedToken, parseToken, readJwk, type VerificationKey } from "./jwt.ts";
import { type TokenSource, type TokenVerdict, UNKNOWN_TOKEN } from "./token-source.ts";

/** What is believed of an OpenID Connect provider. */
export interface OidcOptions {
  /** `https://…`, as it stands in tokens. */
  readonly issuer: string;
  /** Where its keys are told of, when that is not below the issuer. */
  readonly discoveryUrl?: string;
  /** Tokens are meant for one of these. */
  readonly audiences: readonly string[];
  /** Algorithms that the provider signs with. */
  readonly algorithms: readonly string[];
  /** PEM of whoever signs the provider's certificate; the machine's authorities without it. */
  readonly authority: string | undefined;
  /** Whose claims these are; words for what is missing, instead of a user. */
  readonly userOf: (claims: JsonObject) => User | string;
}

const SKEW_SECONDS = 10;
const TIMEOUT_MS = 10_000;
/** Keys are not asked for more often than this, whatever tokens come. */
const FETCH_EVERY_MS = 1000;
const DOCUMENT_MAX = 1024 * 1024;

/** Tokens of one provider. Never throws: what cannot be verified is a bad token. */
export class OidcTokens implements TokenSource {
  readonly #options: OidcOptions;
  readonly #host: ServerHost;
  #keys: readonly VerificationKey[] = [];
  #fetchedMs = Number.NEGATIVE_INFINITY;
  #fetching: Promise<void> | undefined;

  constructor(options: OidcOptions, host: ServerHost) {
    this.#options = options;
    this.#host = host;
  }

  async check(token: string): Promise<TokenVerdict> {
    const parsed = parseToken(token);
    if (parsed?.claims["iss"] !== this.#options.issuer) return UNKNOWN_TOKEN;
    const problem = this.#problemOf(parsed.claims);
    if (problem !== undefined) return { type: "bad", why: `oidc: ${problem}` };
    try {
      if (!(await this.#isSigned(parsed)))
        return { type: "bad", why: "oidc: verify token: failed" };
    } catch (error) {
      return { type: "bad", why: `oidc: ${Fault.from(error).message}` };
    }
    const user = this.#options.userOf(parsed.claims);
    if (typeof user === "string") return { type: "bad", why: `oidc: ${user}` };
    return { type: "user", user: withCredential(user, parsed.claims["jti"]), audiences: [] };
  }

  #problemOf(claims: JsonObject): string | undefined {
    const { audiences } = this.#options;
    const now = this.#host.clock.now() / 1000;
    if (!(Number(claims["exp"]) + SKEW_SECONDS >= now)) return "verify token: token is expired";
    if (Number(claims["nbf"] ?? 0) - SKEW_SECONDS > now) return "verify token: used too early";
    const aud = claims["aud"];
    const named = (Array.isArray(aud) ? aud : [aud]).filter((each) => typeof each === "string");
    if (!named.some((each) => audiences.includes(each))) {
      return "verify token: expected another audience";
    }
    return undefined;
  }

  async #isSigned(parsed: ParsedToken): Promise<boolean> {
    if (!this.#options.algorithms.includes(parsed.algorithm)) return false;
    if (isSignedBy(parsed, this.#keys)) return true;
    if (this.#host.clock.now() - this.#fetchedMs < FETCH_EVERY_MS) return false;
    this.#fetching ??= this.#fetchKeys().finally(() => {
      this.#fetching = undefined;
    });
    await this.#fetching;
    return isSignedBy(parsed, this.#keys);
  }

  async #fetchKeys(): Promise<void> {
    const { issuer, authority, discoveryUrl } = this.#options;
    const base = issuer.replace(/\/$/, "");
    const place = discoveryUrl ?? `${base}/.well-known/openid-configuration`;
    const found = await getDocument(place, authority);
    if (found["issuer"] !== issuer) {
      const other = JSON.stringify(found["issuer"] ?? "");
      throw new Fault("invalid", `the provider at ${issuer} says that it is ${other}`);
    }
    const keysAt = found["jwks_uri"];
    if (typeof keysAt !== "string") throw new Fault("invalid", `${issuer} names no keys`);
    const { keys } = await getDocument(keysAt, authority);
    const all = Array.isArray(keys) ? keys.filter(isObject).map(readJwk) : [];
    this.#keys = all.filter((key) => key !== undefined);
    this.#fetchedMs = this.#host.clock.now();
  }
}

/** Says which token it was. */
function withCredential(user: User, id: Json | undefined): User {
  if (typeof id !== "string" || id === "") return user;
  const extra = { ...user.extra, "authentication.kubernetes.io/credential-id": [`JTI=${id}`] };
  return { ...user, extra };
}

function isObject(value: Json): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function getDocument(url: string, authority: string | undefined): Promise<JsonObject> {
  const failed = (why: string): Fault => new Fault("unavailable", `get ${url}: ${why}`);
  return new Promise((resolve, reject) => {
    const options = authority === undefined ? {} : { ca: authority };
    const request = get(url, { ...options, agent: false, timeout: TIMEOUT_MS }, (response) => {
      const parts: Buffer[] = [];
      let length = 0;
      response.on("data", (part: Buffer) => {
        length += part.length;
        if (length > DOCUMENT_MAX) request.destroy(failed("it is too long"));
        else parts.push(part);
      });
      response.on("end", () => {
        try {
          const value = JSON.parse(Buffer.concat(parts).toString()) as Json;
          if (response.statusCode !== 200 || !isObject(value)) throw failed("no document");
          resolve(value);
        } catch (error) {
          reject(Fault.from(error));
        }
      });
    });
    request.on("timeout", () => request.destroy(failed("no answer")));
    request.on("error", (error) => reject(failed(error.message)));
  });
}
