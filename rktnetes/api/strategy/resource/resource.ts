/** What claims of devices do beyond their data. */
import { resourceClaimDefaults, resourceClaimTemplateDefaults } from "../../defaults/cluster.ts";
import type { Strategy } from "../strategy.ts";

export const RESOURCE_CLAIM: Strategy = { setDefaults: resourceClaimDefaults };
export const RESOURCE_CLAIM_TEMPLATE: Strategy = { setDefaults: resourceClaimTemplateDefaults };
