/** What policies and ingresses do beyond their data. */
import { ingressClassDefaults, networkPolicyDefaults } from "../../defaults/services.ts";
import {
  CLASS_ANNOTATION,
  ingressClassErrors,
  ingressClassUpdateErrors,
  ingressErrors,
  ingressStatusErrors,
} from "../../validate/networking/ingress.ts";
import { networkPolicyErrors } from "../../validate/networking/network-policy.ts";
import {
  addressErrors,
  addressNameProblems,
  addressUpdateErrors,
  rangeErrors,
  rangeUpdateErrors,
} from "../../validate/networking/service-ranges.ts";
import { readObject } from "../object-at.ts";
import type { Strategy } from "../strategy.ts";

export const NETWORK_POLICY: Strategy = {
  setDefaults: networkPolicyDefaults,
  validateCreate: networkPolicyErrors,
  validateUpdate: networkPolicyErrors,
};

export const IP_ADDRESS: Strategy = {
  nameProblems: addressNameProblems,
  validateCreate: addressErrors,
  validateUpdate: addressUpdateErrors,
};

export const SERVICE_CIDR: Strategy = {
  validateCreate: rangeErrors,
  validateUpdate: rangeUpdateErrors,
};

export const INGRESS_CLASS: Strategy = {
  setDefaults: ingressClassDefaults,
  validateCreate: ingressClassErrors,
  validateUpdate: ingressClassUpdateErrors,
};

const INSTEAD = "please use 'spec.ingressClassName' instead";
const OLD_CLASS = `annotation "${CLASS_ANNOTATION}" is deprecated, ${INSTEAD}`;

export const INGRESS: Strategy = {
  prepareForCreate: (ingress) => {
    ingress["status"] = { loadBalancer: {} };
  },
  validateCreate: ingressErrors,
  validateUpdate: ingressErrors,
  warnings: (ingress) => {
    const annotations = readObject(readObject(ingress, "metadata"), "annotations");
    return CLASS_ANNOTATION in annotations ? [OLD_CLASS] : [];
  },
  subresources: { status: { validateUpdate: ingressStatusErrors } },
};
