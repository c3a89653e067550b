/** What limit ranges do beyond their data. */
import { limitRangeDefaults } from "../../defaults/core.ts";
import { limitRangeErrors } from "../../validate/core/limit-range.ts";
import type { Strategy } from "../strategy.ts";

export const LIMIT_RANGE: Strategy = {
  setDefaults: limitRangeDefaults,
  validateCreate: limitRangeErrors,
  validateUpdate: limitRangeErrors,
};
