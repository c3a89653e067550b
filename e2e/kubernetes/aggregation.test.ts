/**
 * Servers behind the API server: a metrics server that lets in nobody but the front proxy, and a
 * second `rktnetes server` that answers for a group, as both kubectls see them.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { connect } from "node:tls";
import { type ApiServer, startApiServer } from "../fixtures/api-server.ts";
import { createAuthority } from "../fixtures/authority.ts";
import {
  type Kubectl,
  KUBECTL_SUITES,
  kubectlOf,
  lacksKubectl,
  says as saysOf,
  prints,
} from "../fixtures/kubectl.ts";
import {
  type AuthenticationMap,
  type MetricsServer,
  startMetricsServer,
} from "../fixtures/metrics-server.ts";
import { must } from "../fixtures/process.ts";
import { temporaryDirectory } from "../fixtures/temporary-directory.ts";

const directory = temporaryDirectory("aggregation");
const SUITE = "testing";
const METRICS = "v1beta1.metrics.k8s.io";

let server: ApiServer;
let metrics: MetricsServer;
let kubectl: Kubectl;

beforeAll(async () => {
  await must([process.execPath, "run", join(import.meta.dir, "../../tools/build/build.ts")]);
  server = await startApiServer(directory.path);
  kubectl = kubectlOf(SUITE, server.kubeconfig, directory.path);
  if (lacksKubectl(SUITE) !== undefined) return;
  const map = ["get", "configmap", "-n=kube-system", "extension-apiserver-authentication"];
  const trusts = JSON.parse(await says(...map, "-o=jsonpath={.data}")) as AuthenticationMap;
  const authority = await createAuthority(directory.path);
  const keys = await authority.certify(["metrics.kube-system.svc"]);
  metrics = await startMetricsServer(keys, trusts);
  await apply(externalName("metrics", "kube-system"));
  await apply({
    apiVersion: "apiregistration.k8s.io/v1",
    kind: "APIService",
    metadata: { name: METRICS },
    spec: {
      ...{ group: "metrics.k8s.io", version: "v1beta1" },
      ...{ groupPriorityMinimum: 100, versionPriority: 100 },
      service: { name: "metrics", namespace: "kube-system", port: metrics.port },
      caBundle: readFileSync(authority.file).toString("base64"),
    },
  });
  await says("wait", "--for=condition=Available", `apiservice/${METRICS}`, "--timeout=30s");
});

afterAll(async () => {
  await metrics?.[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
  directory[Symbol.dispose]();
});

const says = (...words: string[]): Promise<string> => prints(kubectl, words);

async function apply(object: object): Promise<void> {
  await saysOf(kubectl, ["apply", "-f", "-"], { input: JSON.stringify(object) });
}

/** A service that stands for this machine. */
function externalName(name: string, namespace: string): object {
  const spec = { type: "ExternalName", externalName: "localhost" };
  return { apiVersion: "v1", kind: "Service", metadata: { name, namespace }, spec };
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 150; tries++) {
    if (await holds()) return;
    await Bun.sleep(100);
  }
  throw new Error(`in vain: ${what}`);
}

function condition(name: string, field: string): Promise<string> {
  const path = `{.status.conditions[?(@.type=="Available")].${field}}`;
  return says("get", "apiservice", name, `-o=jsonpath=${path}`);
}

const needsKubectl = test.skipIf(lacksKubectl(SUITE) !== undefined);

for (const suite of KUBECTL_SUITES) {
  test.skipIf(lacksKubectl(suite) !== undefined || lacksKubectl(SUITE) !== undefined)(
    `kubectl top of Debian ${suite} shows what the metrics server knows`,
    async () => {
      const node = { apiVersion: "v1", kind: "Node", metadata: { name: "worker" } };
      await apply({ ...node, status: { capacity: { cpu: "1", memory: "1Gi" } } });
      const status = { allocatable: { cpu: "1", memory: "1Gi" } };
      const patch = ["patch", "node", "worker", "--subresource=status", "--type=merge", "-p"];
      await says(...patch, JSON.stringify({ status }));
      const other = kubectlOf(suite, server.kubeconfig, directory.path);
      const nodes = await other(["top", "nodes"]);
      expect(nodes.stderr).toBe("");
      expect(nodes.stdout).toMatch(/worker +250m +25% +512Mi +50%/);
      const pods = await other(["top", "pods"]);
      expect(pods.stdout).toMatch(/web +250m +512Mi/);
    },
  );
}

