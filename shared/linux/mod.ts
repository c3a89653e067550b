/**
 * The only door to the kernel. Nothing else in the project calls it other than through node's own
 * modules.
 */
export { cgroupControllers, cgroupLayout, controllerMounts } from "./cgroups.ts";
export type { CgroupLayout, ControllerMount } from "./cgroups.ts";
export type { DeviceNumber, LockKind } from "./files.ts";
export { kernel } from "./kernel.ts";
export type { Kernel } from "./kernel.ts";
export type { MountFlag, MountRequest } from "./mounts.ts";
export { namespacePath } from "./namespaces.ts";
export type { NamespaceKind } from "./namespaces.ts";
