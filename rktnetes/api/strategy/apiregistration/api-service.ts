/** What further API servers do beyond their data. */
import { apiServiceDefaults } from "../../defaults/cluster.ts";
import type { Strategy } from "../strategy.ts";

export const API_SERVICE: Strategy = { setDefaults: apiServiceDefaults };
