/** What webhooks and admission policies do beyond their data. */
import {
  mutatingWebhooksDefaults,
  policyBindingDefaults,
  policyDefaults,
  validatingWebhooksDefaults,
} from "../../defaults/admission-registration.ts";
import {
  mutatingBindingErrors,
  mutatingPolicyErrors,
  validatingBindingErrors,
  validatingPolicyErrors,
} from "../../validate/cluster/admission-policy.ts";
import { webhooksErrors } from "../../validate/cluster/webhooks.ts";
import type { Strategy } from "../strategy.ts";

export const VALIDATING_WEBHOOKS: Strategy = {
  setDefaults: validatingWebhooksDefaults,
  validateCreate: webhooksErrors,
  validateUpdate: webhooksErrors,
};

export const MUTATING_WEBHOOKS: Strategy = {
  setDefaults: mutatingWebhooksDefaults,
  validateCreate: webhooksErrors,
  validateUpdate: webhooksErrors,
};

export const VALIDATING_POLICY: Strategy = {
  setDefaults: policyDefaults,
  validateCreate: validatingPolicyErrors,
  validateUpdate: validatingPolicyErrors,
};

export const VALIDATING_BINDING: Strategy = {
  setDefaults: policyBindingDefaults,
  validateCreate: validatingBindingErrors,
  validateUpdate: validatingBindingErrors,
};

export const MUTATING_POLICY: Strategy = {
  setDefaults: policyDefaults,
  validateCreate: mutatingPolicyErrors,
  validateUpdate: mutatingPolicyErrors,
};

export const MUTATING_BINDING: Strategy = {
  setDefaults: policyBindingDefaults,
  validateCreate: mutatingBindingErrors,
  validateUpdate: mutatingBindingErrors,
};
