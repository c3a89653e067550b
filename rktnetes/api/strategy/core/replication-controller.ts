/** What replication controllers do beyond their data. */
import { replicationControllerDefaults } from "../../defaults/core.ts";
import { replicaStatusErrors } from "../../validate/workloads/deployment.ts";
import { replicationControllerErrors } from "../../validate/workloads/replication-controller.ts";
import { changedTemplateWarnings } from "../template-warnings.ts";
import type { Strategy } from "../strategy.ts";

export const REPLICATION_CONTROLLER: Strategy = {
  setDefaults: replicationControllerDefaults,
  warnings: changedTemplateWarnings,
  validateCreate: replicationControllerErrors,
  validateUpdate: replicationControllerErrors,
  subresources: { status: { validateUpdate: replicaStatusErrors } },
};
