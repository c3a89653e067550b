/** What secrets do beyond their data: text becomes bytes. */
import { secretDefaults } from "../../defaults/core.ts";
import type { Strategy } from "../strategy.ts";

export const SECRET: Strategy = { setDefaults: secretDefaults };
