/** What further API servers do beyond their data. */
import { apiServiceDefaults } from "../../defaults/cluster.ts";
import { apiServiceErrors, apiServiceStatusErrors } from "../../validate/cluster/api-service.ts";
import { pathSegmentName } from "../../validate/object-names.ts";
import type { Strategy } from "../strategy.ts";

export const API_SERVICE: Strategy = {
  setDefaults: apiServiceDefaults,
  nameProblems: pathSegmentName,
  validateCreate: apiServiceErrors,
  validateUpdate: apiServiceErrors,
  subresources: { status: { validateUpdate: apiServiceStatusErrors } },
};
