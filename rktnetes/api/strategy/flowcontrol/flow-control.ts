/** What the kinds of priority and fairness do beyond their data. */
import { flowSchemaDefaults, priorityLevelDefaults } from "../../defaults/cluster.ts";
import { flowSchemaErrors, priorityLevelErrors } from "../../validate/cluster/flow-control.ts";
import { pathSegmentName } from "../../validate/object-names.ts";
import { keepMetadata, WRITTEN } from "../keep-metadata.ts";
import type { Strategy, UpdateRules } from "../strategy.ts";

const STATUS: UpdateRules = {
  prepareForUpdate: (object, old) => {
    keepMetadata(object, old, WRITTEN);
  },
  resetFields: [["spec"], ["metadata"]],
};

export const FLOW_SCHEMA: Strategy = {
  nameProblems: pathSegmentName,
  setDefaults: flowSchemaDefaults,
  validateCreate: flowSchemaErrors,
  validateUpdate: flowSchemaErrors,
  subresources: { status: STATUS },
};

export const PRIORITY_LEVEL: Strategy = {
  nameProblems: pathSegmentName,
  setDefaults: priorityLevelDefaults,
  validateCreate: priorityLevelErrors,
  validateUpdate: priorityLevelErrors,
  subresources: { status: STATUS },
};
