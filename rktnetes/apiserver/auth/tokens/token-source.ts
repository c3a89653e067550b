/** The seam of whoever can tell whose a bearer token is. */
import type { User } from "../user.ts";

export type TokenVerdict =
  /** The token is good for these audiences; all that were asked for when the list is empty. */
  | { readonly type: "user"; readonly user: User; readonly audiences: readonly string[] }
  /** Somebody else may know the token. */
  | { readonly type: "unknown" }
  /** The token is of this source and no good. */
  | { readonly type: "bad"; readonly why: string };

export interface TokenSource {
  /** `audiences`: who wants to know; the token must be meant for one of them. */
  check(token: string, audiences: readonly string[]): Promise<TokenVerdict>;
}

export const UNKNOWN_TOKEN: TokenVerdict = { type: "unknown" };
