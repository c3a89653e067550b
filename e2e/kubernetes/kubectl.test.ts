/**
 * An old and a current kubectl against `rktnetes server --only api`: every command that needs no
 * node. Each test has a namespace of its own; commands of a table run in order.
 */
import { beforeAll, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Kubectl, kubectlOf, type KubectlSuite } from "../fixtures/kubectl.ts";
import { describeSuites, FAILS, type Row, runInNamespace } from "../fixtures/kubectl-rows.ts";
import { testedApiServer } from "../fixtures/tested-api-server.ts";

const api = testedApiServer("kubectl");

const WEB = `
apiVersion: v1
kind: ConfigMap
metadata: {name: conf}
data: {a: "1"}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: nginx, image: "nginx:1.25", ports: [{containerPort: 80}]}]}
`;
const CHANGED = WEB.replace("nginx:1.25", "nginx:1.26");
const MISSPELT = WEB.replace("containers:", "containrs:");

const CRONTABS = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: crontabs.SUITE.example.com}
spec:
  group: SUITE.example.com
  scope: Namespaced
  names: {plural: crontabs, singular: crontab, kind: CronTab, shortNames: [ct]}
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            required: [cronSpec]
            properties:
              cronSpec: {type: string, description: "when it runs"}
              replicas: {type: integer, minimum: 1}
          status: {type: object, properties: {on: {type: boolean}}}
    subresources:
      status: {}
      scale: {specReplicasPath: .spec.replicas, statusReplicasPath: .status.replicas}
    additionalPrinterColumns:
    - {name: Spec, type: string, jsonPath: .spec.cronSpec}
