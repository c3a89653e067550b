/** What endpoints do beyond their data. */
import { endpointsDefaults } from "../../defaults/services.ts";
import type { Strategy } from "../strategy.ts";

export const ENDPOINTS: Strategy = { setDefaults: endpointsDefaults };
