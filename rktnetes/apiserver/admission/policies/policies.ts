/**
 * Admission policies, whose expressions are loaded when the first binding is there. In: a request.
 * Out: what validating.ts and mutating.ts make of it.
 */
import { Fault } from "@shared/base";
import type { Authorizer } from "../../auth/authorizer.ts";
import type { AdmissionPlugin, AdmissionRequest } from "../admission.ts";
import type { MatchConditions } from "../webhooks/ask-webhook.ts";
import type { PolicyParts } from "./bindings.ts";

const GROUP = "admissionregistration.k8s.io";

export function validatingPolicies(parts: PolicyParts, authorizer: Authorizer): AdmissionPlugin {
  return {
    name: "ValidatingAdmissionPolicy",
    validate: async (request) => {
      const bindings = `${GROUP}/validatingadmissionpolicybindings`;
      if ((await parts.lookup.list(bindings)).length === 0) return;
      const { validate } = await import("./validating.ts");
      await validate(parts, authorizer, request);
    },
  };
}

export interface MutatingPolicies extends AdmissionPlugin {
  /** For what others have changed since: asks the policies again that want to be. */
  readonly again: (request: AdmissionRequest) => Promise<void>;
}

export function mutatingPolicies(parts: PolicyParts, authorizer: Authorizer): MutatingPolicies {
  const isNone = async (): Promise<boolean> => {
    const bindings = `${GROUP}/mutatingadmissionpolicybindings`;
    return (await parts.lookup.list(bindings)).length === 0;
  };
  return {
    name: "MutatingAdmissionPolicy",
    mutate: async (request) => {
      if (await isNone()) return;
      const { mutate } = await import("./mutating.ts");
      await mutate(parts, authorizer, request);
    },
    again: async (request) => {
      if (await isNone()) return;
      const { mutateAgain } = await import("./mutating.ts");
      await mutateAgain(parts, authorizer, request);
    },
  };
}

/** Conditions of webhooks, by the same expressions. */
export function matchConditionsBy(authorizer: Authorizer): MatchConditions {
  return async (conditions, seen) => {
    if (conditions.length === 0) return true;
    const { conditionsHold } = await import("./conditions.ts");
    try {
      return await conditionsHold(authorizer, conditions, seen);
    } catch (error) {
      throw Fault.from(error);
    }
  };
}
