/** What secrets do beyond their data. */
import { secretDefaults } from "../../defaults/core.ts";
import type { Strategy } from "../strategy.ts";

export const SECRET: Strategy = { setDefaults: secretDefaults };
