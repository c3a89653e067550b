/** What replica sets do beyond their data. */
import { replicaSetDefaults } from "../../defaults/apps.ts";
import type { Strategy } from "../strategy.ts";

export const REPLICA_SET: Strategy = { setDefaults: replicaSetDefaults };
