/** What limit ranges do beyond their data. */
import { limitRangeDefaults } from "../../defaults/core.ts";
import type { Strategy } from "../strategy.ts";

export const LIMIT_RANGE: Strategy = { setDefaults: limitRangeDefaults };
