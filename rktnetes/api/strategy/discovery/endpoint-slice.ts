/** What endpoint slices do beyond their data. */
import { endpointSliceDefaults } from "../../defaults/services.ts";
import {
  endpointSliceErrors,
  endpointSliceUpdateErrors,
} from "../../validate/networking/endpoints.ts";
import type { Strategy } from "../strategy.ts";

export const ENDPOINT_SLICE: Strategy = {
  setDefaults: endpointSliceDefaults,
  validateCreate: endpointSliceErrors,
  validateUpdate: endpointSliceUpdateErrors,
};
