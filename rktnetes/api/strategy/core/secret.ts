/** What secrets do beyond their data: text becomes bytes, types demand keys. */
import { secretDefaults } from "../../defaults/core.ts";
import {
  secretErrors,
  secretUpdateErrors,
  secretWarnings,
} from "../../validate/core/config-map.ts";
import type { Strategy } from "../strategy.ts";

export const SECRET: Strategy = {
  setDefaults: secretDefaults,
  validateCreate: secretErrors,
  validateUpdate: secretUpdateErrors,
  warnings: secretWarnings,
};
