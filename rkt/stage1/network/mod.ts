/**
 * What commands know of networks beside a pod's own start and end: which there are, whether those
 * of a pod are whole, and what pods that are gone left behind.
 */
export { checkPod } from "./check.ts";
export type { Checked, CheckedPod } from "./check.ts";
export {
  collectNetwork,
  findLeftovers,
  removeLeftover,
  statusOfNetwork,
} from "./leftovers.ts";
export type { Leftover, ValidAttachment } from "./leftovers.ts";
export { loadNetworks } from "./load.ts";
export type { Network } from "./load.ts";
export { hasAttachments } from "./recorded.ts";
