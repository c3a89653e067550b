/** What webhooks and admission policies do beyond their data. */
import {
  mutatingWebhooksDefaults,
  policyBindingDefaults,
  policyDefaults,
  validatingWebhooksDefaults,
} from "../../defaults/admission-registration.ts";
import type { Strategy } from "../strategy.ts";

export const VALIDATING_WEBHOOKS: Strategy = { setDefaults: validatingWebhooksDefaults };
export const MUTATING_WEBHOOKS: Strategy = { setDefaults: mutatingWebhooksDefaults };
export const VALIDATING_POLICY: Strategy = { setDefaults: policyDefaults };
export const VALIDATING_BINDING: Strategy = { setDefaults: policyBindingDefaults };
export const MUTATING_POLICY: Strategy = { setDefaults: policyDefaults };
export const MUTATING_BINDING: Strategy = { setDefaults: policyBindingDefaults };
