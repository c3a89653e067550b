/**
 * `--authorization-config`: who is asked whether a user may, in which order. In: the text of the
 * file, a reader for kubeconfigs that it names. Out: the chain. @throws {Fault} "invalid"
 *
 * @see apiserver.config.k8s.io/v1 AuthorizationConfiguration
 */
import type { JsonObject } from "@rktnetes/api/schema";
import { Fault, parseDuration, quote } from "@shared/base";
import type { AccessWebhookOptions } from "../remote/access-webhook.ts";
import type { RemoteConfig } from "../remote/remote-config.ts";
import {
  objectOf,
  objectsOf,
  onlyFields,
  readConfig,
  textOf,
  wantedText,
  wrong,
} from "./config-file.ts";
import { type Evaluate, readExpression } from "./expression.ts";

/** One link of the chain. */
export type AuthorizerChoice =
  | { readonly type: "Node" | "RBAC" | "AlwaysAllow" | "AlwaysDeny" }
  | { readonly type: "Webhook"; readonly webhook: AccessWebhookOptions };

const PLAIN = ["Node", "RBAC", "AlwaysAllow", "AlwaysDeny"] as const;
const TIMEOUT_MAX_MS = 30_000;
const MINUTE_MS = 60_000;

/** A type that needs nothing but its name; undefined for others. */
export function plainAuthorizer(type: string): AuthorizerChoice | undefined {
  const known = PLAIN.find((each) => each === type);
  return known === undefined ? undefined : { type: known };
}

/** Reads YAML or JSON; the first link is asked first. @throws {Fault} "invalid" */
export async function readAuthorizationConfig(
  text: string,
  readRemote: (file: string) => Promise<RemoteConfig>,
): Promise<readonly AuthorizerChoice[]> {
  const config = await readConfig(text, "AuthorizationConfiguration");
  onlyFields(config, "", ["apiVersion", "kind", "authorizers"]);
  const entries = objectsOf(config["authorizers"]);
  if (entries.length === 0) {
    throw wrong("authorizers", "Required value: at least one authorization mode must be defined");
  }
  const names = new Set<string>();
  const chain: AuthorizerChoice[] = [];
  for (const [at, entry] of entries.entries()) {
    const path = `authorizers[${at}]`;
    onlyFields(entry, path, ["type", "name", "webhook"]);
    const name = wantedText(entry, path, "name");
    if (names.has(name)) throw wrong(`${path}.name`, `Duplicate value: ${JSON.stringify(name)}`);
    names.add(name);
    chain.push(await readAuthorizer(entry, path, readRemote));
  }
  return chain;
}

async function readAuthorizer(
  entry: JsonObject,
  path: string,
  readRemote: (file: string) => Promise<RemoteConfig>,
): Promise<AuthorizerChoice> {
  const type = wantedText(entry, path, "type");
  const plain = plainAuthorizer(type);
  if (plain !== undefined) {
    if (entry["webhook"] === undefined) return plain;
    throw wrong(`${path}.webhook`, "webhook may be defined only when type=Webhook");
  }
  if (type !== "Webhook") throw wrong(`${path}.type`, `Unsupported value: ${JSON.stringify(type)}`);
  const webhook = objectOf(entry["webhook"]);
  const where = `${path}.webhook`;
  onlyFields(webhook, where, [
    ...["authorizedTTL", "unauthorizedTTL", "timeout", "subjectAccessReviewVersion"],
    ...["matchConditionSubjectAccessReviewVersion", "failurePolicy", "connectionInfo"],
    ...["matchConditions", "cacheAuthorizedRequests", "cacheUnauthorizedRequests"],
  ]);
  const info = objectOf(webhook["connectionInfo"]);
  if (textOf(info["type"]) !== "KubeConfigFile") {
    const why = `Unsupported value: ${quote(textOf(info["type"]))}: supported: "KubeConfigFile"`;
    throw wrong(`${where}.connectionInfo.type`, why);
  }
  const file = wantedText(info, `${where}.connectionInfo`, "kubeConfigFile");
  return {
    type,
    webhook: {
      remote: await readRemote(file),
      version: oneOf(webhook, where, "subjectAccessReviewVersion", ["v1", "v1beta1"]),
      timeoutMs: timeoutOf(webhook, where),
      keepAllowedMs: keepMs(webhook, "authorizedTTL", "cacheAuthorizedRequests") ?? 5 * MINUTE_MS,
      keepDeniedMs: keepMs(webhook, "unauthorizedTTL", "cacheUnauthorizedRequests") ?? 30_000,
      deniesOnFailure: oneOf(webhook, where, "failurePolicy", ["NoOpinion", "Deny"]) === "Deny",
      conditions: conditionsOf(webhook, where),
    },
  };
}

function oneOf(webhook: JsonObject, path: string, field: string, all: readonly string[]): string {
  const value = wantedText(webhook, path, field);
  if (all.includes(value)) return value;
  const choices = all.map((each) => JSON.stringify(each)).join(", ");
  const why = `Unsupported value: ${JSON.stringify(value)}: supported values: ${choices}`;
  throw wrong(`${path}.${field}`, why);
}

function timeoutOf(webhook: JsonObject, path: string): number {
  const ms = durationMs(wantedText(webhook, path, "timeout"));
  if (ms > 0 && ms <= TIMEOUT_MAX_MS) return ms;
  throw wrong(`${path}.timeout`, "must be > 0s and <= 30s");
}

function keepMs(webhook: JsonObject, field: string, isKept: string): number | undefined {
  if (webhook[isKept] === false) return 0;
  const text = textOf(webhook[field]);
  return text === "" || text === "0s" ? undefined : durationMs(text);
}

function durationMs(text: string): number {
  try {
    return parseDuration(text);
  } catch (error) {
    throw new Fault("invalid", `read the duration ${quote(text)}`, { cause: error });
  }
}

function conditionsOf(webhook: JsonObject, path: string): readonly Evaluate[] {
  const conditions = objectsOf(webhook["matchConditions"]);
  if (conditions.length > 0 && webhook["matchConditionSubjectAccessReviewVersion"] !== "v1") {
    throw wrong(`${path}.matchConditionSubjectAccessReviewVersion`, 'must be "v1"');
  }
  return conditions.map((condition, at) => {
    const place = `${path}.matchConditions[${at}]`;
    onlyFields(condition, place, ["expression"]);
    const text = wantedText(condition, place, "expression");
    return readExpression(text, `${place}.expression`, "request", ["bool"]);
  });
}
