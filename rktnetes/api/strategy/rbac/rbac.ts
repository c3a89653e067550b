/** What roles and their bindings do beyond their data. */
import { roleBindingDefaults } from "../../defaults/cluster.ts";
import { pathSegmentName } from "../../validate/object-names.ts";
import type { Strategy } from "../strategy.ts";

export const ROLE: Strategy = { nameProblems: pathSegmentName };

export const ROLE_BINDING: Strategy = {
  nameProblems: pathSegmentName,
  setDefaults: roleBindingDefaults,
};
