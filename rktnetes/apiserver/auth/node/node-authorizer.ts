/**
 * What a kubelet may do: read what the pods on its node refer to, and write what is its own. In:
 * the pods of the cluster. Out: decisions about users `system:node:<name>` of `system:nodes`; no
 * opinion on anybody else. What is not spoken of here follows the rules of the role `system:node`.
 */
import type { ClusterRole } from "@rktnetes/api/types/rbac-v1";
import type { Lookup } from "../../admission/lookup.ts";
import type { Authorizer, Decision } from "../authorizer.ts";
import { ruleAllows } from "../rbac/policy-rules.ts";
import type { Attributes, User } from "../user.ts";
import { isReachable } from "./node-graph.ts";

const YES: Decision = { allowed: true, reason: "" };
const NO_OPINION: Decision = { allowed: false, reason: "" };

/** The node that a user is the kubelet of. */
export function nodeOf({ name, groups }: User): string | undefined {
  if (!name.startsWith("system:node:") || !groups.includes("system:nodes")) return undefined;
  return name.slice("system:node:".length);
}

export function nodeAuthorizer(lookup: Lookup): Authorizer {
  return {
    authorize: async (user, attributes) => {
      const node = nodeOf(user);
      if (node === undefined) return NO_OPINION;
      return await decide({ lookup, node, attributes });
    },
    rulesFor: (user) => {
      if (nodeOf(user) === undefined) return Promise.resolve(undefined);
      const error = "node authorizer does not support user rule resolution";
      return Promise.resolve({ resourceRules: [], nonResourceRules: [], incomplete: true, error });
    },
  };
}

interface Question {
  readonly lookup: Lookup;
  readonly node: string;
  readonly attributes: Attributes;
}

type Decide = (question: Question) => Decision | Promise<Decision>;

const SPECIAL: Readonly<Record<string, Decide>> = {
  "/configmaps": readNamespaced,
  "/secrets": readNamespaced,
  "/persistentvolumeclaims": claim,
  "/persistentvolumes": getOne,
  "storage.k8s.io/volumeattachments": getOne,
  "resource.k8s.io/resourceclaims": getOne,
  "/serviceaccounts": createToken,
  "coordination.k8s.io/leases": lease,
  "storage.k8s.io/csinodes": csiNode,
  "resource.k8s.io/resourceslices": resourceSlice,
  "/nodes": ownNode,
  "/pods": pod,
};

async function decide(question: Question): Promise<Decision> {
  const { attributes, lookup } = question;
  if (attributes.isResource) {
    const special = SPECIAL[`${attributes.group}/${attributes.resource}`];
    if (special !== undefined) return await special(question);
  }
  const role = await lookup.find<ClusterRole>(
    "rbac.authorization.k8s.io/clusterroles",
    "",
    "system:node",
  );
  return (role?.rules ?? []).some((rule) => ruleAllows(rule, attributes)) ? YES : NO_OPINION;
}

function no(reason: string): Decision {
  return { allowed: false, reason };
}

async function readNamespaced(question: Question): Promise<Decision> {
  const { verb, subresource } = question.attributes;
  if (!["get", "list", "watch"].includes(verb)) return no("can only read resources of this type");
  if (subresource !== "") return no("cannot read subresource");
  return await reach(question);
}

async function getOne(question: Question): Promise<Decision> {
  const { verb, subresource } = question.attributes;
  if (verb !== "get") return no("can only get individual resources of this type");
  if (subresource !== "") return no("cannot get subresource");
  return await reach(question);
}

async function claim(question: Question): Promise<Decision> {
  const { verb, subresource } = question.attributes;
  if (subresource !== "status") return await getOne(question);
  if (verb !== "update" && verb !== "patch") return no("can only update or patch status");
  return await reach(question);
}

async function createToken(question: Question): Promise<Decision> {
  const { verb, subresource } = question.attributes;
  if (verb === "get" && subresource === "") return await reach(question);
  if (verb !== "create" || subresource !== "token") {
    return no("can only create tokens for individual service accounts");
  }
  return await reach(question);
}

async function reach({ lookup, node, attributes }: Question): Promise<Decision> {
  if (attributes.name === "") return no("No Object name found");
  if (await isReachable(lookup, node, attributes)) return YES;
  return no(`no relationship found between node '${node}' and this object`);
}

const OWN_VERBS = ["get", "create", "update", "patch", "delete"];

function lease({ node, attributes }: Question): Decision {
  const { verb, namespace, name } = attributes;
  if (!OWN_VERBS.includes(verb)) {
    return no("can only get, create, update, patch, or delete a node lease");
  }
  if (namespace !== "kube-node-lease") {
    return no(`can only access leases in the "kube-node-lease" system namespace`);
  }
  if (verb === "create" || name === node) return YES;
  return no("can only access node lease with the same name as the requesting node");
}

function csiNode({ node, attributes }: Question): Decision {
  const { verb, subresource, name } = attributes;
  if (subresource !== "") return no("cannot authorize CSINode subresources");
  if (!OWN_VERBS.includes(verb)) {
    return no("can only get, create, update, patch, or delete a CSINode");
  }
  if (verb === "create" || name === node) return YES;
  return no("can only access CSINode with the same name as the requesting node");
}

function resourceSlice({ node, attributes }: Question): Decision {
  const { verb, subresource } = attributes;
  if (subresource !== "") return no("cannot authorize ResourceSlice subresources");
  if (["get", "create", "update", "patch", "delete"].includes(verb)) return YES;
  if (!["list", "watch", "deletecollection"].includes(verb)) {
    return no("only the following verbs are allowed for a ResourceSlice: get, watch, list");
  }
  if (selects(attributes, "spec.nodeName", node)) return YES;
  return no("can only list/watch/deletecollection resourceslices with nodeName field selector");
}

function ownNode({ node, attributes }: Question): Decision {
  const { verb, subresource, name } = attributes;
  if (subresource === "status") return verb === "update" || verb === "patch" ? YES : NO_OPINION;
  if (subresource !== "") return NO_OPINION;
  if (["create", "update", "patch"].includes(verb)) return YES;
  if (!["get", "list", "watch"].includes(verb)) return NO_OPINION;
  if (name === node) return YES;
  if (name === "") return no(`node '${node}' cannot read all nodes, only its own Node object`);
  return no(`node '${node}' cannot read '${name}', only its own Node object`);
}

async function pod(question: Question): Promise<Decision> {
  const { node, attributes } = question;
  const { verb, subresource } = attributes;
  if (subresource === "status") return verb === "update" || verb === "patch" ? YES : NO_OPINION;
  if (subresource === "eviction") return verb === "create" ? YES : NO_OPINION;
  if (subresource !== "") return NO_OPINION;
  if (verb === "create" || verb === "delete") return YES;
  if (verb === "get") return await reach(question);
  if (verb !== "list" && verb !== "watch") return NO_OPINION;
  if (selects(attributes, "spec.nodeName", node)) return YES;
  if (attributes.name !== "") return await reach(question);
  return no("can only list/watch pods with spec.nodeName field selector");
}

/** True where a field selector asks for nothing but what has this value. */
function selects({ fieldSelector = "" }: Attributes, field: string, value: string): boolean {
  return fieldSelector
    .split(",")
    .some((term) => term === `${field}=${value}` || term === `${field}==${value}`);
}
