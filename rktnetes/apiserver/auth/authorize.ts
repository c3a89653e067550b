/**
 * Whether a user may do what a request asks for. In: both, and whoever decides. Out: a decision;
 * and the refusal, in the words that clients know.
 */
import { StatusFault } from "@rktnetes/api/status-fault";
import { type Qualified, qualified } from "@rktnetes/api/status";
import type { Authorizer, Decision } from "./authorizer.ts";
import { type Attributes, MASTERS, type User } from "./user.ts";

/** Masters are not asked about. */
const MASTERS_MAY: Decision = { allowed: true, reason: "" };

export async function decide(
  authorizer: Authorizer,
  user: User,
  attributes: Attributes,
): Promise<Decision> {
  if (user.groups.includes(MASTERS)) return MASTERS_MAY;
  return await authorizer.authorize(user, attributes);
}

export function forbiddenTo(user: User, attributes: Attributes, reason: string): StatusFault {
  const { verb, group, resource, subresource, name, namespace } = attributes;
  const failure = { code: 403, reason: "Forbidden" } as const;
  const who = `User "${user.name}" cannot ${verb}`;
  const because = reason === "" ? "" : `: ${reason}`;
  if (!attributes.isResource) {
    const message = `forbidden: ${who} path "${attributes.path}"${because}`;
    return new StatusFault({ ...failure, message, details: {} });
  }
  const named: Qualified = { group, name: resource };
  const what = subresource === "" ? resource : `${resource}/${subresource}`;
  const where = namespace === "" ? "at the cluster scope" : `in the namespace "${namespace}"`;
  const object = name === "" ? "" : ` "${name}"`;
  const message =
    `${qualified(named)}${object} is forbidden: ${who} resource "${what}" in API group ` +
    `"${group}" ${where}${because}`;
  const details = { name, group, kind: resource };
  return new StatusFault({ ...failure, message, details });
}
