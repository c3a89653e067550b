/** What the kinds of priority and fairness do beyond their data. */
import { flowSchemaDefaults, priorityLevelDefaults } from "../../defaults/cluster.ts";
import type { Strategy } from "../strategy.ts";

export const FLOW_SCHEMA: Strategy = { setDefaults: flowSchemaDefaults };
export const PRIORITY_LEVEL: Strategy = { setDefaults: priorityLevelDefaults };
