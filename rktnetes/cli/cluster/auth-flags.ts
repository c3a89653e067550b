/** The flags that say who may enter and who may do what. */
import type { Flag } from "../flags/flags.ts";

export const ISSUER = "https://kubernetes.default.svc.cluster.local";

export const AUTH_FLAGS: readonly Flag[] = [
  { name: "token-auth-file", value: "FILE", usage: "knows these tokens: token,user,uid,groups" },
  {
    name: "service-account-issuer",
    value: "URL",
    usage: "stands in tokens of service accounts",
    initial: ISSUER,
  },
  {
    name: "api-audiences",
    value: "LIST",
    usage: "tokens are good for these; the issuer without it",
  },
  {
    name: "service-account-signing-key-file",
    value: "FILE",
    usage: "signs tokens; a key in the data directory without it",
  },
  {
    name: "service-account-key-file",
    value: "FILE",
    usage: "further public keys whose tokens are good",
  },
  { name: "oidc-issuer-url", value: "URL", usage: "knows tokens of this OpenID Connect provider" },
  { name: "oidc-client-id", value: "ID", usage: "such tokens must be meant for this client" },
  {
    name: "oidc-username-claim",
    value: "CLAIM",
    usage: "holds the name of the user",
    initial: "sub",
  },
  {
    name: "oidc-username-prefix",
    value: "TEXT",
    usage: "stands before names; - for nothing, the issuer without it",
  },
  { name: "oidc-groups-claim", value: "CLAIM", usage: "holds the groups of the user" },
  { name: "oidc-groups-prefix", value: "TEXT", usage: "stands before groups" },
  { name: "oidc-required-claim", value: "LIST", usage: "claims and values that tokens must have" },
  {
    name: "oidc-signing-algs",
    value: "LIST",
    usage: "algorithms that the provider signs with",
    initial: "RS256",
  },
  { name: "oidc-ca-file", value: "FILE", usage: "signs the provider's certificate" },
  {
    name: "client-ca-file",
    value: "FILE",
    usage: "signs certificates of users, as the cluster's own authority does",
  },
  {
    name: "requestheader-client-ca-file",
    value: "FILE",
    usage: "signs certificates of proxies that say who their users are; an own one without it",
  },
  {
    name: "requestheader-allowed-names",
    value: "LIST",
    usage: "common names of such proxies, any without it",
  },
  {
    name: "proxy-client-cert-file",
    value: "FILE",
    usage: "vouches for users before servers behind this one; an own certificate without it",
  },
  { name: "proxy-client-key-file", value: "FILE", usage: "is the key of that certificate" },
  {
    name: "requestheader-username-headers",
    value: "LIST",
    usage: "in these such proxies name the user",
    initial: "x-remote-user",
  },
  {
    name: "requestheader-uid-headers",
    value: "LIST",
    usage: "in these they say the user's uid",
    initial: "x-remote-uid",
  },
  {
    name: "requestheader-group-headers",
    value: "LIST",
    usage: "in these they name groups",
    initial: "x-remote-group",
  },
  {
    name: "requestheader-extra-headers-prefix",
    value: "LIST",
    usage: "headers that begin so say more of the user",
    initial: "x-remote-extra-",
  },
  { name: "anonymous-auth", value: "BOOL", usage: "lets nobody in, too", initial: "true" },
  {
    name: "authentication-config",
    value: "FILE",
    usage: "says whose tokens are good, in place of the flags --oidc-…",
  },
  {
    name: "authentication-token-webhook-config-file",
    value: "FILE",
    usage: "a kubeconfig of who is asked about tokens",
  },
  {
    name: "authentication-token-webhook-version",
    value: "VERSION",
    usage: "of the questions: v1 or v1beta1",
    initial: "v1beta1",
  },
  {
    name: "authentication-token-webhook-cache-ttl",
    value: "DURATION",
    usage: "good tokens are asked about again after so long",
    initial: "2m0s",
  },
  {
    name: "authorization-mode",
    value: "LIST",
    usage: "who says whether a user may: Node, RBAC, Webhook, AlwaysAllow, AlwaysDeny",
    initial: "Node,RBAC",
  },
  {
    name: "authorization-config",
    value: "FILE",
    usage: "says the same, in place of the flags --authorization-…",
  },
  {
    name: "authorization-webhook-config-file",
    value: "FILE",
    usage: "a kubeconfig of who is asked with the mode Webhook",
  },
  {
    name: "authorization-webhook-version",
    value: "VERSION",
    usage: "of the questions: v1 or v1beta1",
    initial: "v1beta1",
  },
  {
    name: "authorization-webhook-cache-authorized-ttl",
    value: "DURATION",
    usage: "a yes is believed so long",
    initial: "5m0s",
  },
  {
    name: "authorization-webhook-cache-unauthorized-ttl",
    value: "DURATION",
    usage: "a no is believed so long",
    initial: "30s",
  },
];
