/**
 * An old and a current kubectl on pods that have a node, though nothing runs them: draining it,
 * budgets of disruptions, events, and streams, which are refused because nobody answers for the
 * node.
 */
import { beforeAll, test } from "bun:test";
import { type Kubectl, kubectlOf, type KubectlSuite } from "../fixtures/kubectl.ts";
import {
  describeSuites,
  FAILS,
  type Row,
  runInNamespace,
  runRows,
} from "../fixtures/kubectl-rows.ts";
import { testedApiServer } from "../fixtures/tested-api-server.ts";

const api = testedApiServer("kubectl-nodes");

/** Old clients insist on every field. */
const NODE_INFO = {
  architecture: "amd64",
  bootID: "b",
  containerRuntimeVersion: "rkt://1",
  kubeProxyVersion: "",
  machineID: "m",
  operatingSystem: "linux",
  systemUUID: "s",
};

function nodeOf(name: string): string {
  const status = {
    capacity: { cpu: "2", memory: "1Gi", pods: "110" },
    allocatable: { cpu: "2", memory: "1Gi", pods: "110" },
    addresses: [{ type: "InternalIP", address: "192.0.2.9" }],
    nodeInfo: { ...NODE_INFO, kubeletVersion: "v1.36.0", osImage: "an OS", kernelVersion: "6.1" },
    conditions: [{ type: "Ready", status: "True", reason: "KubeletReady", message: "it is" }],
  };
  return JSON.stringify({ apiVersion: "v1", kind: "Node", metadata: { name }, status });
}

function podOf(name: string, node: string): object {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, labels: { app: name } },
    spec: {
      nodeName: node,
      terminationGracePeriodSeconds: 0,
      containers: [{ name: "c", image: "img" }],
    },
  };
}

/** What a kubelet would say of a pod that runs. */
function running(name: string, node: string): string {
  const state = { running: { startedAt: "2026-01-01T00:00:00Z" } };
  const container = { name: "c", ready: true, restartCount: 2, image: "img", imageID: "", state };
  const conditions = [{ type: "Ready", status: "True" }];
  const status = { phase: "Running", conditions, containerStatuses: [container] };
  return JSON.stringify({ ...podOf(name, node), status });
}

