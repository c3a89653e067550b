/** What deployments do beyond their data. */
import { deploymentDefaults } from "../../defaults/apps.ts";
import type { Strategy } from "../strategy.ts";

export const DEPLOYMENT: Strategy = { setDefaults: deploymentDefaults };
