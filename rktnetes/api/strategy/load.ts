/**
 * The strategy of each kind, loaded when the kind is first used. A new one is a row here, named
 * `<group>/<plural>`, `/pods` for the core group. Kinds without a row do what the registry does.
 */
import type { Kind } from "../kinds/kind.ts";
import type { Strategy } from "./strategy.ts";

const LOADERS: Readonly<Record<string, (kind: Kind) => Promise<Strategy>>> = {
  "/namespaces": async () => (await import("./core/namespace.ts")).NAMESPACE,
  "/pods": async () => (await import("./core/pod.ts")).POD,
  "/limitranges": async () => (await import("./core/limit-range.ts")).LIMIT_RANGE,
  "/nodes": async () => (await import("./core/node.ts")).NODE,
  "/podtemplates": async () => (await import("./core/pod-template.ts")).POD_TEMPLATE,
  "/replicationcontrollers": async () =>
    (await import("./core/replication-controller.ts")).REPLICATION_CONTROLLER,
  "/resourcequotas": async () => (await import("./core/resource-quota.ts")).RESOURCE_QUOTA,
  "/secrets": async () => (await import("./core/secret.ts")).SECRET,
  "/serviceaccounts": async () => (await import("./core/service-account.ts")).SERVICE_ACCOUNT,
  "apps/daemonsets": async () => (await import("./apps/daemon-set.ts")).DAEMON_SET,
  "apps/deployments": async () => (await import("./apps/deployment.ts")).DEPLOYMENT,
  "apps/replicasets": async () => (await import("./apps/replica-set.ts")).REPLICA_SET,
  "apps/statefulsets": async () => (await import("./apps/stateful-set.ts")).STATEFUL_SET,
  "batch/cronjobs": async () => (await import("./batch/cron-job.ts")).CRON_JOB,
  "batch/jobs": async () => (await import("./batch/job.ts")).JOB,
  "scheduling.k8s.io/priorityclasses": async () =>
    (await import("./scheduling/priority-class.ts")).PRIORITY_CLASS,
  "autoscaling/horizontalpodautoscalers": async ({ version }) =>
    (await import("./autoscaling/horizontal-pod-autoscaler.ts")).autoscalerStrategy(version),
};

const NONE: Strategy = {};

/** The strategy of a kind, the same one each time. */
export async function loadStrategy(kind: Kind): Promise<Strategy> {
  return (await LOADERS[`${kind.group}/${kind.resource}`]?.(kind)) ?? NONE;
}
