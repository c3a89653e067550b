/**
 * How the claims of a token become a user, as the flags `--oidc-…` say it. In: names of claims.
 * Out: a function from claims to a user, or to words for what is wrong. Pure.
 */
import type { JsonObject } from "@rktnetes/api/schema";
import type { User } from "../user.ts";

/** Names of claims, and what stands before their values. */
export interface OidcClaims {
  readonly usernameClaim: string;
  /** Stands before every name; undefined for the issuer and "#", except for e-mail addresses. */
  readonly usernamePrefix: string | undefined;
  readonly groupsClaim: string | undefined;
  readonly groupsPrefix: string;
  /** Claims that tokens must have with these values. */
  readonly requiredClaims: Readonly<Record<string, string>>;
}

/** Pure; the function gives words for what is missing, instead of a user. */
export function userByClaims(
  issuer: string,
  { usernameClaim, usernamePrefix, groupsClaim, groupsPrefix, requiredClaims }: OidcClaims,
): (claims: JsonObject) => User | string {
  const usual = usernameClaim === "email" ? "" : `${issuer}#`;
  const prefix = usernamePrefix ?? usual;
  return (claims) => {
    for (const [name, value] of Object.entries(requiredClaims)) {
      if (claims[name] !== value) return `required claim ${name} not present or not as required`;
    }
    const name = claims[usernameClaim];
    if (typeof name !== "string" || name === "") return `no claim ${usernameClaim}`;
    if (usernameClaim === "email" && claims["email_verified"] === false) {
      return "email not verified";
    }
    const listed = groupsClaim === undefined ? undefined : claims[groupsClaim];
    const groups = (Array.isArray(listed) ? listed : [listed]).filter(
      (group) => typeof group === "string",
    );
    return {
      name: `${prefix === "-" ? "" : prefix}${name}`,
      uid: "",
      groups: groups.map((group) => `${groupsPrefix}${group}`),
      extra: {},
    };
  };
}