needsKubectl("the backend hears who asks, and no credentials", async () => {
  const path = "/apis/metrics.k8s.io/v1beta1/nodes?labelSelector=a%3Db";
  await says("get", "--raw", path, "--as=jane", "--as-group=auditors", "--as-group=system:masters");
  const last = metrics.seen.at(-1);
  expect(last?.path).toBe(path);
  expect(last?.user).toBe("jane");
  expect(last?.groups).toEqual(["auditors", "system:masters", "system:authenticated"]);
  expect(last?.authorization).toBeUndefined();
});

needsKubectl("who may not is told so before the backend is asked", async () => {
  const before = metrics.seen.filter(({ user }) => user === "jane").length;
  const { status, stderr } = await kubectl(["get", "nodes.metrics.k8s.io", "--as=jane"]);
  expect(status).toBe(1);
  expect(stderr).toContain('nodes.metrics.k8s.io is forbidden: User "jane" cannot list resource');
  expect(metrics.seen.filter(({ user }) => user === "jane").length).toBe(before);
});

needsKubectl("a watch of the backend streams", async () => {
  const watch = await says("get", "--raw", "/apis/metrics.k8s.io/v1beta1/nodes?watch=true");
  const events = watch.trimEnd().split("\n");
  expect(events.map((line) => JSON.parse(line).object.metadata.name)).toEqual(["first", "second"]);
});

needsKubectl("its kinds are part of discovery and of the index", async () => {
  expect(await says("api-resources", "--api-group=metrics.k8s.io")).toMatch(/pods .*PodMetrics/);
  expect(await says("api-versions")).toContain("metrics.k8s.io/v1beta1");
  expect(await says("get", "--raw", "/")).toContain('"/apis/metrics.k8s.io/v1beta1"');
});

function pem(name: string): string {
  const config = readFileSync(server.kubeconfig, "utf8");
  const found = new RegExp(`${name}-data: (\\S+)`).exec(config)?.[1] ?? "";
  return Buffer.from(found, "base64").toString();
}

needsKubectl("a connection that becomes another protocol goes through", async () => {
  const { port } = new URL(server.url);
  const keys = { key: pem("client-key"), cert: pem("client-certificate") };
  const socket = connect({ host: "127.0.0.1", port: Number(port), ca: pem("authority"), ...keys });
  const said = new Promise<string>((resolve, reject) => {
    let text = "";
    socket.on("error", reject);
    socket.on("data", (part: Buffer) => {
      text += part.toString();
      if (text.endsWith("\r\n\r\n")) socket.write("there and back");
      if (text.endsWith("there and back")) resolve(text);
    });
  });
  const head = ["GET /apis/metrics.k8s.io/v1beta1/echo HTTP/1.1", "Host: cluster"];
  socket.write(`${[...head, "Connection: Upgrade", "Upgrade: SPDY/3.1"].join("\r\n")}\r\n\r\n`);
  expect(await said).toStartWith("HTTP/1.1 101 Switching Protocols\r\n");
  socket.destroy();
});

needsKubectl("what becomes no other protocol here is answered all the same", async () => {
  const keys = { key: pem("client-key"), cert: pem("client-certificate"), ca: pem("authority") };
  const response = await fetch(`${server.url}/api/v1/namespaces/default/pods/none/exec`, {
    headers: { connection: "Upgrade", upgrade: "websocket" },
    tls: keys,
  });
  expect(response.status).toBe(404);
  expect(await response.json()).toMatchObject({ message: 'pods "none" not found' });
});

const CASES: readonly [reason: string, message: string, object: object | undefined][] = [
  ["ServiceNotFound", 'service/absent in "default" is not present', undefined],
  [
    "ServicePortError",
    'service/absent in "default" is not listening on port 443',
    { clusterIP: "10.96.0.77", ports: [{ port: 80 }] },
  ],
  [
    "EndpointsNotFound",
    'cannot find endpointslices for service/absent in "default"',
    { clusterIP: "10.96.0.77", ports: [{ port: 443 }] },
  ],
];

