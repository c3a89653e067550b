/** What claims of devices do beyond their data. */
import { resourceClaimDefaults, resourceClaimTemplateDefaults } from "../../defaults/cluster.ts";
import {
  claimErrors,
  claimStatusErrors,
  claimTemplateErrors,
  claimUpdateErrors,
  deviceClassErrors,
} from "../../validate/resource/claim.ts";
import { sliceErrors, sliceUpdateErrors } from "../../validate/resource/slice.ts";
import type { Strategy } from "../strategy.ts";

export const RESOURCE_CLAIM: Strategy = {
  setDefaults: resourceClaimDefaults,
  validateCreate: claimErrors,
  validateUpdate: claimUpdateErrors,
  subresources: { status: { validateUpdate: claimStatusErrors } },
};

export const RESOURCE_CLAIM_TEMPLATE: Strategy = {
  setDefaults: resourceClaimTemplateDefaults,
  validateCreate: claimTemplateErrors,
  validateUpdate: claimUpdateErrors,
};

export const DEVICE_CLASS: Strategy = {
  validateCreate: deviceClassErrors,
  validateUpdate: deviceClassErrors,
};

export const RESOURCE_SLICE: Strategy = {
  validateCreate: sliceErrors,
  validateUpdate: sliceUpdateErrors,
};
