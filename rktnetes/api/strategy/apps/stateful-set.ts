/** What stateful sets do beyond their data. */
import { statefulSetDefaults } from "../../defaults/apps.ts";
import type { Strategy } from "../strategy.ts";

export const STATEFUL_SET: Strategy = { setDefaults: statefulSetDefaults };
