/**
 * The fixtures of the end-to-end tests, for the demonstration and the benchmarks: small images on
 * the spot, a registry, keys, all of it real and in temporary directories.
 */
export { IMAGE_NAME, writeAci } from "./fixtures/aci.ts";
export type { AciOptions } from "./fixtures/aci.ts";
export { hasBusybox } from "./fixtures/busybox.ts";
export { createKeyRing } from "./fixtures/keys.ts";
export type { KeyRing, Signer } from "./fixtures/keys.ts";
export { busyboxOci, writeLayout } from "./fixtures/oci.ts";
export type { OciImage, OciOptions } from "./fixtures/oci.ts";
export { must, run, startServer } from "./fixtures/process.ts";
export type { Finished, RunOptions, Server } from "./fixtures/process.ts";
export { pushImage, startRegistry } from "./fixtures/registry.ts";
export type { Registry, RegistryOptions } from "./fixtures/registry.ts";
export { temporaryDirectory } from "./fixtures/temporary-directory.ts";
export type { TemporaryDirectory } from "./fixtures/temporary-directory.ts";
export { measuring, readMemory } from "./harness/measure.ts";
export type { Memory } from "./harness/measure.ts";
export { crowd, leaks, soak } from "./harness/soak.ts";
export type { CrowdReport, Failure, Holdings, SoakReport } from "./harness/soak.ts";
export { startWorld } from "./harness/world.ts";
export type { World } from "./harness/world.ts";
