/**
 * The node of recorded transcripts, as its kubelet and the controllers have made it. Out: the Node
 * and its Lease.
 */

const NAME = "hollow-0";

export function hollowNode(): readonly object[] {
  const now = new Date().toISOString();
  return [node(now), lease(now)];
}

function node(now: string): object {
  const time = now.replace(/\.\d+/, "");
  const capacity = { cpu: "1", "ephemeral-storage": "0", memory: "3840Mi", pods: "110" };
  const condition = ([type, status, reason, message]: readonly string[]): object => {
    return { type, status, reason, message, lastHeartbeatTime: time, lastTransitionTime: time };
  };
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name: NAME, labels: LABELS, annotations: { "node.alpha.kubernetes.io/ttl": "0" } },
    spec: {
      podCIDR: "10.244.0.0/24",
      podCIDRs: ["10.244.0.0/24"],
      providerID: `kubemark://${NAME}`,
    },
    status: {
      capacity,
      allocatable: capacity,
      conditions: CONDITIONS.map(condition),
      addresses: [
        { type: "InternalIP", address: "192.0.2.2" },
        { type: "Hostname", address: NAME },
      ],
      nodeInfo: INFO,
    },
  };
}

const LABELS = {
  "beta.kubernetes.io/arch": "amd64",
  "beta.kubernetes.io/os": "linux",
  "kubernetes.io/arch": "amd64",
  "kubernetes.io/hostname": NAME,
  "kubernetes.io/os": "linux",
} as const;

const CONDITIONS: readonly (readonly string[])[] = [
  [
    "MemoryPressure",
    "False",
    "KubeletHasSufficientMemory",
    "kubelet has sufficient memory available",
  ],
  ["DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"],
  ["PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"],
  ["Ready", "True", "KubeletReady", "kubelet is posting ready status"],
];

const INFO = {
  machineID: "",
  systemUUID: "",
  bootID: "",
  kernelVersion: "3.16.0-0.bpo.4-amd64",
  osImage: "Debian GNU/Linux 7 (wheezy)",
  operatingSystem: "linux",
  architecture: "amd64",
  containerRuntimeVersion: "fakeRuntime://0.1.0",
  kubeletVersion: "v1.36.2",
  kubeProxyVersion: "",
} as const;

function lease(now: string): object {
  return {
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata: { name: NAME, namespace: "kube-node-lease" },
    spec: { holderIdentity: NAME, leaseDurationSeconds: 40, renewTime: now.replace("Z", "000Z") },
  };
}
