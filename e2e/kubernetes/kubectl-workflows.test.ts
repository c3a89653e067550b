/**
 * An old and a current kubectl in what takes several requests and programs: rolling out and back,
 * waiting, certificates, roles, requests through `kubectl proxy`, and what a node may do. What a
 * controller would write, the test writes.
 */
import { beforeAll, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Kubectl, kubectlOf, kubectlProgram, type KubectlSuite } from "../fixtures/kubectl.ts";
import {
  describeSuites,
  FAILS,
  type Row,
  runInNamespace,
  runRows,
} from "../fixtures/kubectl-rows.ts";
import { must, startServer } from "../fixtures/process.ts";
import { testedApiServer } from "../fixtures/tested-api-server.ts";

const api = testedApiServer("kubectl-workflows");

function templateOf(image: string): object {
  const containers = [{ name: "c", image }];
  return { metadata: { labels: { app: "web", "pod-template-hash": image } }, spec: { containers } };
}

/** What the controller of deployments would have made for one revision. */
function replicaSetOf(uid: string, revision: number, image: string): object {
  const owner = { apiVersion: "apps/v1", kind: "Deployment", name: "web", uid, controller: true };
  const labels = { app: "web", "pod-template-hash": image };
  return {
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    metadata: {
      name: `web-${revision}`,
      labels,
      annotations: { "deployment.kubernetes.io/revision": String(revision) },
      ownerReferences: [owner],
    },
    spec: { replicas: 0, selector: { matchLabels: labels }, template: templateOf(image) },
  };
}

