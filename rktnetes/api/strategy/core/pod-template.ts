/** What pod templates do beyond their data. */
import { podTemplateDefaults } from "../../defaults/core.ts";
import { podTemplateErrors } from "../../validate/workloads/replication-controller.ts";
import type { Strategy } from "../strategy.ts";

export const POD_TEMPLATE: Strategy = {
  setDefaults: podTemplateDefaults,
  validateCreate: podTemplateErrors,
  validateUpdate: podTemplateErrors,
};
