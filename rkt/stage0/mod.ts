/**
 * stage0: makes pod directories, starts stage1 in them, tells how they stand and takes them away.
 * All state of a pod is where its directory lies and who holds its lock; nothing runs between
 * commands.
 *
 * @see rkt Documentation/devel/pod-lifecycle.md and stage1-implementors-guide.md
 */
export { overrideApp } from "./app-overrides.ts";
export type { AppOverrides, Caller, SeccompOverride } from "./app-overrides.ts";
export type { Stage0Host } from "./host.ts";
export { attachToPod } from "./attach.ts";
export type { AttachRequest } from "./attach.ts";
export { enterPod } from "./enter.ts";
export type { EnterRequest } from "./enter.ts";
export { inheritPod, startDetached } from "./detach.ts";
export type { DetachedStart } from "./detach.ts";
export { openAppTree } from "./ended-app.ts";
export type { EndedApp } from "./ended-app.ts";
export { requestOfManifest } from "./given-manifest.ts";
export { addApp, removeAppOf, startAppOf, stopAppOf } from "./mutable-pod.ts";
export { gcPods } from "./gc.ts";
export type { GcProblem, GcRequest } from "./gc.ts";
export { listPods, readPodManifest } from "./list.ts";
export type { PodSummary } from "./list.ts";
export type { AppSummary } from "./manifest-head.ts";
export { followNotices } from "./notices.ts";
export type { Notice } from "./notices.ts";
export type { PodState } from "./phase.ts";
export { pathOf } from "./pod-dir.ts";
export type { Pod } from "./pod-dir.ts";
export type { AppRequest, PodRequest } from "./pod-manifest.ts";
export {
  ensureVolume,
  findVolume,
  listVolumes,
  removeVolume,
} from "./named-volume.ts";
export type { NamedVolume, VolumeWish } from "./named-volume.ts";
export { openPod, parsePodName } from "./pod-name.ts";
export { layersInUse, lockPrepare } from "./prepare-lock.ts";
export { claimPrepared } from "./prepared.ts";
export { preparePod } from "./prepare.ts";
export type { PreparedPod, PrepareRequest } from "./prepare.ts";
export { removePod } from "./remove.ts";
export { abandonPod, runPod } from "./run.ts";
export { podStatus, waitForExit, waitUntilReady } from "./status.ts";
export type { AppMount, AppStatus, PodStatus, WaitOptions } from "./status.ts";
export { podProcesses, podUsage } from "./usage.ts";
export type { AppProcesses, PodUsage } from "./usage.ts";
export { stopPod } from "./stop.ts";
export type { StopOptions } from "./stop.ts";
