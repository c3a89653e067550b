/** What the kinds of priority and fairness do beyond their data. */
import { flowSchemaDefaults, priorityLevelDefaults } from "../../defaults/cluster.ts";
import { flowSchemaErrors, priorityLevelErrors } from "../../validate/cluster/flow-control.ts";
import { pathSegmentName } from "../../validate/object-names.ts";
import type { Strategy } from "../strategy.ts";

export const FLOW_SCHEMA: Strategy = {
  nameProblems: pathSegmentName,
  setDefaults: flowSchemaDefaults,
  validateCreate: flowSchemaErrors,
  validateUpdate: flowSchemaErrors,
};

export const PRIORITY_LEVEL: Strategy = {
  nameProblems: pathSegmentName,
  setDefaults: priorityLevelDefaults,
  validateCreate: priorityLevelErrors,
  validateUpdate: priorityLevelErrors,
};
