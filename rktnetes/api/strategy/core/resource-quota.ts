/** What quotas do beyond their data. */
import { resourceQuotaDefaults } from "../../defaults/core.ts";
import {
  resourceQuotaErrors,
  resourceQuotaStatusErrors,
  resourceQuotaUpdateErrors,
} from "../../validate/core/resource-quota.ts";
import type { Strategy } from "../strategy.ts";

export const RESOURCE_QUOTA: Strategy = {
  setDefaults: resourceQuotaDefaults,
  validateCreate: resourceQuotaErrors,
  validateUpdate: resourceQuotaUpdateErrors,
  subresources: { status: { validateUpdate: resourceQuotaStatusErrors } },
};
