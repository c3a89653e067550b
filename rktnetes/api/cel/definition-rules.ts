/** The CEL rules of a custom kind, ready to be asked. In: a kind. Out: what judges its objects. */
import type { Kind } from "../kinds/kind.ts";

export function definitionRules(_kind: Kind): Pick<Kind, "rules"> {
  return {};
}
