/**
 * Labels that a kubelet may put on its own node, and those that only an administrator may. Pure.
 */

const RESTRICTED = "node-restriction.kubernetes.io";

/** Labels of Kubernetes itself that kubelets have always set. */
const ALLOWED: ReadonlySet<string> = new Set([
  "beta.kubernetes.io/arch",
  "beta.kubernetes.io/instance-type",
  "beta.kubernetes.io/os",
  "failure-domain.beta.kubernetes.io/region",
  "failure-domain.beta.kubernetes.io/zone",
  "failure-domain.kubernetes.io/region",
  "failure-domain.kubernetes.io/zone",
  "kubernetes.io/arch",
  "kubernetes.io/hostname",
  "kubernetes.io/os",
  "node.kubernetes.io/instance-type",
  "topology.kubernetes.io/region",
  "topology.kubernetes.io/zone",
]);

type Labels = Readonly<Record<string, string>>;

/** Labels that differ and that the kubelet may not touch, sorted. */
export function forbiddenLabels(before: Labels, after: Labels): readonly string[] {
  const changed = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(
    (key) => before[key] !== after[key],
  );
  return changed.filter((key) => !mayChange(key)).sort();
}

function mayChange(key: string): boolean {
  const namespace = key.includes("/") ? key.slice(0, key.indexOf("/")) : "";
  const isIn = (domain: string): boolean =>
    namespace === domain || namespace.endsWith(`.${domain}`);
  if (isIn(RESTRICTED)) return false;
  if (!isIn("kubernetes.io") && !isIn("k8s.io")) return true;
  return ALLOWED.has(key) || isIn("kubelet.kubernetes.io") || isIn("node.kubernetes.io");
}
