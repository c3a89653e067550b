/** What policies and ingresses do beyond their data. */
import { ingressClassDefaults, networkPolicyDefaults } from "../../defaults/services.ts";
import type { Strategy } from "../strategy.ts";

export const NETWORK_POLICY: Strategy = { setDefaults: networkPolicyDefaults };

export const INGRESS_CLASS: Strategy = { setDefaults: ingressClassDefaults };

export const INGRESS: Strategy = {
  prepareForCreate: (ingress) => {
    ingress["status"] = { loadBalancer: {} };
  },
};
