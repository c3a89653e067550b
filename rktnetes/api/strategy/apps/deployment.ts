/** What deployments do beyond their data. */
import { deploymentDefaults } from "../../defaults/apps.ts";
import {
  deploymentErrors,
  deploymentStatusErrors,
  deploymentUpdateErrors,
} from "../../validate/workloads/deployment.ts";
import { keepMetadata } from "../keep-metadata.ts";
import { changedTemplateWarnings } from "../template-warnings.ts";
import type { Strategy } from "../strategy.ts";

export const DEPLOYMENT: Strategy = {
  setDefaults: deploymentDefaults,
  warnings: changedTemplateWarnings,
  validateCreate: deploymentErrors,
  validateUpdate: deploymentUpdateErrors,
  subresources: {
    status: {
      prepareForUpdate: (deployment, old) => {
        keepMetadata(deployment, old, ["labels"]);
      },
      validateUpdate: deploymentStatusErrors,
      resetFields: [["spec"], ["metadata", "labels"]],
    },
  },
};
