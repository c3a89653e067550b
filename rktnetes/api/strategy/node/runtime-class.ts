/** What runtime classes do beyond their data. */
import { runtimeClassErrors, runtimeClassUpdateErrors } from "../../validate/core/small-kinds.ts";
import type { Strategy } from "../strategy.ts";

export const RUNTIME_CLASS: Strategy = {
  validateCreate: runtimeClassErrors,
  validateUpdate: runtimeClassUpdateErrors,
};
