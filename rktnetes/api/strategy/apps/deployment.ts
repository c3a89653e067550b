/** What deployments do beyond their data. */
import { deploymentDefaults } from "../../defaults/apps.ts";
import {
  deploymentErrors,
  deploymentStatusErrors,
  deploymentUpdateErrors,
} from "../../validate/workloads/deployment.ts";
import type { Strategy } from "../strategy.ts";

export const DEPLOYMENT: Strategy = {
  setDefaults: deploymentDefaults,
  validateCreate: deploymentErrors,
  validateUpdate: deploymentUpdateErrors,
  subresources: { status: { validateUpdate: deploymentStatusErrors } },
};
