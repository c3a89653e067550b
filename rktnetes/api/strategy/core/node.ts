/** What nodes do beyond their data. */
import { nodeDefaults } from "../../defaults/core.ts";
import { nodeErrors, nodeUpdateErrors } from "../../validate/core/node.ts";
import type { Strategy } from "../strategy.ts";

export const NODE: Strategy = {
  setDefaults: nodeDefaults,
  validateCreate: nodeErrors,
  validateUpdate: nodeUpdateErrors,
};
