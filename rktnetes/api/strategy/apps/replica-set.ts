/** What replica sets do beyond their data. */
import { replicaSetDefaults } from "../../defaults/apps.ts";
import {
  replicaSetErrors,
  replicaSetUpdateErrors,
  replicaStatusErrors,
} from "../../validate/workloads/deployment.ts";
import type { Strategy } from "../strategy.ts";

export const REPLICA_SET: Strategy = {
  setDefaults: replicaSetDefaults,
  validateCreate: replicaSetErrors,
  validateUpdate: replicaSetUpdateErrors,
  subresources: { status: { validateUpdate: replicaStatusErrors } },
};