function signingRequest(name: string, key: string): Promise<string> {
  const subject = `/CN=${name}/O=devs`;
  const make = ["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
  return must([...make, "-nodes", "-keyout", key, "-subj", subject]);
}

function suiteTests(suite: KubectlSuite): void {
  const isOld = suite === "bookworm";
  let kubectl: Kubectl;

  beforeAll(() => {
    kubectl = kubectlOf(suite, api.server.kubeconfig, api.directory);
  });

  const show = async (namespace: string, command: string): Promise<string> => {
    const { stdout } = await kubectl(["--namespace", namespace, ...command.split(" ")]);
    return stdout;
  };

  test("rolls deployments out and back", async () => {
    const namespace = `rollout-${suite}`;
    const path = `/apis/apps/v1/namespaces/${namespace}/deployments/web/status`;
    await runRows(kubectl, namespace, [
      [`create namespace ${namespace}`, /created/],
      ["create deployment web --image=one", /created/],
      ["set image deploy/web one=two", /image updated/],
    ]);
    const uid = await show(namespace, "get deploy web -o jsonpath={.metadata.uid}");
    const revisions = ["one", "two"].map((image, at) => replicaSetOf(uid, at + 1, image));
    const sets = JSON.stringify({ apiVersion: "v1", kind: "List", items: revisions });
    const deployment = await show(namespace, "get deploy web -o json");
    const counts = { replicas: 1, updatedReplicas: 1, readyReplicas: 1, availableReplicas: 1 };
    const conditions = [{ type: "Available", status: "True" }];
    const status = { ...counts, observedGeneration: 2, conditions };
    const done = JSON.stringify({ ...(JSON.parse(deployment) as object), status });
    await runRows(kubectl, namespace, [
      ["apply -f -", /web-1 created\n[^]*web-2 created/, { input: sets }],
      ["rollout status deploy/web --timeout=1s", /Waiting for deployment|timed out/, FAILS],
      ["wait deploy/web --for=condition=Available --timeout=1s", /timed out/, FAILS],
      [`replace --raw ${path} -f -`, /"readyReplicas":1/, { input: done }],
      ["rollout status deploy/web --timeout=5s", /successfully rolled out/],
      ["wait deploy/web --for=condition=Available --timeout=5s", /condition met/],
      ["get deploy web", /^NAME .*\nweb +1\/1 +1 +1 +/],
      ["rollout history deploy/web", /REVISION +CHANGE-CAUSE\n1 +<none>\n2 +<none>/],
      ["rollout history deploy/web --revision=2", /revision #2[^]*Image:\s+two/],
      ["rollout history deploy/web --revision=9", /unable to find/, FAILS],
      ["describe deploy web", /^OldReplicaSets: /m],
      ["rollout undo deploy/web --to-revision=1", /rolled back/],
      ["get deploy web -o jsonpath={.spec.template.spec.containers[0].image}", /^one$/],
      ["rollout undo deploy/web --to-revision=9", /unable to find specified revision 9/, FAILS],
      ["rollout pause deploy/web", /paused/],
      ["rollout undo deploy/web", /paused/, FAILS],
      ["rollout resume deploy/web", /resumed/],
      ["rollout restart deploy/web", /restarted/],
      ["get rs", /^NAME +DESIRED +CURRENT +READY +AGE\nweb-1 +0 +0 +0 /],
      [`delete namespace ${namespace} --timeout=20s`, /deleted/],
      [`get namespace ${namespace}`, /not found/, FAILS],
    ]);
  });

  test("approves and denies certificates", async () => {
    const requested = async (name: string): Promise<string> => {
      const pem = await signingRequest("jane", join(api.directory, `${name}.key`));
      return JSON.stringify({
        apiVersion: "certificates.k8s.io/v1",
        kind: "CertificateSigningRequest",
        metadata: { name },
        spec: {
          request: Buffer.from(pem).toString("base64"),
          signerName: "kubernetes.io/kube-apiserver-client",
          usages: ["client auth"],
        },
      });
    };
    const [yes, no] = [`yes-${suite}`, `no-${suite}`];
    const approve = (name: string): Row => [`certificate approve ${name}`, /approved/];
    await runInNamespace(kubectl, `certificates-${suite}`, [
      ["create -f -", /created/, { input: await requested(yes) }],
      ["create -f -", /created/, { input: await requested(no) }],
      [`get csr ${yes}`, / kubernetes\.io\/kube-apiserver-client +kubernetes-admin +.*Pending\n$/],
      // The old one speaks of a version that is gone.
      ...(isOld
        ? []
        : ([
            approve(yes),
            [`certificate deny ${no}`, /denied/],
            [`get csr ${yes}`, / Approved(,Issued)?\n$/],
            [`get csr ${no}`, / Denied\n$/],
            [`describe csr ${yes}`, /^ +Common Name: +jane$/m],
            [`certificate approve ${no}`, /not be both approved and denied|Denied|denied/, FAILS],
          ] as const)),
      ["certificate approve none", /"none" not found|no matches for|could not find/, FAILS],
      [`delete csr ${yes} ${no}`, /deleted/],
    ]);
  });

  test("reconciles roles, lists what is allowed, and acts for others", async () => {
    const name = `reader-${suite}`;
    const role = {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRole",
      metadata: { name },
      rules: [{ apiGroups: [""], resources: ["pods"], verbs: ["get", "list"] }],
    };
    const as = `--as=system:serviceaccount:roles-${suite}:bot`;
    await runInNamespace(kubectl, `roles-${suite}`, [
      ["auth reconcile -f -", /reconciled/, { input: JSON.stringify(role) }],
      [`describe clusterrole ${name}`, /^ +pods +\[\] +\[\] +\[get list\]$/m],
      ["create serviceaccount bot", /created/],
      [`auth can-i list pods ${as}`, /^no/m, FAILS],
      [`create rolebinding r --clusterrole=${name} --serviceaccount=roles-${suite}:bot`, /created/],
      [`auth can-i list pods ${as}`, /^yes$/m],
      [`auth can-i --list ${as}`, /^pods +\[\] +\[\] +\[get list\]$/m],
      [`auth can-i get pods --subresource=log ${as}`, /^no/m, FAILS],
      [`get pods ${as}`, /No resources found/],
      [`delete pods --all ${as}`, /cannot deletecollection|cannot delete|No resources/],
      [`run p --image=x ${as}`, /cannot create resource "pods"/, FAILS],
      [`create -f - ${as}`, /attempting to grant|cannot create/, { input: grant(), ...FAILS }],
      [`delete clusterrole ${name}`, /deleted/],
    ]);
  });

  test("lets a node evict what runs on it, and nothing else", async () => {
    const namespace = `evict-${suite}`;
    const pod = (name: string, nodeName: string): object => ({
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name },
      spec: {
        nodeName,
        terminationGracePeriodSeconds: 0,
        containers: [{ name: "c", image: "x" }],
      },
    });
    const items = [pod("mine", "n1"), pod("other", "n2")];
    const evict = (name: string): string =>
      `create --raw /api/v1/namespaces/${namespace}/pods/${name}/eviction -f -` +
      " --as=system:node:n1 --as-group=system:nodes";
    const eviction = (name: string): string =>
      JSON.stringify({ apiVersion: "policy/v1", kind: "Eviction", metadata: { name } });
    const refused = /node "n1" can only evict pods with spec.nodeName set to itself/;
    await runInNamespace(kubectl, namespace, [
      [
        "create -f -",
        /created/,
        { input: JSON.stringify({ apiVersion: "v1", kind: "List", items }) },
      ],
      [evict("other"), refused, { input: eviction("other"), ...FAILS }],
      [evict("mine"), /"status":"Success"/, { input: eviction("mine") }],
      ["get pods -o name", /^pod\/other\n$/],
      [evict("none"), /not found/, { input: eviction("none"), ...FAILS }],
    ]);
  });

  test("is judged by policies about scales and evictions", async () => {
    const namespace = `policies-${suite}`;
    const policy = `limits-${suite}`;
    const evict = `create --raw /api/v1/namespaces/${namespace}/pods/p/eviction -f -`;
    const eviction = '{"apiVersion":"policy/v1","kind":"Eviction","metadata":{"name":"p"}}';
    const input = JSON.stringify({
      apiVersion: "v1",
      kind: "List",
      items: policyOf(policy, namespace),
    });
    await runInNamespace(kubectl, namespace, [
      ["create deployment web --image=x", /created/],
      ["run p --image=x", /created/],
      ["create -f -", /created/, { input }],
      ["scale deploy/web --replicas=9", /denied request: no more than 5/, FAILS],
      ["scale deploy/web --replicas=5", /scaled/],
      [evict, /denied request: nothing is evicted/, { input: eviction, ...FAILS }],
      [`delete validatingadmissionpolicy ${policy}`, /deleted/],
      [`delete validatingadmissionpolicybinding ${policy}`, /deleted/],
      [evict, /"status":"Success"/, { input: eviction }],
    ]);
  });

  test("passes requests on for others", async () => {
    const config = `--kubeconfig=${api.server.kubeconfig}`;
    const inHome = ["env", `HOME=${api.directory}`, kubectlProgram(suite), config];
    await using proxy = await startServer(
      [...inHome, "proxy", "--port=0"],
      /Starting to serve on (127\.0\.0\.1:\d+)/,
    );
    const address = `http://${proxy.match[1] ?? ""}`;
    const list = await fetch(`${address}/api/v1/namespaces?limit=1`);
    expect(list.status).toBe(200);
    expect(await list.json()).toMatchObject({ kind: "NamespaceList", apiVersion: "v1" });
    const watch = await fetch(`${address}/api/v1/namespaces?watch=1&timeoutSeconds=1`);
    const [first = ""] = (await watch.text()).split("\n");
    expect(JSON.parse(first)).toMatchObject({ type: "ADDED", object: { kind: "Namespace" } });
  });

  test("sends files, directories and kustomizations", async () => {
    const base = join(api.directory, suite);
    await must(["mkdir", "-p", base]);
    for (const name of ["one", "two"]) {
      const metadata = { name, labels: { set: "files" } };
      const map = { apiVersion: "v1", kind: "ConfigMap", metadata, data: { a: "1" } };
      writeFileSync(join(base, `${name}.json`), JSON.stringify(map));
    }
    const kustomization = "resources: [one.json]\nnamePrefix: kust-\ncommonLabels: {by: kust}\n";
    writeFileSync(join(base, "kustomization.yaml"), kustomization);
    const prune = `--prune-${isOld ? "white" : "allow"}list=core/v1/ConfigMap`;
    const files = `-f ${base}/one.json -f ${base}/two.json`;
    await runInNamespace(kubectl, `files-${suite}`, [
      [`create ${files}`, /one created\nconfigmap\/two created/],
      [`create ${files}`, /"one" already exists[^]*"two" already exists/, FAILS],
      [`apply -k ${base}`, /configmap\/kust-one created/],
      ["get cm -l by=kust -o name", /^configmap\/kust-one\n$/],
      [`diff -k ${base}`, /^(# Warning.*\n)?$/],
      [`delete -k ${base}`, /"kust-one" deleted/],
      [`apply ${files}`, /one (configured|unchanged)/],
      [`apply -f ${base}/one.json --prune -l set=files ${prune}`, /configmap\/two pruned/],
      [`create configmap files --from-file=${base}/one.json`, /created/],
      [`replace --force -f ${base}/one.json`, /"one" deleted[^]*one replaced/],
      [`delete ${files} --ignore-not-found`, /"one" deleted/],
    ]);
  });
}

/** Sub-resources are judged by what they take, in one namespace. */
function policyOf(name: string, namespace: string): readonly object[] {
  const rule = (group: string, resource: string): object => ({
    apiGroups: [group],
    apiVersions: ["v1"],
    operations: ["CREATE", "UPDATE"],
    resources: [resource],
  });
  const apiVersion = "admissionregistration.k8s.io/v1";
  const labels = { "kubernetes.io/metadata.name": namespace };
  const spec = {
    matchConstraints: {
      namespaceSelector: { matchLabels: labels },
      resourceRules: [rule("apps", "deployments/scale"), rule("", "pods/eviction")],
    },
    validations: [
      {
        expression: "object.kind != 'Scale' || object.spec.replicas <= 5",
        message: "no more than 5",
      },
      { expression: "request.kind.kind != 'Eviction'", message: "nothing is evicted" },
    ],
  };
  const binding = { policyName: name, validationActions: ["Deny"] };
  return [
    { apiVersion, kind: "ValidatingAdmissionPolicy", metadata: { name }, spec },
    { apiVersion, kind: "ValidatingAdmissionPolicyBinding", metadata: { name }, spec: binding },
  ];
}

/** A role that gives away more than the service account has. */
function grant(): string {
  return JSON.stringify({
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "Role",
    metadata: { name: "all" },
    rules: [{ apiGroups: ["*"], resources: ["*"], verbs: ["*"] }],
  });
}

describeSuites(suiteTests);