needsKubectl("why a backend cannot be asked stands in its condition", async () => {
  const name = "v1.absent.example.com";
  await apply({
    apiVersion: "apiregistration.k8s.io/v1",
    kind: "APIService",
    metadata: { name },
    spec: {
      ...{ group: "absent.example.com", version: "v1", insecureSkipTLSVerify: true },
      ...{ groupPriorityMinimum: 100, versionPriority: 100 },
      service: { name: "absent", namespace: "default" },
    },
  });
  for (const [reason, message, spec] of CASES) {
    const metadata = { name: "absent", namespace: "default" };
    if (spec !== undefined) await apply({ apiVersion: "v1", kind: "Service", metadata, spec });
    await until(reason, async () => (await condition(name, "reason")) === reason);
    expect(await condition(name, "message")).toBe(message);
  }
  const { status, stderr } = await kubectl(["get", "--raw", "/apis/absent.example.com/v1/things"]);
  expect(status).toBe(1);
  expect(stderr).toContain("the server is currently unable to handle the request");
  expect(await says("get", "--raw", "/apis")).toContain('"absent.example.com"');
  await says("create", "namespace", "held");
  await says("delete", "namespace", "held", "--wait=false");
  const path = '{.status.conditions[?(@.type=="NamespaceDeletionDiscoveryFailure")].message}';
  const why = "absent.example.com/v1: stale GroupVersion discovery: absent.example.com/v1";
  await until("a namespace waits for the backend", async () => {
    return (await says("get", "namespace", "held", `-o=jsonpath=${path}`)).endsWith(why);
  });
  await says("delete", "apiservice", name);
  expect(await says("get", "--raw", "/apis")).not.toContain('"absent.example.com"');
  await says("wait", "--for=delete", "namespace/held", "--timeout=30s");
});

needsKubectl("a group that a custom kind brings has an APIService while it is there", async () => {
  const names = { plural: "boats", singular: "boat", kind: "Boat", listKind: "BoatList" };
  const schema = { openAPIV3Schema: { type: "object" } };
  await apply({
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: "boats.sea.example.com" },
    spec: {
      ...{ group: "sea.example.com", scope: "Cluster", names },
      versions: [{ name: "v1", served: true, storage: true, schema }],
    },
  });
  const there = async (): Promise<boolean> =>
    (await kubectl(["get", "apiservice", "v1.sea.example.com"])).status === 0;
  await until("its APIService comes", there);
  await until("it is available", async () => {
    return (await condition("v1.sea.example.com", "reason")) === "Local";
  });
  await says("delete", "apiservice", "v1.sea.example.com");
  await until("its APIService comes back", there);
  await says("delete", "crd", "boats.sea.example.com");
  await until("its APIService goes", async () => !(await there()));
});

needsKubectl("a second server answers for a group", async () => {
  const below = temporaryDirectory("aggregated");
  const authority = join(directory.path, "data/pki/front-proxy-ca.crt");
  const flags = [
    `--requestheader-client-ca-file=${authority}`,
    "--requestheader-allowed-names=front-proxy-client",
  ];
  const second = await startApiServer(below.path, flags);
  try {
    const behind = kubectlOf(SUITE, second.kubeconfig, below.path);
    const names = { plural: "wagons", singular: "wagon", kind: "Wagon", listKind: "WagonList" };
    const size = { type: "integer", minimum: 1 };
    const schema = { openAPIV3Schema: { type: "object", properties: { size } } };
    const definition = {
      apiVersion: "apiextensions.k8s.io/v1",
      kind: "CustomResourceDefinition",
      metadata: { name: "wagons.rail.example.com" },
      spec: {
        ...{ group: "rail.example.com", scope: "Cluster", names },
        versions: [{ name: "v1", served: true, storage: true, schema }],
      },
    };
    await behind(["create", "-f", "-"], { input: JSON.stringify(definition) });
    await apply(externalName("rail", "default"));
    await apply({
      apiVersion: "apiregistration.k8s.io/v1",
      kind: "APIService",
      metadata: { name: "v1.rail.example.com" },
      spec: {
        ...{ group: "rail.example.com", version: "v1", insecureSkipTLSVerify: true },
        ...{ groupPriorityMinimum: 2000, versionPriority: 10 },
        service: { name: "rail", namespace: "default", port: Number(new URL(second.url).port) },
      },
    });
    await says("wait", "--for=condition=Available", "apiservice/v1.rail.example.com");
    const wagon = { apiVersion: "rail.example.com/v1", kind: "Wagon", metadata: { name: "first" } };
    await apply({ ...wagon, size: 2 });
    expect((await behind(["get", "wagons", "-o=name"])).stdout).toBe(
      "wagon.rail.example.com/first\n",
    );
    const refused = await kubectl(["patch", "wagon", "first", "--type=merge", '-p={"size":0}']);
    expect(refused.stderr).toContain("should be greater than or equal to 1");
    expect(await says("explain", "wagons.size")).toContain("<integer>");
    await second[Symbol.asyncDispose]();
    const { stderr } = await kubectl(["get", "wagons"]);
    expect(stderr).toContain("the server is currently unable to handle the request");
  } finally {
    await second[Symbol.asyncDispose]();
    below[Symbol.dispose]();
  }
});
