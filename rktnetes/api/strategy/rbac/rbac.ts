/** What roles and their bindings do beyond their data. */
import { roleBindingDefaults } from "../../defaults/cluster.ts";
import { pathSegmentName } from "../../validate/object-names.ts";
import {
  clusterRoleBindingErrors,
  clusterRoleErrors,
  roleBindingErrors,
  roleErrors,
  roleRefErrors,
} from "../../validate/rbac/rbac.ts";
import type { Strategy } from "../strategy.ts";

export const ROLE: Strategy = {
  nameProblems: pathSegmentName,
  validateCreate: roleErrors,
  validateUpdate: roleErrors,
};

export const CLUSTER_ROLE: Strategy = {
  nameProblems: pathSegmentName,
  validateCreate: clusterRoleErrors,
  validateUpdate: clusterRoleErrors,
};

export const ROLE_BINDING: Strategy = {
  nameProblems: pathSegmentName,
  setDefaults: roleBindingDefaults,
  validateCreate: roleBindingErrors,
  validateUpdate: (binding, old) => [...roleBindingErrors(binding), ...roleRefErrors(binding, old)],
};

export const CLUSTER_ROLE_BINDING: Strategy = {
  nameProblems: pathSegmentName,
  setDefaults: roleBindingDefaults,
  validateCreate: clusterRoleBindingErrors,
  validateUpdate: (binding, old) => [
    ...clusterRoleBindingErrors(binding),
    ...roleRefErrors(binding, old),
  ],
};
