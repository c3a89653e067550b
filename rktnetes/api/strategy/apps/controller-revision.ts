/** What controller revisions do beyond their data: they are written once. */
import {
  controllerRevisionErrors,
  controllerRevisionUpdateErrors,
} from "../../validate/core/small-kinds.ts";
import type { Strategy } from "../strategy.ts";

export const CONTROLLER_REVISION: Strategy = {
  validateCreate: controllerRevisionErrors,
  validateUpdate: controllerRevisionUpdateErrors,
};
