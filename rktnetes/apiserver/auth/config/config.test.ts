/** Files that configure who may enter and who may do what: what they say, what is wrong in them. */
import { expect, test } from "bun:test";
import type { JsonObject } from "@rktnetes/api/schema";
import type { RemoteConfig } from "../remote/remote-config.ts";
import { readRemoteConfig } from "../remote/remote-config.ts";
import { readAuthenticationConfig } from "./authentication-config.ts";
import { readAuthorizationConfig } from "./authorization-config.ts";

function authentication(entry: JsonObject, more: JsonObject = {}): string {
  const apiVersion = "apiserver.config.k8s.io/v1";
  return JSON.stringify({ apiVersion, kind: "AuthenticationConfiguration", jwt: [entry], ...more });
}

const ISSUER = { url: "https://idp.example", audiences: ["a"] };
const BY_SUB = { username: { claim: "sub", prefix: "x:" } };

test("claims become a user by claims, prefixes and expressions", async () => {
  const { issuers } = await readAuthenticationConfig(
    authentication({
      issuer: { ...ISSUER, audiences: ["a", "b"], audienceMatchPolicy: "MatchAny" },
      claimMappings: {
        username: { expression: "claims.sub + '@' + claims.realm" },
        groups: { claim: "roles", prefix: "r:" },
        uid: { claim: "sub" },
        extra: [{ key: "example.com/realm", valueExpression: "[claims.realm]" }],
      },
      claimValidationRules: [{ claim: "hd", requiredValue: "x.io" }],
      userValidationRules: [{ expression: "size(user.groups) < 3", message: "too many groups" }],
    }),
  );
  const userOf = issuers[0]?.userOf ?? (() => "nobody");
  const claims = { sub: "jane", realm: "sea", hd: "x.io" };
  expect(userOf({ ...claims, roles: ["one", "two"] })).toEqual({
    name: "jane@sea",
    uid: "jane",
    groups: ["r:one", "r:two"],
    extra: { "example.com/realm": ["sea"] },
  });
  expect(userOf({ ...claims, roles: "one" })).toMatchObject({ groups: ["r:one"] });
  expect(userOf({ ...claims, roles: ["1", "2", "3"] })).toBe("too many groups");
  expect(userOf({ ...claims, hd: "y.io" })).toBe('required claim hd not present or not "x.io"');
  expect(userOf({ sub: "jane", hd: "x.io" })).toContain("no such key: realm");
});

test("what is wrong in the file is said with its place", async () => {
  const rows: readonly (readonly [JsonObject, string, string])[] = [
    [{ issuer: { url: "https://a", audiences: ["a"] }, claimMappings: {} }, "username", "no name"],
    [{ issuer: { ...ISSUER, url: "http://a" }, claimMappings: BY_SUB }, "https", "plain text"],
    [{ issuer: { ...ISSUER, audiences: [] }, claimMappings: BY_SUB }, "audiences", "for nobody"],
    [{ issuer: { ...ISSUER, audiences: ["a", "b"] }, claimMappings: BY_SUB }, "MatchAny", "which"],
    [{ issuer: ISSUER, claimMapping: BY_SUB }, "jwt[0].claimMapping: unknown field", "a slip"],
    [{ issuer: ISSUER, claimMappings: { username: { claim: "sub" } } }, "prefix", "no prefix"],
    [{ issuer: ISSUER, claimMappings: { username: { expression: "claims." } } }, "ERROR", "syntax"],
    [
      { issuer: ISSUER, claimMappings: { username: { expression: "claims.email" } } },
      "claims.email_verified must be used",
      "an address that nobody has verified",
    ],
  ];
  for (const [entry, words, why] of rows) {
    expect(readAuthenticationConfig(authentication(entry)), why).rejects.toThrow(words);
  }
  const entry = { issuer: ISSUER, claimMappings: BY_SUB };
  const anonymous = { enabled: false, conditions: [{ path: "/livez" }] };
  expect(readAuthenticationConfig(authentication(entry, { anonymous }))).rejects.toThrow("enabled");
  const twice = authentication(entry, { jwt: [entry, entry] });
  expect(readAuthenticationConfig(twice)).rejects.toThrow("jwt[1].issuer.url: Duplicate value");
});

