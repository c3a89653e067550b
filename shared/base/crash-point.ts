/**
 * Named instants at which a test may kill the process, to prove that nothing is lost there.
 *
 * Every name is listed here, so that a test can visit them all. Outside of such a test a point
 * costs one comparison.
 */
import process from "node:process";

/** The instants, in the order in which a pod meets them. */
export const CRASH_POINTS = [
  "fetch-blob-partial", // some bytes of a download are on disk
  "fetch-blob-complete", // all bytes are there, not yet checked
  "fetch-blob-renamed", // the blob has its final name
  "fetch-layer-partial", // some files of a layer are unpacked
  "fetch-layer-complete", // all files are unpacked, not yet visible
  "fetch-layer-renamed", // the layer has its final name
  "fetch-image-recorded", // the image is in the database
  "prepare-claimed", // the name of the pod to be is held
  "prepare-embryo", // the pod directory exists
  "prepare-locked", // it is locked
  "prepare-renamed", // it lies in prepare/
  "prepare-told", // the caller knows its UUID
  "prepare-stage1", // stage1 is in place
  "prepare-app", // the files of one app are written
  "prepare-volumes", // its empty volumes are made
  "prepare-manifest", // the pod manifest is written
  "prepare-prepared", // it lies in prepared/
  "run-claimed", // a prepared pod was taken to be run
  "run-renamed", // it lies in run/
  "detach-spawned", // another process has the lock of the pod
  "detach-inherited", // that process has found it
  "detach-ready", // all apps of the detached pod run
  "run-unshared", // the pod's mount namespace exists
  "run-mounted", // the app roots are mounted
  "stage1-started", // stage1 has taken over
  "stage1-locked", // its programs cannot inherit the lock any more
  "stage1-init", // the pod's init exists, nobody knows its pid
  "stage1-namespaces", // the pod's namespaces and its init exist
  "stage1-network", // some networks are set up
  "stage1-networked", // all networks are set up
  "stage1-applied", // what the manifest asks of the pod as a whole is done
  "stage1-names", // resolv.conf and hosts are written
  "stage1-resolved", // all that the apps need is known
  "stage1-app-prepared", // the room for an app's status is taken
  "stage1-pre-start", // a pre-start handler comes next
  "stage1-app-started", // the start of an app is written
  "stage1-app-spawned", // a container's process is there
  "stage1-post-stop", // a post-stop handler comes next
  "stage1-init-app", // an init app has ended well
  "stage1-apps", // the apps run
  "stage1-ready", // whoever waits for the pod is told
  "stage1-back-off", // an app waits to be started again
  "stage1-stopping", // the apps are about to be asked to end
  "stage1-control", // a mutable pod hears what is asked of it
  "stage1-app-stopping", // one app of a mutable pod was asked to end
  "stage1-app-removed", // its supervisor has forgotten it
  "stage1-exited", // an app has ended, its status is not yet written
  "stage1-status", // its status is written
  "stage1-init-killed", // no process of the pod is left but the supervisor
  "stage1-cgroups", // the pod's cgroups are removed
  "stage1-torn-down", // networks and cgroups are given back
  "app-written", // the files of an app to add are written
  "app-mounted", // its root is mounted
  "app-manifest", // it is in the pod manifest
  "app-forgotten", // stage1 knows an app to remove no more
  "app-unlisted", // it is out of the pod manifest
  "app-unmounted", // its root is unmounted
  "app-partial", // part of its files is removed
  "stop-told", // the grace of a pod to stop is written
  "stop-signalled", // its supervisor was asked
  "stop-called", // stage1's stop entrypoint has run
  "rm-locked", // a pod to remove is locked
  "rm-moved", // it lies in exited-garbage/
  "export-opened", // the tree of an ended app is mounted
  "export-partial", // some bytes of the archive are written
  "export-complete", // the archive has its name
  "gc-marked", // an exited pod lies in exited-garbage/
  "gc-cgroups", // stage1 has removed what was left of the pod's cgroups
  "gc-networks", // and has given back its networks
  "gc-stage1", // stage1's gc entrypoint has run
  "gc-moved", // the pod lies in garbage/
  "gc-unmounted", // nothing is mounted below it
  "gc-partial", // part of the pod directory is removed
  "gc-empty", // nothing but the directory is left of it
  "image-verify-replaced", // a damaged layer was exchanged for a new one, and is still there
  "image-rm-recorded", // the image is out of the database, its blobs and layers are not
] as const;

/** The name of one of them. */
export type CrashPoint = (typeof CRASH_POINTS)[number];

const chosen = process.env["RKT_CRASH_AT"];

/** Ends the process with SIGKILL here if the environment variable RKT_CRASH_AT names this point. */
export function crashPoint(name: CrashPoint): void {
  if (chosen !== name) return;
  process.kill(process.pid, "SIGKILL");
  for (;;); // SIGKILL to oneself is delivered on the way back from the call, or very soon after
}