function suiteTests(suite: KubectlSuite): void {
  const isOld = suite === "bookworm";
  const node = `n1-${suite}`;
  let kubectl: Kubectl;

  beforeAll(() => {
    kubectl = kubectlOf(suite, api.server.kubeconfig, api.directory);
  });

  const statusPath = (namespace: string, pod: string): string =>
    `/api/v1/namespaces/${namespace}-${suite}/pods/${pod}/status`;
  const runs = (namespace: string, pod: string): Row => [
    `replace --raw ${statusPath(namespace, pod)} -f -`,
    /"phase":"Running"/,
    { input: running(pod, node) },
  ];
  const pods = (...names: readonly string[]): string => {
    const items = names.map((name) => podOf(name, node));
    return JSON.stringify({ apiVersion: "v1", kind: "List", items });
  };

  test("marks, taints and shows nodes", async () => {
    await runInNamespace(kubectl, `nodes-${suite}`, [
      ["cordon none", /nodes "none" not found/, FAILS],
      ["create -f -", /created/, { input: nodeOf(node) }],
      [`taint node ${node} node.kubernetes.io/not-ready-`, /untainted/],
      [`get node ${node}`, /^NAME .*\n\S+ +Ready +<none> +\d+s +v1\.36\.0\n$/],
      [`get node ${node} -o wide`, / 192\.0\.2\.9 +<none> +an OS +6\.1/],
      [`taint node ${node} k=v:NoSchedule`, /tainted/],
      [`taint node ${node} k=v:NoSchedule`, /already has k taint/, FAILS],
      [`taint node ${node} k=v:Bogus`, /invalid taint effect/, FAILS],
      [`describe node ${node}`, /^Taints: +k=v:NoSchedule$/m],
      [`taint node ${node} k-`, /untainted/],
      [`cordon ${node}`, /node\/\S+ cordoned/],
      [`cordon ${node}`, /already cordoned/],
      [`get node ${node}`, / Ready,SchedulingDisabled /],
      [`uncordon ${node}`, /uncordoned/],
      [`label node ${node} node-role.kubernetes.io/worker=`, /labeled/],
      [`get node ${node}`, / Ready +worker +/],
      ["apply -f -", /created/, { input: pods("a") }],
      [`describe node ${node}`, /^Unschedulable: +false$[^]*^ +nodes-\w+ +a +0 \(0%\)/m],
      ["delete pod a", /pod "a" deleted/],
    ]);
  });

  test("drains a node as far as the budgets of disruptions allow", async () => {
    const path = `/apis/policy/v1/namespaces/drain-${suite}/poddisruptionbudgets`;
    const budget = (status: object | undefined, resourceVersion?: string): string =>
      JSON.stringify({
        apiVersion: "policy/v1",
        kind: "PodDisruptionBudget",
        metadata: { name: "pdb", resourceVersion },
        spec: { minAvailable: 1, selector: { matchLabels: { app: "a" } } },
        status,
      });
    const counts = { observedGeneration: 1, currentHealthy: 1, desiredHealthy: 1, expectedPods: 1 };
    const evict = `create --raw /api/v1/namespaces/drain-${suite}/pods/a/eviction -f -`;
    const input = '{"apiVersion":"policy/v1","kind":"Eviction","metadata":{"name":"a"}}';
    const refused = /Cannot evict pod as it would violate the pod's disruption budget/;
    const drain = `drain ${node} --force --pod-selector=app`;
    const version = "get pdb pdb -o jsonpath={.metadata.resourceVersion}";
    const namespace = `drain-${suite}`;
    await runRows(kubectl, namespace, [
      [`create namespace ${namespace}`, /created/],
      ["apply -f -", /pod\/a created\npod\/b created/, { input: pods("a", "b") }],
      runs("drain", "a"),
      ["get pods", /^NAME .*\na +1\/1 +Running +2 .*\nb +0\/1 +Pending +0 /],
      [`create --raw ${path} -f -`, /"minAvailable":1/, { input: budget(undefined) }],
      [`drain ${node}`, /declare no controller|not managed by/, FAILS],
      [evict, refused, { input, ...FAILS }], // nobody has counted yet
      [`replace --raw ${path}/pdb -f -`, /must be specified/, { input: budget({}), ...FAILS }],
    ]);
    const found = await kubectl(["--namespace", namespace, ...version.split(" ")]);
    const none = budget({ ...counts, disruptionsAllowed: 0 }, found.stdout);
    const one = budget(
      { ...counts, currentHealthy: 2, expectedPods: 2, disruptionsAllowed: 1 },
      "0",
    );
    await runRows(kubectl, namespace, [
      [`replace --raw ${path}/pdb/status -f -`, /"currentHealthy":1/, { input: none }],
      // Either waits five seconds before it tries again: once is enough.
      isOld ? [evict, refused, { input, ...FAILS }] : [`${drain} --timeout=1s`, refused, FAILS],
      ["delete pod b --ignore-not-found", /^(pod "b" deleted.*\n)?$/], // no budget speaks of it
      ["get pods -o name", /^pod\/a\n$/],
    ]);
    const again = await kubectl(["--namespace", namespace, ...version.split(" ")]);
    await runRows(kubectl, namespace, [
      [
        `replace --raw ${path}/pdb/status -f -`,
        /"disruptionsAllowed":1/,
        { input: one.replace('"0"', `"${again.stdout}"`) },
      ],
      [`${drain} --timeout=20s`, /pod\/a evicted[^]*node\/\S+ (drained|evicted)/],
      ["get pods", /No resources found/],
      ["get pdb", /^NAME .*\npdb +1 +N\/A +0 /],
      [`uncordon ${node}`, /uncordoned/],
      [`delete namespace ${namespace} --wait=false`, /deleted/],
    ]);
  });

  test("is refused streams of what runs where nobody answers", async () => {
    const gone = new RegExp(`no agent of node "${node}" is connected`);
    const service = "create service clusterip web --tcp=80";
    const path = `/api/v1/namespaces/streams-${suite}`;
    await runInNamespace(kubectl, `streams-${suite}`, [
      ["run later --image=img", /created/],
      ["logs later", /^$/], // it has not run yet
      ["exec later -- ls", /does not have a host assigned/, FAILS],
      ["port-forward later :80", /pod is not running/, FAILS],
      ["apply -f -", /created/, { input: pods("a") }],
      runs("streams", "a"),
      ["logs none", /pods "none" not found/, FAILS],
      ["logs a", gone, FAILS],
      ["logs a -c nope", /container nope is not valid for pod a/, FAILS],
      ["logs a --previous --tail=1", gone, FAILS],
      ["exec a -- ls", gone, FAILS],
      ["exec a -c nope -- ls", /container not found|container nope is not valid|nope/, FAILS],
      ["attach a", gone, FAILS],
      ["port-forward a :80", gone, FAILS],
      ["cp a:/etc/passwd /dev/null", gone, FAILS],
      [`get --raw ${path}/pods/a/proxy/`, /address not allowed/, FAILS],
      [`get --raw /api/v1/nodes/${node}/proxy/healthz`, gone, FAILS],
      [service, /created/],
      [`get --raw ${path}/services/web/proxy/`, /services "web" not found/, FAILS],
      ["top pods", /Metrics API not available/, FAILS],
    ]);
  });

  test("debugs pods and nodes, and reads their events", async () => {
    const namespace = `debug-${suite}`;
    await runRows(kubectl, namespace, [
      [`create namespace ${namespace}`, /created/],
      ["apply -f -", /created/, { input: pods("a") }],
    ]);
    const own = ["--namespace", namespace];
    const found = await kubectl([...own, "get", "pod", "a", "-o=jsonpath={.metadata.uid}"]);
    const input = JSON.stringify({
      apiVersion: "v1",
      kind: "Event",
      metadata: { name: "a.1" },
      involvedObject: { apiVersion: "v1", kind: "Pod", name: "a", namespace, uid: found.stdout },
      type: "Warning",
      reason: "Unhappy",
      message: "it is not well",
      source: { component: "kubelet" },
      count: 3,
      firstTimestamp: "2026-01-01T00:00:00Z",
      lastTimestamp: "2026-01-01T00:01:00Z",
    });
    const isDebugged = "get pod a -o jsonpath={.spec.ephemeralContainers[*].image}";
    await runRows(kubectl, namespace, [
      ["create -f -", /created/, { input }],
      [
        "get events",
        /^LAST SEEN +TYPE +REASON +OBJECT +MESSAGE\n\S+ +Warning +Unhappy +pod\/a +it is/,
      ],
      ["get events --field-selector=type=Normal", /No resources found/],
      ["describe pod a", /Warning +Unhappy +.*\(x3 over .*\) +kubelet +it is not well/],
      [`debug node/${node} --image=busybox --attach=false`, /Creating debugging pod node-debugger/],
      [`get pods --field-selector=spec.nodeName=${node} -o name`, /pod\/a\npod\/node-debugger-/],
      ...(isOld
        ? []
        : ([
            ["debug a --image=busybox --attach=false", /Defaulting debug container name/],
            [isDebugged, /^busybox$/],
            ["events --for=pod/a", /Unhappy/],
          ] as const)),
      ["delete pods --all --force --grace-period=0", /force deleted/],
      [`delete namespace ${namespace} --wait=false`, /deleted/],
    ]);
  });
}

describeSuites(suiteTests);
