/** What daemon sets do beyond their data. */
import { daemonSetDefaults } from "../../defaults/apps.ts";
import type { Strategy } from "../strategy.ts";

export const DAEMON_SET: Strategy = { setDefaults: daemonSetDefaults };
