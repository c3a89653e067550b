/**
 * A pod as the JSON object that `list` and `status` print: the field names, the order and the
 * omissions of rkt's Go types. Pure.
 *
 * @see rkt lib/types.go, `Pod` and `App`
 */
import type { AppStatus, PodStatus } from "@rkt/stage0";

/**
 * Times of a pod are in seconds, times of an app in nanoseconds, as in rkt. Absent fields are
 * undefined.
 */
export function podDocument(pod: PodStatus): unknown {
  return {
    name: pod.uuid,
    pod_name: pod.name,
    state: pod.state,
    networks: pod.networks.length === 0 ? undefined : pod.networks,
    app_names: pod.apps.length === 0 ? undefined : pod.apps.map((app) => app.name),
    apps: pod.apps.length === 0 ? undefined : pod.apps.map(appDocument),
    created_at: seconds(pod.createdMs),
    started_at: seconds(pod.startedMs),
    user_annotations: unlessEmpty(pod.userAnnotations),
    user_labels: unlessEmpty(pod.userLabels),
  };
}

/** One app of it. */
export function appDocument(app: AppStatus): unknown {
  return {
    name: app.name,
    state: app.state,
    created_at: nanoseconds(app.createdMs),
    started_at: nanoseconds(app.startedMs),
    finished_at: nanoseconds(app.finishedMs),
    exit_code: app.exitCode,
    image_id: app.imageId,
    mounts: app.mounts.length === 0 ? undefined : app.mounts.map(mountDocument),
    user_annotations: unlessEmpty(app.userAnnotations),
    user_labels: unlessEmpty(app.userLabels),
  };
}

function mountDocument(mount: AppStatus["mounts"][number]): unknown {
  return {
    name: mount.name,
    container_path: mount.containerPath,
    host_path: mount.hostPath,
    read_only: mount.readOnly,
  };
}

function seconds(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : Math.floor(ms / 1000);
}

/** A double holds times of this size to 256 ns. */
function nanoseconds(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : Math.floor(ms * 1e6);
}

function unlessEmpty(
  record: Readonly<Record<string, string>> | undefined,
): Readonly<Record<string, string>> | undefined {
  return record === undefined || Object.keys(record).length === 0 ? undefined : record;
}
