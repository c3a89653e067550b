/** What endpoint slices do beyond their data. */
import { endpointSliceDefaults } from "../../defaults/services.ts";
import type { Strategy } from "../strategy.ts";

export const ENDPOINT_SLICE: Strategy = { setDefaults: endpointSliceDefaults };
