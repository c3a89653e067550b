/**
 * What others have to say in a write: policies, programs of the test that answer over TLS, plug-ins
 * that a flag turns on; and what of it the audit log tells.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type ApiServer, startApiServer } from "../fixtures/api-server.ts";
import { createAuthority } from "../fixtures/authority.ts";
import { type Document, type JsonServer, startJsonServer } from "../fixtures/json-server.ts";
import {
  type Kubectl,
  KUBECTL_SUITES,
  kubectlOf,
  lacksKubectl,
  says as saysOf,
} from "../fixtures/kubectl.ts";
import { must, run } from "../fixtures/process.ts";
import { temporaryDirectory } from "../fixtures/temporary-directory.ts";

const directory = temporaryDirectory("admission");
const suite = KUBECTL_SUITES.findLast((each) => lacksKubectl(each) === undefined) ?? "testing";
const log = join(directory.path, "audit.log");
const RKTNETES = join(import.meta.dir, "../../dist/rktnetes");

let server: ApiServer;
let hook: JsonServer;
let bundle = "";
let kubectl: Kubectl;

interface Review {
  readonly uid: string;
  readonly operation: string;
  readonly kind: { readonly version: string; readonly kind: string };
  readonly requestKind: { readonly version: string };
  readonly object: { readonly data?: Readonly<Record<string, string>> } | null;
}

/** Each path is a webhook of its own. */
function verdict(path: string, { object, operation }: Review): Document {
  const data = object?.data ?? {};
  const patch = (op: object): Document => ({
    allowed: true,
    patchType: "JSONPatch",
    patch: Buffer.from(JSON.stringify([op])).toString("base64"),
  });
  switch (path) {
    case "/count": // says how many keys there are
      return patch({ op: "add", path: "/data/count", value: `${keysOf(data)}` });
    case "/add":
      return data["added"] === undefined
        ? patch({ op: "add", path: "/data/added", value: "yes" })
        : { allowed: true };
    case "/warn":
      return { allowed: true, warnings: ["mind the gap"], auditAnnotations: { seen: "indeed" } };
    case "/slow":
      return {};
    default:
      return { allowed: false, status: { message: `no ${operation} today`, code: 418 } };
  }
}

function keysOf(data: Readonly<Record<string, string>>): number {
  return Object.keys(data).filter((key) => key !== "count").length;
}

beforeAll(async () => {
  await must([process.execPath, "run", join(import.meta.dir, "../../tools/build/build.ts")]);
  const authority = await createAuthority(directory.path);
  bundle = readFileSync(authority.file).toString("base64");
  hook = await startJsonServer(authority, async (path, body) => {
    if (path === "/slow") await Bun.sleep(20_000);
    const request = body["request"] as Review;
    const response = { uid: request.uid, ...verdict(path, request) };
    return { kind: "AdmissionReview", apiVersion: "admission.k8s.io/v1", response };
  });
  const policy = join(directory.path, "policy.yaml");
  writeFileSync(
    policy,
    `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
omitManagedFields: true
rules:
- {level: None, users: ["system:apiserver"]}
- {level: RequestResponse, verbs: [create], resources: [{group: "", resources: [configmaps]}]}
`,
  );
  server = await startApiServer(directory.path, [
    `--audit-policy-file=${policy}`,
    `--audit-log-path=${log}`,
    "--enable-admission-plugins=AlwaysPullImages,DenyServiceExternalIPs",
    "--disable-admission-plugins=DefaultTolerationSeconds",
  ]);
  kubectl = kubectlOf(suite, server.kubeconfig, directory.path);
});

afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await hook[Symbol.asyncDispose]();
  directory[Symbol.dispose]();
});

const says = (args: readonly string[], input?: string, status?: number): Promise<string> =>
  saysOf(kubectl, args, { input, status });

/** The events about the creation of a config map. */
function eventsOf(name: string): readonly Document[] {
  const lines = readFileSync(log, "utf8").trimEnd().split("\n");
  const events = lines.map((line) => JSON.parse(line) as Document);
  return events.filter(({ objectRef }) => (objectRef as { name?: string } | null)?.name === name);
}

const MAPS = "{operations: [CREATE], apiGroups: [''], apiVersions: [v1], resources: [configmaps]}";

function chosen(label: string): string {
  return `objectSelector: {matchLabels: {by: ${label}}}`;
}

function configMap(name: string, by: string, data: string = "a: b"): string {
  const metadata = `{name: ${name}, labels: {by: ${by}}}`;
  return `{apiVersion: v1, kind: ConfigMap, metadata: ${metadata}, data: {${data}}}`;
}

function sizesPolicy(): string {
  return `apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: sizes}
spec:
  failurePolicy: Fail
  paramKind: {apiVersion: v1, kind: ConfigMap}
  matchConstraints: {resourceRules: [${MAPS}], ${chosen("policy")}}
  variables: [{name: size, expression: "size(object.data)"}]
  validations:
  - expression: "variables.size <= int(params.data.most)"
    messageExpression: "'has ' + string(variables.size) + ', most is ' + params.data.most"
    reason: Forbidden
  - {expression: "object.data.all(k, k.nothing == 'a')"}
  auditAnnotations: [{key: size, valueExpression: "string(variables.size)"}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: few}
spec:
  policyName: sizes
  validationActions: [Deny]
  matchResources: {${chosen("policy")}}
  paramRef:
    selector: {matchLabels: {limit: few}}
    namespace: default
    parameterNotFoundAction: Deny
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: limit, labels: {limit: few}}, data: {most: "1"}}
`;
}

