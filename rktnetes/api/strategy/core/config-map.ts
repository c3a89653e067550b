/** What config maps do beyond their data. */
import { configMapErrors, configMapUpdateErrors } from "../../validate/core/config-map.ts";
import type { Strategy } from "../strategy.ts";

export const CONFIG_MAP: Strategy = {
  validateCreate: configMapErrors,
  validateUpdate: configMapUpdateErrors,
};
