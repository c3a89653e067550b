/** What cron jobs do beyond their data. */
import { cronJobDefaults } from "../../defaults/batch.ts";
import { cronJobErrors, cronJobSpecErrors } from "../../validate/workloads/cron-job.ts";
import type { Strategy } from "../strategy.ts";

export const CRON_JOB: Strategy = {
  setDefaults: cronJobDefaults,
  validateCreate: cronJobErrors,
  validateUpdate: cronJobSpecErrors,
};
