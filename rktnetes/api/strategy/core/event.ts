/** What events do beyond their data; the two groups have other names for the same fields. */
import { CORE_EVENT, eventErrors, GROUP_EVENT } from "../../validate/core/event.ts";
import { pathSegmentName } from "../../validate/object-names.ts";
import type { Strategy } from "../strategy.ts";

/** `group` is empty for the core group. */
export function eventStrategy(group: string): Strategy {
  const fields = group === "" ? CORE_EVENT : GROUP_EVENT;
  return {
    nameProblems: pathSegmentName,
    validateCreate: (event) => eventErrors(event, fields),
    validateUpdate: (event) => eventErrors(event, fields),
  };
}
