/** The seam between a request and whoever says whether it may be done. */
import type { Attributes, User } from "./user.ts";

/** Without `allowed` an authoriser has no opinion: the next one is asked. */
export interface Decision {
  readonly allowed: boolean;
  /** Words for it; empty for none. */
  readonly reason: string;
  /** Nobody else is asked. */
  readonly final?: boolean;
}

/** A rule for objects, as `SelfSubjectRulesReview` shows it. */
export interface ResourceRule {
  readonly verbs: readonly string[];
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames: readonly string[];
}

export interface NonResourceRule {
  readonly verbs: readonly string[];
  readonly nonResourceURLs: readonly string[];
}

/** What a user may do in a namespace. */
export interface UserRules {
  readonly resourceRules: readonly ResourceRule[];
  readonly nonResourceRules: readonly NonResourceRule[];
  readonly incomplete: boolean;
  /** What could not be found out; empty for nothing. */
  readonly error: string;
}

export interface Authorizer {
  authorize(user: User, attributes: Attributes): Promise<Decision>;
  /** Rules of a user; undefined from one that has none to tell. */
  rulesFor(user: User, namespace: string): Promise<UserRules | undefined>;
}

const NO_OPINION: Decision = { allowed: false, reason: "" };
const YES: Decision = { allowed: true, reason: "" };

/** Asks one after another; the first that allows ends it. */
export function firstOf(all: readonly Authorizer[]): Authorizer {
  return {
    authorize: async (user, attributes) => {
      const reasons: string[] = [];
      for (const each of all) {
        const decision = await each.authorize(user, attributes);
        if (decision.allowed) return decision;
        if (decision.reason !== "") reasons.push(decision.reason);
        if (decision.final === true) break;
      }
      return reasons.length === 0 ? NO_OPINION : { allowed: false, reason: reasons.join("\n") };
    },
    rulesFor: async (user, namespace) => {
      const found = await Promise.all(all.map((each) => each.rulesFor(user, namespace)));
      const known = found.filter((rules) => rules !== undefined);
      return {
        resourceRules: known.flatMap(({ resourceRules }) => resourceRules),
        nonResourceRules: known.flatMap(({ nonResourceRules }) => nonResourceRules),
        incomplete: known.some(({ incomplete }) => incomplete),
        error: known
          .map(({ error }) => error)
          .filter((error) => error !== "")
          .join(", "),
      };
    },
  };
}

/** Lets members of a group do everything. */
export function allowGroup(group: string): Authorizer {
  return {
    authorize: ({ groups }) => Promise.resolve(groups.includes(group) ? YES : NO_OPINION),
    rulesFor: ({ groups }) => Promise.resolve(groups.includes(group) ? EVERYTHING : undefined),
  };
}

/** Lets everybody do everything, or nobody anything. */
export function always(allowed: boolean): Authorizer {
  const reason = allowed ? "" : "Everything is forbidden.";
  const rules = allowed ? EVERYTHING : undefined;
  return {
    authorize: () => Promise.resolve({ allowed, reason }),
    rulesFor: () => Promise.resolve(rules),
  };
}

const EVERYTHING: UserRules = {
  resourceRules: [{ verbs: ["*"], apiGroups: ["*"], resources: ["*"], resourceNames: [] }],
  nonResourceRules: [{ verbs: ["*"], nonResourceURLs: ["*"] }],
  incomplete: false,
  error: "",
};
