/**
 * All that decides who asks and what they may do, made from the server's options. In: keys, files'
 * contents, the objects of the cluster. Out: an authenticator and an authoriser.
 */
import type { Lookup } from "../admission/lookup.ts";
import type { ServerHost } from "../host.ts";
import { Authenticator, type FrontProxy, type FrontProxyHeaders } from "./authenticate.ts";
import { allowGroup, always, type Authorizer, firstOf } from "./authorizer.ts";
import type { Anonymous } from "./config/authentication-config.ts";
import type { AuthorizerChoice } from "./config/authorization-config.ts";
import { nodeAuthorizer } from "./node/node-authorizer.ts";
import type { TokenWebhookOptions } from "./remote/token-webhook.ts";
import { RbacAuthorizer } from "./rbac/rbac-authorizer.ts";
import { bootstrapTokens } from "./tokens/bootstrap-tokens.ts";
import { type ServiceAccountKeys, ServiceAccountTokens } from "./tokens/service-account-tokens.ts";
import type { OidcOptions } from "./tokens/oidc-tokens.ts";
import { staticTokens } from "./tokens/static-tokens.ts";
import type { TokenSource } from "./tokens/token-source.ts";
import { MASTERS } from "./user.ts";

export type { FrontProxyHeaders };

/** Keys, and the contents of files, that say who may enter. */
export interface AuthOptions {
  readonly serviceAccounts: ServiceAccountKeys;
  /** Lines `token,user,uid,"groups"`. */
  readonly tokenFile?: string;
  /** Requests without credentials come from nobody; all of them without it. */
  readonly anonymous?: Anonymous;
  readonly frontProxy?: FrontProxy;
  /** Providers whose tokens are good. */
  readonly issuers?: readonly OidcOptions[];
  /** Asked about tokens that nobody else knows. */
  readonly tokenWebhook?: TokenWebhookOptions;
  /** Who is asked whether a user may; Node and RBAC without it. */
  readonly authorizers?: readonly AuthorizerChoice[];
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
  const { tokenFile, sources = [], anonymous = true, frontProxy, issuers = [] } = options;
  const { tokenWebhook: webhook, authorizers = USUAL } = options;
  const authenticator = new Authenticator({
    sources: [
      ...(tokenFile === undefined ? [] : [staticTokens(tokenFile)]),
      tokens,
      bootstrapTokens(lookup, host),
      ...issuers.map((issuer) =>
        lazySource(async () => {
          const { OidcTokens } = await import("./tokens/oidc-tokens.ts");
          return new OidcTokens(issuer, host);
        }),
      ),
      ...(webhook === undefined
        ? []
        : [
            lazySource(async () => {
              const { tokenWebhook } = await import("./remote/token-webhook.ts");
              return tokenWebhook(webhook, host);
            }),
          ]),
      ...sources,
    ],
    audiences: options.serviceAccounts.audiences,
    anonymous,
    frontProxy,
    now: () => host.clock.now(),
  });
  const rbac = new RbacAuthorizer(lookup);
  const chain = authorizers.map((choice) => authorizerOf(choice, { lookup, rbac, host }));
  const authorizer = firstOf([allowGroup(MASTERS), ...chain]);
  return { authenticator, authorizer, rbac, tokens };
}

const USUAL: readonly AuthorizerChoice[] = [{ type: "Node" }, { type: "RBAC" }];

interface AuthorizerParts {
  readonly lookup: Lookup;
  readonly rbac: RbacAuthorizer;
  readonly host: ServerHost;
}

function authorizerOf(
  choice: AuthorizerChoice,
  { lookup, rbac, host }: AuthorizerParts,
): Authorizer {
  switch (choice.type) {
    case "Node":
      return nodeAuthorizer(lookup);
    case "RBAC":
      return rbac;
    case "Webhook":
      return lazyAuthorizer(async () => {
        const { accessWebhook } = await import("./remote/access-webhook.ts");
        return accessWebhook(choice.webhook, host);
      });
    default:
      return always(choice.type === "AlwaysAllow");
  }
}

/** Loaded when the first token comes that others do not know. */
function lazySource(load: () => Promise<TokenSource>): TokenSource {
  let source: Promise<TokenSource> | undefined;
  return {
    check: async (token, audiences) => {
      source ??= load();
      return await (await source).check(token, audiences);
    },
  };
}

function lazyAuthorizer(load: () => Promise<Authorizer>): Authorizer {
  let authorizer: Promise<Authorizer> | undefined;
  const loaded = async (): Promise<Authorizer> => await (authorizer ??= load());
  return {
    authorize: async (user, attributes) => await (await loaded()).authorize(user, attributes),
    rulesFor: async (user, namespace) => await (await loaded()).rulesFor(user, namespace),
  };
}