test("a policy denies, warns and notes; its author learns what does not fit", async () => {
  await says(["apply", "-f-"], sizesPolicy());
  const status = ["get", "validatingadmissionpolicy", "sizes", "-o", "jsonpath={.status}"];
  while (!(await says(status)).includes("typeChecking")) await Bun.sleep(50);
  const { typeChecking } = JSON.parse(await says(status)) as {
    typeChecking: { expressionWarnings: { fieldRef: string; warning: string }[] };
  };
  const fields = typeChecking.expressionWarnings.map(({ fieldRef }) => fieldRef);
  expect(fields).toEqual(["spec.validations[1].expression"]);
  expect(typeChecking.expressionWarnings[0]?.warning).toStartWith("/v1, Kind=ConfigMap: ERROR: ");
  await says(
    ["patch", "validatingadmissionpolicy", "sizes", "--type=json", "-p"].concat(
      '[{"op":"remove","path":"/spec/validations/1"}]',
    ),
  );
  const two = configMap("two", "policy", "a: b, c: d");
  expect(await says(["create", "-f-"], two, 1)).toContain(
    `configmaps "two" is forbidden: ValidatingAdmissionPolicy 'sizes' with binding 'few' ` +
      "denied request: has 2, most is 1",
  );
  const softer = '{"spec":{"validationActions":["Warn","Audit"]}}';
  await says(["patch", "validatingadmissionpolicybinding", "few", "-p", softer]);
  expect(await says(["create", "-f-"], two)).toContain(
    "Warning: Validation failed for ValidatingAdmissionPolicy 'sizes' with binding 'few': has 2",
  );
  const { annotations } = eventsOf("two").at(-1) ?? {};
  expect(annotations).toMatchObject({
    "sizes/size": "2",
    "authorization.k8s.io/decision": "allow",
  });
  const failures = (annotations as Record<string, string>)[
    "validation.policy.admission.k8s.io/validation_failure"
  ];
  expect(JSON.parse(failures ?? "")).toEqual([
    {
      message: "has 2, most is 1",
      policy: "sizes",
      binding: "few",
      expressionIndex: 0,
      validationActions: ["Warn", "Audit"],
    },
  ]);
  expect(JSON.stringify(eventsOf("two"))).not.toContain("managedFields");
});

function mutatingPolicy(name: string, key: string, value: string, again: string): string {
  return `apiVersion: admissionregistration.k8s.io/v1
kind: MutatingAdmissionPolicy
metadata: {name: ${name}}
spec:
  failurePolicy: Fail
  reinvocationPolicy: ${again}
  matchConstraints: {resourceRules: [${MAPS}], ${chosen("mutation")}}
  mutations:
  - patchType: ApplyConfiguration
    applyConfiguration: {expression: "Object{data: {'${key}': ${value}}}"}
---
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingAdmissionPolicyBinding
metadata: {name: ${name}}
spec: {policyName: ${name}}
---
`;
}

test("a policy that wants to is asked again after another one has changed the object", async () => {
  const count = "string(object.data.filter(k, k.startsWith('k')).size())";
  const all = [
    mutatingPolicy("a-counts", "again", count, "IfNeeded"),
    mutatingPolicy("b-counts", "once", count, "Never"),
    mutatingPolicy("c-adds", "k2", "'x'", "Never"),
  ];
  await says(["apply", "-f-"], all.join(""));
  await says(["create", "-f-"], configMap("mutated", "mutation", "k1: v"));
  const data = await says(["get", "configmap", "mutated", "-o", "jsonpath={.data}"]);
  expect(JSON.parse(data)).toEqual({ again: "2", k1: "v", k2: "x", once: "1" });
});

interface Hook {
  readonly kind: "Mutating" | "Validating";
  readonly path: string;
  readonly label: string;
  readonly more?: string;
}

function webhook({ kind, path, label, more = "" }: Hook): string {
  return `apiVersion: admissionregistration.k8s.io/v1
kind: ${kind}WebhookConfiguration
metadata: {name: ${label}-${path}}
webhooks:
- name: ${path}.example.com
  clientConfig: {url: "${hook.url}/${path}", caBundle: ${bundle}}
  rules: [${MAPS}]
  ${chosen(label)}
  sideEffects: None
  admissionReviewVersions: [v1]
  failurePolicy: Fail
  timeoutSeconds: 1
${more}---
`;
}

