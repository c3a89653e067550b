/** What replication controllers do beyond their data. */
import { replicationControllerDefaults } from "../../defaults/core.ts";
import type { Strategy } from "../strategy.ts";

export const REPLICATION_CONTROLLER: Strategy = { setDefaults: replicationControllerDefaults };