`;

const CRON_JOBS: readonly Row[] = [
  ["create cronjob cj1 --image=busybox --schedule=@hourly -- date", /created/],
  ["create job j2 --from=cronjob/cj1", /created/],
];

/** Flags that the old one does not have. */
const NEWER_VIEWS: readonly Row[] = [
  ["get deploy web --show-managed-fields -o yaml", /f:replicas: \{\}/],
  ["get deploy web --subresource=scale", /^NAME +DESIRED +AVAILABLE +AGE\nweb +2 +0 /],
  ["get deploy web --subresource=status", /^NAME +READY[^]*web +0\/2 /],
  ['patch deploy web --subresource=scale --type=merge -p {"spec":{"replicas":1}}', /patched/],
  ["events", /No events found/],
];

function suiteTests(suite: KubectlSuite): void {
  const isOld = suite === "bookworm";
  let kubectl: Kubectl;

  beforeAll(() => {
    kubectl = kubectlOf(suite, api.server.kubeconfig, api.directory);
  });

  async function inNamespace(name: string, rows: readonly Row[]): Promise<void> {
    await runInNamespace(kubectl, `${name}-${suite}`, rows);
  }

  test("finds out what is served", async () => {
    await inNamespace("discovery", [
      ["version", /Server Version: .*v?1\.?"?,? ?.*36/],
      ["cluster-info", /control plane.* is running at .*https:\/\/127\.0\.0\.1/],
      ["api-versions", /^admissionregistration\.k8s\.io\/v1\n[^]*\nv1\n$/],
      ["api-resources", /^deployments +deploy +apps\/v1 +true +Deployment$/m],
      ["api-resources --namespaced=false -o name", /^nodes$/m],
      ["explain pods.spec.containers.image", /FIELD: +image <string>/],
      ["explain deployment --recursive", /maxSurge\s+<(IntOrString|string)>/],
      ["explain pods.spec.nope", /field "nope" does not exist/, FAILS],
      ["get --raw /healthz", /^ok$/],
      ["get --raw /nope", /NotFound|could not find/, FAILS],
    ]);
  });

  test("applies, compares and prunes nothing that is not its own", async () => {
    const asOther = "apply -f - --server-side --field-manager=other";
    await inNamespace("apply", [
      ["apply -f -", /configmap\/conf created\ndeployment.apps\/web created/, { input: WEB }],
      ["apply -f -", /configmap\/conf unchanged\ndeployment.apps\/web unchanged/, { input: WEB }],
      [
        "diff -f -",
        /-  +- image: nginx:1\.25\n\+ +- image: nginx:1\.26/,
        { input: CHANGED, status: 1 },
      ],
      ["apply -f -", /conf unchanged\ndeployment.apps\/web configured/, { input: CHANGED }],
      ["get deploy web -o jsonpath={.metadata.generation}", /^2$/],
      ["apply view-last-applied deploy/web", /nginx:1\.26/],
      ["apply -f - --dry-run=server", /unchanged \(server dry run\)/, { input: CHANGED }],
      ["apply -f - --server-side", /serverside-applied/, { input: WEB }],
      [asOther, /conflict with "kubectl"/, { input: CHANGED, status: 1 }],
      [`${asOther} --force-conflicts`, /serverside-applied/, { input: CHANGED }],
      ["get deploy web -o jsonpath={.spec.template.spec.containers[0].image}", /^nginx:1\.26$/],
      [
        "apply -f -",
        /unknown field "(spec\.template\.spec\.)?containrs"/,
        { input: MISSPELT, status: 1 },
      ],
      ["create -f - --validate=true", /unknown field/, { input: MISSPELT, status: 1 }],
      ["delete -f -", /configmap "conf" deleted[^]*deployment.apps "web" deleted/, { input: WEB }],
    ]);
  });

  test("makes every kind that it has a command for", async () => {
    const gone = [/no matches for kind "PodDisruptionBudget"/, FAILS] as const;
    const budget = isOld ? gone : ([/created/] as const);
    await inNamespace("create", [
      ["create deployment api --image=api:1 --replicas=3", /created/],
      ["create deployment bad_name --image=x", /Invalid value: "bad_name"/, FAILS],
      ["create configmap cm1 --from-literal=a=1 --from-literal=b=2", /created/],
      ["create configmap cm1 --from-literal=a=1", /configmaps "cm1" already exists/, FAILS],
      ["create secret generic s1 --from-literal=p=pw", /created/],
      ["create serviceaccount bot", /created/],
      ["create role r1 --verb=get,list --resource=pods,deployments.apps", /created/],
      ["create rolebinding rb1 --role=r1 --serviceaccount=demo:bot", /created/],
      ["create service clusterip svc1 --tcp=80:8080", /created/],
      ["create service externalname svc4 --external-name=e.com", /created/],
      ["create quota q1 --hard=pods=50,services=20", /created/],
      ["create poddisruptionbudget p1 --selector=app=web --min-available=1", ...budget],
      ["create job j1 --image=busybox -- date", /created/],
      ...(isOld ? [] : CRON_JOBS), // the old one speaks of a version that is gone
      ["create ingress i2 --rule=b.com/*=web:80", /created/],
      ["run p1 --image=nginx --labels=a=b --env=X=1 --port=80", /pod\/p1 created/],
      ["run p1 --image=nginx", /pods "p1" already exists/, FAILS],
      ["create deployment x --image=y --dry-run=server -o yaml", /uid: [0-9a-f-]{36}/],
      ["get deploy x", /deployments\.apps "x" not found/, FAILS],
      ["expose deploy/api --port=80 --target-port=8080", /service\/api exposed/],
      ["autoscale deploy/api --min=1 --max=3", /autoscaled/],
      ["get all", /pod\/p1 [^]*service\/svc1 [^]*deployment\.apps\/api [^]*job\.batch\/j1 /],
    ]);
  });

  test("shows objects as rows, wide, by name and in full", async () => {
    await inNamespace("get", [
      ["apply -f -", /created/, { input: WEB }],
      ["run p1 --image=nginx --labels=a=b", /created/],
      ["get pods", /^NAME +READY +STATUS +RESTARTS +AGE\np1 +0\/1 +Pending +0 +\d+s\n$/],
      [
        "get pods -o wide",
        /NOMINATED NODE +READINESS GATES\np1 .* <none> +<none> +<none> +<none>\n$/,
      ],
      ["get pods -o name", /^pod\/p1\n$/],
      ["get pods -A --no-headers", /^get-\w+ +p1 /],
      ["get pods --show-labels", / a=b\n$/],
      ["get pods -L a", / A\np1 .* b\n$/],
      ["get pods -l a=b -o jsonpath={.items[*].metadata.name}", /^p1$/],
      ["get pods --field-selector=status.phase=Running", /No resources found/],
      ["get pods --field-selector=spec.bogus=1", /field label not supported/, FAILS],
      ["get pods --chunk-size=1 --sort-by=.metadata.name", /^NAME [^]*p1 /],
      ["get deploy web -o wide", /^NAME .*\nweb +0\/2 +0 +0 +\d+s +nginx +nginx:1\.25 +app=web\n$/],
      ["get deploy,cm -o name", /deployment\.apps\/web\n[^]*configmap\/conf/],
      ["get bogus", /the server doesn't have a resource type "bogus"/, FAILS],
      ["describe deploy web", /^StrategyType: +RollingUpdate$/m],
      ["describe pod p1", /^Status: +Pending$/m],
      ["get cm conf -o yaml", /^data:\n {2}a: "1"$/m],
      ["get deploy web -o json", /"kind": "Deployment"/],
      ["get pods -o custom-columns=N:.metadata.name,I:.spec.containers[0].image", /^p1 +nginx$/m],
      ["get pods -o go-template={{range.items}}{{.metadata.name}}{{end}}", /^p1$/],
      ["get pods -w --request-timeout=1s", /^NAME .*\np1 +0\/1 +Pending/],
      ...(isOld ? [] : NEWER_VIEWS),
    ]);
  });

  test("changes objects in all of its ways", async () => {
    const script = join(api.directory, `edit-${suite}`);
    writeFileSync(script, '#!/bin/sh\nsed -i \'s/a: "1"/a: edited/\' "$1"\n', { mode: 0o755 });
    const editor = { env: { KUBE_EDITOR: script } };
    const merged = `-p {"data":{"b":"2"}}`;
    await inNamespace("change", [
      ["apply -f -", /created/, { input: WEB }],
      ["edit cm conf", /configmap\/conf edited/, editor],
      ["edit cm conf", /no changes made/, editor],
      [`patch cm conf --type=merge ${merged}`, /configmap\/conf patched/],
      [`patch cm conf --type=merge ${merged}`, /patched \(no change\)/],
      [`patch deploy web -p {"spec":{"paused":true}}`, /deployment\.apps\/web patched/],
      [`patch cm conf --type=json -p [{"op":"remove","path":"/data/b"}]`, /patched/],
      ["get cm conf -o jsonpath={.data}", /^(\{"a":"edited"\}|map\[a:edited\])$/],
      ["label cm conf x=y", /labeled/],
      ["label cm conf x=z", /'x' already has a value/, FAILS],
      ["label cm conf x=z --overwrite", /labeled/],
      ["annotate cm conf n=1", /annotated/],
      ["set image deploy/web nginx=nginx:1.27", /image updated/],
      ["set env deploy/web B=2", /env updated/],
      ["set env deploy/web --list", /B=2/],
      ["set resources deploy/web --limits=cpu=200m", /resource requirements updated/],
      ["set serviceaccount deploy/web bot", /serviceaccount updated/],
      ["scale deploy/web --replicas=5", /scaled/],
      ["scale deploy/web --replicas=1 --current-replicas=9", /replicas to be 9, was 5/, FAILS],
      ["get deploy web -o jsonpath={.spec.replicas}", /^5$/],
      ["rollout pause deploy/web", /already paused/, FAILS],
      ["rollout resume deploy/web", /resumed/],
      ["rollout restart deploy/web", /restarted/],
      ["rollout history deploy/web", /No rollout history found/],
      ["replace -f -", /replaced/, { input: WEB }],
      ["delete cm conf --dry-run=server", /deleted.*\(server dry run\)/],
      ["delete cm conf", /configmap "conf" deleted/],
      ["delete cm conf", /configmaps "conf" not found/, FAILS],
      ["delete deploy --all --cascade=orphan", /"web" deleted/],
      ...(isOld ? [] : [["wait --for=delete deploy/web --timeout=5s", /^$/] as const]),
    ]);
  });

  test("knows custom kinds as soon as they are there", async () => {
    const input = CRONTABS.replaceAll("SUITE", suite);
    const group = `${suite}.example.com`;
    const of = (spec: string): string =>
      `{"apiVersion":"${group}/v1","kind":"CronTab","metadata":{"name":"c"},"spec":${spec}}`;
    await inNamespace("custom", [
      ["apply -f -", /created/, { input }],
      [`wait --for=condition=Established crd/crontabs.${group} --timeout=5s`, /condition met/],
      ["apply -f -", /c created/, { input: of('{"cronSpec":"@hourly","replicas":1}') }],
      [`get crontabs.${group}`, /^NAME +SPEC\nc +@hourly\n$/],
      ['patch crontab c --type=merge -p {"kind":"Other"}', /Other": must be CronTab/, FAILS],
      ["scale crontab c --replicas=2", /scaled/],
      ["get crontab c -o jsonpath={.spec.replicas}", /^2$/],
      ['patch crontab c --type=merge -p {"status":{"on":true}}', /patched \(no change\)/],
      [`explain crontabs.spec --api-version=${group}/v1`, /cronSpec\s+<string>[^]*when it runs/],
      ["apply -f -", /spec\.replicas/, { input: of('{"cronSpec":"x","replicas":0}'), status: 1 }],
      [`delete crd crontabs.${group}`, /deleted/],
    ]);
  });

  test("is told who it is and what it may do", async () => {
    await inNamespace("auth", [
      ["auth can-i get pods", /^yes$/m],
      ["auth can-i get pods --as=jane", /^no/m, FAILS],
      ["get pods --as=jane", /User "jane" cannot list resource "pods"/, FAILS],
      ["create serviceaccount bot", /created/],
      ["create role lister --verb=list --resource=pods", /created/],
      [`create rolebinding lister --role=lister --serviceaccount=auth-${suite}:bot`, /created/],
      [`auth can-i list pods --as=system:serviceaccount:auth-${suite}:bot`, /^yes$/m],
      ...(isOld
        ? []
        : ([
            ["auth whoami", /^Username +kubernetes-admin$[^]*X509SHA256=[0-9a-f]{64}/m],
            ["create token bot", /^ey[\w-]+\.[\w-]+\.[\w-]+\n?$/],
          ] as const)),
    ]);
  });
}

describeSuites(suiteTests);

test("the kubeconfig names one server and no file of this machine", () => {
  const text = readFileSync(api.server.kubeconfig, "utf8");
  expect(text.match(/server: https:\/\/127\.0\.0\.1:\d+/g)?.length).toBe(1);
  expect(text).not.toContain(api.directory);
});