test("programs change and refuse, in their order, and the audit log tells", async () => {
  const again = "  reinvocationPolicy: IfNeeded\n";
  const all: readonly Hook[] = [
    { kind: "Mutating", path: "count", label: "hooks", more: again },
    { kind: "Mutating", path: "add", label: "hooks" },
    { kind: "Validating", path: "warn", label: "hooks" },
  ];
  const [count, add, warn] = all.map(webhook);
  const named = [count, (add ?? "").replace("hooks-add", "hooks-later"), warn];
  await says(["apply", "-f-"], named.join(""));
  expect(await says(["create", "-f-"], configMap("hooked", "hooks"))).toContain("mind the gap");
  const data = await says(["get", "configmap", "hooked", "-o", "jsonpath={.data}"]);
  expect(JSON.parse(data)).toEqual({ a: "b", added: "yes", count: "2" });
  const mutation = (path: string, config: string): string =>
    JSON.stringify({ configuration: config, webhook: `${path}.example.com`, mutated: true });
  expect(eventsOf("hooked").at(-1)?.["annotations"]).toMatchObject({
    "mutation.webhook.admission.k8s.io/round_0_index_0": mutation("count", "hooks-count"),
    "mutation.webhook.admission.k8s.io/round_0_index_1": mutation("add", "hooks-later"),
    "mutation.webhook.admission.k8s.io/round_1_index_0": mutation("count", "hooks-count"),
    "warn.example.com/seen": "indeed",
  });
});

test("a program that refuses, is silent or may not be tried out is heard of", async () => {
  await says(["apply", "-f-"], webhook({ kind: "Validating", path: "deny", label: "deny" }));
  await says(["apply", "-f-"], webhook({ kind: "Validating", path: "slow", label: "slow" }));
  const effects = webhook({ kind: "Validating", path: "warn", label: "effects" });
  await says(["apply", "-f-"], effects.replace("  sideEffects: None\n", ""), 1);
  expect(await says(["create", "-f-"], configMap("denied", "deny"), 1)).toContain(
    'admission webhook "deny.example.com" denied the request: no CREATE today',
  );
  expect(await says(["create", "-f-"], configMap("late", "slow"), 1)).toContain(
    `failed calling webhook "slow.example.com": failed to call webhook: Post ` +
      `"${hook.url}/slow?timeout=1s": context deadline exceeded`,
  );
});

test("connections and evictions are asked about too, and rules name any version", async () => {
  const rules = (text: string): ((config: string) => string) => {
    return (config) =>
      config.replace(/ {2}rules: .*\n {2}objectSelector.*\n/, `  rules: [${text}]\n`);
  };
  const exec =
    "{operations: [CONNECT], apiGroups: [''], apiVersions: [v1], resources: [pods/exec]}";
  const evict =
    "{operations: [CREATE], apiGroups: [''], apiVersions: [v1], resources: [pods/eviction]}";
  const scaler =
    "{operations: [CREATE], apiGroups: [autoscaling], apiVersions: [v1], " +
    "resources: [horizontalpodautoscalers]}";
  for (const [label, rule] of Object.entries({ exec, evict, scaler })) {
    const plain = webhook({ kind: "Validating", path: "deny", label });
    await says(["apply", "-f-"], rules(rule)(plain).replace("deny.example", `${label}.example`));
  }
  const pod = ["run", "p", "--image=a", '--overrides={"spec":{"nodeName":"n"}}'];
  await says(pod);
  expect(await says(["exec", "p", "--", "true"], "", 1)).toContain(
    'admission webhook "exec.example.com" denied the request: no CONNECT today',
  );
  const eviction = '{"apiVersion":"policy/v1","kind":"Eviction","metadata":{"name":"p"}}';
  const path = "/api/v1/namespaces/default/pods/p/eviction";
  expect(await says(["create", "--raw", path, "-f-"], eviction, 1)).toContain("evict.example.com");
  const target = "scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: d}, maxReplicas: 3";
  const kindOf = "apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler";
  const hpa = `{${kindOf}, metadata: {name: h}, spec: {${target}}}`;
  expect(await says(["create", "-f-"], hpa, 1)).toContain("scaler.example.com");
  const review = hook.asked.at(-1)?.body["request"] as Review | undefined;
  expect([review?.kind.version, review?.requestKind.version]).toEqual(["v1", "v2"]);
});

test("plug-ins are turned on and off by their names", async () => {
  const dry = ["run", "q", "--image=a:1", "--image-pull-policy=Never", "--dry-run=server"];
  const said = await says([...dry, "-o", "jsonpath={.spec}"]);
  const spec = JSON.parse(said) as { containers: Document[]; tolerations?: unknown };
  expect(spec.containers[0]?.["imagePullPolicy"]).toBe("Always");
  expect(spec.tolerations).toBeUndefined();
  const service = "{apiVersion: v1, kind: Service, metadata: {name: s}, spec: ";
  const ports = "{ports: [{port: 80}], externalIPs: [1.2.3.4]}}";
  expect(await says(["create", "-f-"], service + ports, 1)).toContain(
    'services "s" is forbidden: Use of external IPs is denied by admission control.',
  );
  const flags = ["server", "--only=api", "--enable-admission-plugins=PodSecurty"];
  const { status, stderr } = await run([RKTNETES, ...flags]);
  expect([status, stderr]).toEqual([
    1,
    'rktnetes: admission-control plugin "PodSecurty" is unknown\n',
  ]);
});
