/** What jobs do beyond their data. */
import { jobDefaults } from "../../defaults/batch.ts";
import type { Strategy } from "../strategy.ts";

export const JOB: Strategy = { setDefaults: jobDefaults };
