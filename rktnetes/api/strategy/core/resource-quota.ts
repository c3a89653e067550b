/** What quotas do beyond their data. */
import { resourceQuotaDefaults } from "../../defaults/core.ts";
import type { Strategy } from "../strategy.ts";

export const RESOURCE_QUOTA: Strategy = { setDefaults: resourceQuotaDefaults };
