/**
 * Documents of rkt as types: appc manifests, OCI images and runtime bundles, CNI, and the small
 * texts of the command line that become parts of them. Everything here is pure: texts in, proven
 * values out, and back.
 */
export {
  defaultAppName,
  parseAcIdentifier,
  parseAcName,
} from "./ac-name.ts";
export {
  checkStartOrder,
  INIT_APP_ANNOTATION,
  lifecycleOf,
  parseRestartPolicy,
  parseStartAfter,
  RESTART_ANNOTATION,
  START_AFTER_ANNOTATION,
} from "./app-lifecycle.ts";
export type { AppLifecycle, RestartPolicy } from "./app-lifecycle.ts";
export { APPC_VERSION } from "./appc.ts";
export type {
  App,
  Dependency,
  EventHandler,
  ExposedPort,
  ImageManifest,
  ImagePort,
  Isolator,
  Mount,
  MountPoint,
  NameValue,
  PodManifest,
  RuntimeApp,
  Volume,
} from "./appc.ts";
export { isCdiName } from "./further-isolators.ts";
export type { ResourceLimit } from "./further-isolators.ts";
export { BUILT_IN_NETWORKS } from "./cni-builtin.ts";
export { parseCniError, parseCniResult, parseNetwork } from "./cni.ts";
export type {
  CniAddress,
  CniDns,
  CniError,
  CniInterface,
  CniNetwork,
  CniResult,
  CniRoute,
} from "./cni.ts";
export {
  fullDockerReference,
  parseDockerReference,
  shortDockerReference,
} from "./docker-reference.ts";
export type { DockerReference } from "./docker-reference.ts";
export {
  readBoolean,
  readList,
  readObject,
  readText,
  readTextMap,
  readTexts,
} from "./document.ts";
export type { JsonObject } from "./document.ts";
export { addKeyValue, parseEnvironmentFile } from "./environment.ts";
export type { PrintOptions } from "./go-json.ts";
export { parseImageManifest, printImageManifest } from "./image-manifest.ts";
export { parseImageName, parseImageReference } from "./image-reference.ts";
export type { ImageReference, ReferenceHost } from "./image-reference.ts";
export { ipVersion } from "./ip-address.ts";
export {
  capabilitiesIsolator,
  cpuIsolator,
  cpuSharesIsolator,
  cpusetIsolator,
  devicesIsolator,
  memoryIsolator,
  oomScoreIsolator,
  pidsIsolator,
  resourceLimitsIsolator,
  seccompIsolator,
  seccompProfileIsolator,
  sharedMemoryIsolator,
  sysctlIsolator,
} from "./isolator-flags.ts";
export {
  allowedCapabilities,
  DEFAULT_CAPABILITIES,
  parseIsolators,
  withIsolator,
} from "./isolators.ts";
export type { IsolatorSet, SeccompIsolator, SelinuxContext } from "./isolators.ts";
export { appcArchitecture, checkLabels, valueOf } from "./labels.ts";
export type { Platform } from "./labels.ts";
export { parseImageHash } from "./manifest-head.ts";
export { parseNetFlag, printNetFlag } from "./net-flag.ts";
export type { JoinedNamespace, NetworkChoice, NetworkSelection } from "./net-flag.ts";
export { parseOciArtifact } from "./oci-artifact.ts";
export type { OciArtifact } from "./oci-artifact.ts";
export { parseOciHistory } from "./oci-history.ts";
export type { OciStep } from "./oci-history.ts";
export {
  OCI_MANIFEST_TYPES,
  pairLayers,
  parseOciConfig,
  parseOciDigest,
  parseOciDocument,
  parseOciIndex,
  parseOciManifest,
} from "./oci-image.ts";
export type {
  OciConfig,
  OciDescriptor,
  OciDigest,
  OciIndex,
  OciLayer,
  OciManifest,
  OciProcess,
} from "./oci-image.ts";
export { HIDDEN_PATHS, OCI_RUNTIME_VERSION, READ_ONLY_PATHS } from "./oci-runtime.ts";
export type {
  RuntimeCapabilities,
  RuntimeDevice,
  RuntimeDeviceRule,
  RuntimeRlimit,
  RuntimeConfig,
  RuntimeHook,
  RuntimeLinux,
  RuntimeMount,
  RuntimeNamespace,
  RuntimeProcess,
  RuntimeResources,
  RuntimeSeccomp,
  RuntimeSyscallRule,
} from "./oci-runtime.ts";
export {
  describePlatform,
  parsePlatform,
  platformOf,
  selectPlatform,
  selectReference,
} from "./oci-select.ts";
export {
  ENTRYPOINT_ANNOTATION,
  NOTIFY_ANNOTATION,
  STOP_SIGNAL_ANNOTATION,
  toImageManifest,
} from "./oci-to-appc.ts";
export type { OciDigests, OciOrigin } from "./oci-to-appc.ts";
export { parsePodManifest, printPodManifest } from "./pod-manifest.ts";
export { parsePortFlag } from "./port.ts";
export { allowsCall, chooseRules, parseSeccompProfile } from "./seccomp-profile.ts";
export { parseQuantity, wholeUnits } from "./quantity.ts";
export { parseSimpleSigning, parseStatement } from "./signed-claim.ts";
export type { SignedClaim } from "./signed-claim.ts";
export { parseSigstoreBundle, SIGSTORE_BUNDLE_TYPE } from "./sigstore-bundle.ts";
export type { SigstoreBundle } from "./sigstore-bundle.ts";
export { parseTrustPolicy, ruleFor } from "./trust-policy.ts";
export type { SigstoreTrust, TrustRule } from "./trust-policy.ts";
export { parseMount, parseMountVolume, parseTmpfs, parseVolume } from "./volume.ts";
