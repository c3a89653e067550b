/**
 * All that decides who asks and what they may do, made from the server's options. In: keys, files'
 * contents, the objects of the cluster. Out: an authenticator and an authoriser.
 */
import type { Lookup } from "../admission/lookup.ts";
import type { ServerHost } from "../host.ts";
import { Authenticator, type FrontProxy } from "./authenticate.ts";
import { allowGroup, type Authorizer, firstOf } from "./authorizer.ts";
import { nodeAuthorizer } from "./node/node-authorizer.ts";
import { RbacAuthorizer } from "./rbac/rbac-authorizer.ts";
import { bootstrapTokens } from "./tokens/bootstrap-tokens.ts";
import { type ServiceAccountKeys, ServiceAccountTokens } from "./tokens/service-account-tokens.ts";
import type { OidcOptions } from "./tokens/oidc-tokens.ts";
import { staticTokens } from "./tokens/static-tokens.ts";
import type { TokenSource } from "./tokens/token-source.ts";
import { MASTERS } from "./user.ts";

export type { OidcOptions };

/** Keys, and the contents of files, that say who may enter. */
export interface AuthOptions {
  readonly serviceAccounts: ServiceAccountKeys;
  /** Lines `token,user,uid,"groups"`. */
  readonly tokenFile?: string;
  /** Requests without credentials come from nobody; true without it. */
  readonly anonymous?: boolean;
  readonly frontProxy?: FrontProxy;
  /** A provider whose tokens are good. */
  readonly oidc?: OidcOptions;
  /** Asked after all others. */
  readonly sources?: readonly TokenSource[];
}

/** All that decides about one request after the other. */
export interface Auth {
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
  readonly rbac: RbacAuthorizer;
  readonly tokens: ServiceAccountTokens;
}

/** Loads nothing: keys and objects are read when the first request needs them. */
export function openAuth(options: AuthOptions, lookup: Lookup, host: ServerHost): Auth {
  const tokens = new ServiceAccountTokens(options.serviceAccounts, lookup, host);
  const { tokenFile, sources = [], anonymous = true, frontProxy, oidc } = options;
  const authenticator = new Authenticator({
    sources: [
      ...(tokenFile === undefined ? [] : [staticTokens(tokenFile)]),
      tokens,
      bootstrapTokens(lookup, host),
      ...(oidc === undefined ? [] : [lazyOidc(oidc, host)]),
      ...sources,
    ],
    audiences: options.serviceAccounts.audiences,
    anonymous,
    frontProxy,
  });
  const rbac = new RbacAuthorizer(lookup);
  const authorizer = firstOf([allowGroup(MASTERS), nodeAuthorizer(lookup), rbac]);
  return { authenticator, authorizer, rbac, tokens };
}

/** Loaded when the first token comes that others do not know. */
function lazyOidc(options: OidcOptions, host: ServerHost): TokenSource {
  let source: Promise<TokenSource> | undefined;
  const load = async (): Promise<TokenSource> => {
    const { OidcTokens } = await import("./tokens/oidc-tokens.ts");
    return new OidcTokens(options, host);
  };
  return {
    check: async (token, audiences) => {
      source ??= load();
      return await (await source).check(token, audiences);
    },
  };
}
