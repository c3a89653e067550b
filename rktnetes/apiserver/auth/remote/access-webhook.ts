/**
 * A program that says who may do what. In: a user and what is asked for. Out: yes, no opinion, or
 * no, whatever others say. What it said is believed for a while.
 *
 * @see authorization.k8s.io/v1 SubjectAccessReview
 */
import type { JsonObject } from "@rktnetes/api/schema";
import { Fault } from "@shared/base";
import type { ServerHost } from "../../host.ts";
import type { Authorizer, Decision } from "../authorizer.ts";
import { objectOf, textOf } from "../config/config-file.ts";
import type { Evaluate } from "../config/expression.ts";
import type { Attributes, User } from "../user.ts";
import { postJson } from "./post-json.ts";
import type { RemoteConfig } from "./remote-config.ts";
import { Remembered } from "./remembered.ts";

export interface AccessWebhookOptions {
  readonly remote: RemoteConfig;
  /** `v1` or `v1beta1`. */
  readonly version: string;
  readonly timeoutMs: number;
  readonly keepAllowedMs: number;
  readonly keepDeniedMs: number;
  /** Without an answer nobody may: otherwise others are asked. */
  readonly deniesOnFailure: boolean;
  /** The program is asked only where all hold of the specification of the review. */
  readonly conditions: readonly Evaluate[];
}

const NO_OPINION: Decision = { allowed: false, reason: "" };
/** Longer questions are not remembered. */
const KEY_MAX = 10_000;

export function accessWebhook(options: AccessWebhookOptions, host: ServerHost): Authorizer {
  const known = new Remembered<Decision>(host.clock);
  const keep = ({ allowed }: Decision): number =>
    allowed ? options.keepAllowedMs : options.keepDeniedMs;
  return {
    authorize: async (user, attributes) => {
      const spec = specOf(user, attributes);
      try {
        if (!options.conditions.every((holds) => holds(spec) === true)) return NO_OPINION;
        const key = JSON.stringify(spec);
        const ask = async (): Promise<Decision> => await review(options, host, spec);
        return key.length > KEY_MAX ? await ask() : await known.get(key, ask, keep);
      } catch (error) {
        const reason = Fault.from(error).message;
        return { allowed: false, reason, ...(options.deniesOnFailure ? { final: true } : {}) };
      }
    },
    rulesFor: () => {
      const error = "webhook authorizer does not support user rule resolution";
      return Promise.resolve({ resourceRules: [], nonResourceRules: [], incomplete: true, error });
    },
  };
}

async function review(
  { remote, version, timeoutMs }: AccessWebhookOptions,
  { clock }: ServerHost,
  spec: JsonObject,
): Promise<Decision> {
  const { groups, ...rest } = spec;
  const sent = version === "v1beta1" && groups !== undefined ? { ...rest, group: groups } : spec;
  const asked: JsonObject = {
    kind: "SubjectAccessReview",
    apiVersion: `authorization.k8s.io/${version}`,
    metadata: { creationTimestamp: null },
    spec: sent,
    status: { allowed: false },
  };
  const answer = await postJson(remote, asked, { timeoutMs, clock });
  const status = objectOf(answer["status"]);
  const allowed = status["allowed"] === true;
  const denied = status["denied"] === true;
  if (allowed && denied) {
    throw new Fault(
      "invalid",
      "webhook subject access review returned both allow and deny response",
    );
  }
  return { allowed, reason: textOf(status["reason"]), ...(denied ? { final: true } : {}) };
}

function specOf({ name, uid, groups, extra }: User, attributes: Attributes): JsonObject {
  const { verb, path, isResource, group, version, resource, subresource, namespace } = attributes;
  const about = { namespace, verb, group, version, resource, subresource, name: attributes.name };
  const spec: JsonObject = isResource
    ? { resourceAttributes: filled(about) }
    : { nonResourceAttributes: filled({ path, verb }) };
  if (name !== "") spec["user"] = name;
  if (groups.length > 0) spec["groups"] = [...groups];
  const keys = Object.entries(extra);
  if (keys.length > 0) {
    spec["extra"] = Object.fromEntries(keys.map(([key, values]) => [key, [...values]]));
  }
  if (uid !== "") spec["uid"] = uid;
  return spec;
}

function filled(fields: Readonly<Record<string, string>>): JsonObject {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== ""));
}
