/**
 * Whether a user may do what a request asks for. Masters may do everything, anybody may ask for the
 * server's health. @throws {StatusFault} 403
 */
import { StatusFault } from "@rktnetes/api/status-fault";
import { type Qualified, qualified } from "@rktnetes/api/status";
import { type Attributes, MASTERS, type User } from "./user.ts";

const PUBLIC = /^\/(?:healthz|livez|readyz|version)(?:\/|$)/;

export function authorize(user: User, attributes: Attributes): void {
  if (user.groups.includes(MASTERS)) return;
  if (!attributes.isResource && attributes.verb === "get" && PUBLIC.test(attributes.path)) return;
  throw forbiddenTo(user, attributes);
}

function forbiddenTo(user: User, attributes: Attributes): StatusFault {
  const { verb, group, resource, subresource, name, namespace } = attributes;
  const failure = { code: 403, reason: "Forbidden" } as const;
  const who = `User "${user.name}" cannot ${verb}`;
  if (!attributes.isResource) {
    const message = `forbidden: ${who} path "${attributes.path}"`;
    return new StatusFault({ ...failure, message, details: {} });
  }
  const named: Qualified = { group, name: resource };
  const what = subresource === "" ? resource : `${resource}/${subresource}`;
  const where = namespace === "" ? "at the cluster scope" : `in the namespace "${namespace}"`;
  const object = name === "" ? "" : ` "${name}"`;
  const message =
    `${qualified(named)}${object} is forbidden: ${who} resource "${what}" in API group ` +
    `"${group}" ${where}`;
  const details = { name, group, kind: resource };
  return new StatusFault({ ...failure, message, details });
}
