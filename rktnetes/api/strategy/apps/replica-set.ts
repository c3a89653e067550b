/** What replica sets do beyond their data. */
import { replicaSetDefaults } from "../../defaults/apps.ts";
import {
  replicaSetErrors,
  replicaSetUpdateErrors,
  replicaStatusErrors,
} from "../../validate/workloads/deployment.ts";
import { changedTemplateWarnings } from "../template-warnings.ts";
import type { Strategy } from "../strategy.ts";

export const REPLICA_SET: Strategy = {
  setDefaults: replicaSetDefaults,
  warnings: changedTemplateWarnings,
  validateCreate: replicaSetErrors,
  validateUpdate: replicaSetUpdateErrors,
  subresources: { status: { validateUpdate: replicaStatusErrors } },
};