const REMOTE: RemoteConfig = {
  url: "https://hook.example",
  authority: undefined,
  isTrustedBlindly: false,
  serverName: undefined,
  certificate: undefined,
  key: undefined,
  token: undefined,
};

function authorization(...authorizers: JsonObject[]): string {
  const apiVersion = "apiserver.config.k8s.io/v1";
  return JSON.stringify({ apiVersion, kind: "AuthorizationConfiguration", authorizers });
}

const HOOK = {
  timeout: "3s",
  subjectAccessReviewVersion: "v1",
  matchConditionSubjectAccessReviewVersion: "v1",
  failurePolicy: "Deny",
  connectionInfo: { type: "KubeConfigFile", kubeConfigFile: "/hook" },
};

test("authorisers are asked in the order of the file", async () => {
  const condition = { expression: "request.user != 'root'" };
  const webhook = { ...HOOK, matchConditions: [condition], unauthorizedTTL: "1m" };
  const text = authorization(
    { type: "Webhook", name: "hook", webhook },
    { type: "Node", name: "node" },
    { type: "RBAC", name: "rbac" },
  );
  const files: string[] = [];
  const chain = await readAuthorizationConfig(text, (file) => {
    files.push(file);
    return Promise.resolve(REMOTE);
  });
  expect(chain.map(({ type }) => type)).toEqual(["Webhook", "Node", "RBAC"]);
  expect(files).toEqual(["/hook"]);
  const [first] = chain;
  if (first?.type !== "Webhook") throw new Error("no webhook");
  expect(first.webhook).toMatchObject({ timeoutMs: 3000, keepDeniedMs: 60_000 });
  expect(first.webhook.deniesOnFailure).toBe(true);
  expect(first.webhook.conditions.map((holds) => holds({ user: "root" }))).toEqual([false]);
});

test("a chain with a link that nobody knows is no chain", async () => {
  const rows: readonly (readonly [JsonObject, string])[] = [
    [{ type: "RBCA", name: "a" }, 'authorizers[0].type: Unsupported value: "RBCA"'],
    [{ type: "RBAC" }, "authorizers[0].name"],
    [{ type: "RBAC", name: "a", webhook: HOOK }, "only when type=Webhook"],
    [{ type: "Webhook", name: "a", webhook: { ...HOOK, timeout: "31s" } }, "<= 30s"],
    [{ type: "Webhook", name: "a", webhook: { ...HOOK, failurePolicy: "" } }, "failurePolicy"],
    [
      { type: "Webhook", name: "a", webhook: { ...HOOK, connectionInfo: { type: "InCluster" } } },
      "connectionInfo.type",
    ],
  ];
  const read = (): Promise<RemoteConfig> => Promise.resolve(REMOTE);
  for (const [entry, words] of rows) {
    expect(readAuthorizationConfig(authorization(entry), read)).rejects.toThrow(words);
  }
  expect(readAuthorizationConfig(authorization(), read)).rejects.toThrow("at least one");
});

test("a kubeconfig says where a program is, and the files that it names are read", async () => {
  const config = {
    clusters: [{ name: "c", cluster: { server: "https://a/b", "certificate-authority": "ca" } }],
    users: [{ name: "u", user: { "client-key-data": btoa("key"), tokenFile: "token" } }],
    contexts: [{ name: "x", context: { cluster: "c", user: "u" } }],
    "current-context": "x",
  };
  const read = (file: string): string => `content of ${file}\n`;
  expect(await readRemoteConfig(JSON.stringify(config), read)).toMatchObject({
    url: "https://a/b",
    authority: "content of ca\n",
    key: "key",
    token: "content of token",
  });
  const other = JSON.stringify({ ...config, "current-context": "y" });
  expect(readRemoteConfig(other, read)).rejects.toThrow('its contexts lack "y"');
});
