/** What endpoints do beyond their data. */
import { endpointsDefaults } from "../../defaults/services.ts";
import { endpointsErrors } from "../../validate/networking/endpoints.ts";
import type { Strategy } from "../strategy.ts";

export const ENDPOINTS: Strategy = {
  setDefaults: endpointsDefaults,
  validateCreate: endpointsErrors,
  validateUpdate: endpointsErrors,
};
