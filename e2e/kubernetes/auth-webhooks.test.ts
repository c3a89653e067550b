/**
 * Programs elsewhere say whose a token is and what its user may do, and are told what was done.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type ApiServer, startApiServer } from "../fixtures/api-server.ts";
import { createAuthority } from "../fixtures/authority.ts";
import { type Document, type JsonServer, startJsonServer } from "../fixtures/json-server.ts";
import { type Kubectl, KUBECTL_SUITES, kubectlOf, lacksKubectl } from "../fixtures/kubectl.ts";
import { must } from "../fixtures/process.ts";
import { temporaryDirectory } from "../fixtures/temporary-directory.ts";

const directory = temporaryDirectory("auth-webhooks");
const suite = KUBECTL_SUITES.findLast((each) => lacksKubectl(each) === undefined) ?? "testing";

let server: ApiServer;
let program: JsonServer;
let authorityFile = "";
let admin: Kubectl;
let holder: (token: string) => Kubectl;

interface Access {
  readonly user?: string;
  readonly resourceAttributes?: { readonly resource?: string; readonly verb?: string };
}

function answer(path: string, body: Document): Document {
  const { kind, apiVersion } = body;
  const spec = body["spec"] as (Access & { readonly token?: string }) | undefined;
  if (path === "/authenticate") return { kind, apiVersion, status: userOf(spec?.token ?? "") };
  if (path === "/authorize") return { kind, apiVersion, status: mayOf(spec ?? {}) };
  return {};
}

function userOf(token: string): Document {
  if (token !== "open-sesame") return { authenticated: false, error: "no such word" };
  const extra = { "example.com/cave": ["forty"] };
  return { authenticated: true, user: { username: "ali", uid: "7", groups: ["thieves"], extra } };
}

/** Ali may read config maps and must not see secrets, whatever roles say. */
function mayOf({ user, resourceAttributes: { resource, verb } = {} }: Access): Document {
  if (user !== "ali") return { allowed: false };
  if (resource === "secrets") return { allowed: false, denied: true, reason: "not for thieves" };
  return { allowed: resource === "configmaps" && verb === "list" };
}

/** How the server reaches one of the program's paths. */
function kubeconfig(name: string): string {
  const file = join(directory.path, `${name}.kubeconfig`);
  const cluster = `{server: "${program.url}/${name}", certificate-authority: ${authorityFile}}`;
  writeFileSync(
    file,
    `apiVersion: v1
kind: Config
clusters: [{name: program, cluster: ${cluster}}]
users: [{name: server, user: {token: known}}]
contexts: [{name: program, context: {cluster: program, user: server}}]
current-context: program
`,
  );
  return file;
}

function written(name: string, text: string): string {
  const file = join(directory.path, name);
  writeFileSync(file, text);
  return file;
}

beforeAll(async () => {
  await must([process.execPath, "run", join(import.meta.dir, "../../tools/build/build.ts")]);
  const authority = await createAuthority(directory.path);
  authorityFile = authority.file;
  program = await startJsonServer(authority, answer);
  const authorization = written(
    "authorization.yaml",
    `apiVersion: apiserver.config.k8s.io/v1
kind: AuthorizationConfiguration
authorizers:
- type: Webhook
  name: program
  webhook:
    timeout: 3s
    authorizedTTL: 5m
    unauthorizedTTL: 30s
    subjectAccessReviewVersion: v1
    matchConditionSubjectAccessReviewVersion: v1
    failurePolicy: Deny
    connectionInfo: {type: KubeConfigFile, kubeConfigFile: ${kubeconfig("authorize")}}
    matchConditions:
    - {expression: "has(request.resourceAttributes)"}
    - {expression: "request.resourceAttributes.?namespace.orValue('') == 'default'"}
- {type: Node, name: node}
- {type: RBAC, name: rbac}
`,
  );
  const rules = "{level: Metadata, verbs: [list], users: [ali]}";
  const policy = written(
    "policy.yaml",
    `{apiVersion: audit.k8s.io/v1, kind: Policy, rules: [${rules}]}`,
  );
  server = await startApiServer(directory.path, [
    `--authentication-token-webhook-config-file=${kubeconfig("authenticate")}`,
    "--authentication-token-webhook-version=v1",
    `--authorization-config=${authorization}`,
    `--audit-policy-file=${policy}`,
    `--audit-webhook-config-file=${kubeconfig("audit")}`,
    "--audit-webhook-batch-max-wait=100ms",
  ]);
  admin = kubectlOf(suite, server.kubeconfig, directory.path);
  const cluster = `{server: "${server.url}", insecure-skip-tls-verify: true}`;
  const clusters = `[{name: c, cluster: ${cluster}}]`;
  const contexts = "contexts: [{name: c, context: {cluster: c}}], current-context: c";
  const bare = written(
    "bare",
    `{apiVersion: v1, kind: Config, clusters: ${clusters}, ${contexts}}`,
  );
  const plain = kubectlOf(suite, bare, directory.path);
  holder = (token) => (args, options) => plain([`--token=${token}`, ...args], options);
});

afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await program[Symbol.asyncDispose]();
  directory[Symbol.dispose]();
});

function askedAt(path: string): readonly Document[] {
  return program.asked.filter((each) => each.path === path).map(({ body }) => body);
}

test("a token is whose the program says, and it is not asked again soon", async () => {
  const ali = holder("open-sesame");
  const said = await ali(["auth", "whoami", "-o", "json"]);
  const { status } = JSON.parse(said.stdout) as { status: { userInfo: Document } };
  expect(status.userInfo).toEqual({
    username: "ali",
    uid: "7",
    groups: ["thieves", "system:authenticated"],
    extra: { "example.com/cave": ["forty"] },
  });
  await ali(["get", "configmaps"]);
  expect(askedAt("/authenticate")).toHaveLength(1);
  const other = await holder("open-wheat")(["get", "configmaps"]);
  expect(other.stderr).toMatch(/You must be logged in|Unauthorized/);
});

test("the program allows, has no opinion, or forbids what roles would allow", async () => {
  const ali = holder("open-sesame");
  expect((await ali(["get", "configmaps"])).status).toBe(0);
  expect((await ali(["get", "pods"])).stderr).toContain('User "ali" cannot list resource "pods"');
  await admin(["create", "clusterrolebinding", "ali", "--clusterrole=cluster-admin", "--user=ali"]);
  while ((await ali(["get", "services"])).status !== 0) await Bun.sleep(50);
  expect((await ali(["get", "secrets"])).stderr).toContain("not for thieves");
  expect((await ali(["get", "secrets", "-n", "kube-system"])).status).toBe(0);
  const namespaces = askedAt("/authorize").map((body) => {
    const { resourceAttributes } = body["spec"] as { resourceAttributes: { namespace?: string } };
    return resourceAttributes.namespace;
  });
  expect(new Set(namespaces)).toEqual(new Set(["default"]));
});

test("what was done is told in lists of events", async () => {
  await holder("open-sesame")(["get", "configmaps"]);
  const seen = (): readonly Document[] =>
    askedAt("/audit").flatMap((body) => body["items"] as readonly Document[]);
  const isTold = (): boolean =>
    seen().some(({ stage, annotations }) => {
      const { "authorization.k8s.io/decision": decision } = (annotations ?? {}) as Document;
      return stage === "ResponseComplete" && decision === "allow";
    });
  while (!isTold()) await Bun.sleep(50);
  expect(askedAt("/audit")[0]).toMatchObject({ kind: "EventList", apiVersion: "audit.k8s.io/v1" });
  expect(seen()[0]).toMatchObject({ verb: "list", user: { username: "ali" } });
});
