/**
 * Credentials that kubectl can come with: certificates, good, foreign and over; tokens of service
 * accounts, bound to what may go away; somebody else's name.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { createPublicKey, verify } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type ApiServer, startApiServer } from "../fixtures/api-server.ts";
import { type Kubectl, KUBECTL_SUITES, kubectlOf, lacksKubectl } from "../fixtures/kubectl.ts";
import { must, run } from "../fixtures/process.ts";
import { temporaryDirectory } from "../fixtures/temporary-directory.ts";

const directory = temporaryDirectory("auth");
const suite = KUBECTL_SUITES.findLast((each) => lacksKubectl(each) === undefined) ?? "testing";
const IEEE = "ieee-p1363";
const pki = join(directory.path, "data/pki");

let server: ApiServer;
let kubectl: Kubectl;
let bare: Kubectl;

beforeAll(async () => {
  await must([process.execPath, "run", join(import.meta.dir, "../../tools/build/build.ts")]);
  server = await startApiServer(directory.path);
  kubectl = kubectlOf(suite, server.kubeconfig, directory.path);
  const cluster = `{server: "${server.url}", certificate-authority: ${join(pki, "ca.crt")}}`;
  const contexts = "contexts: [{name: c, context: {cluster: c}}], current-context: c";
  const file = join(directory.path, "bare");
  const clusters = `clusters: [{name: c, cluster: ${cluster}}]`;
  writeFileSync(file, `{apiVersion: v1, kind: Config, ${clusters}, ${contexts}}`);
  bare = kubectlOf(suite, file, directory.path);
});

afterAll(async () => {
  await server[Symbol.asyncDispose]();
  directory[Symbol.dispose]();
});

async function says(args: readonly string[], input: string = ""): Promise<string> {
  const { status, stdout, stderr } = await kubectl(args, { input });
  if (status !== 0) throw new Error(`${args.join(" ")}: ${stderr}`);
  return stdout.trim();
}

interface UserInfo {
  readonly username: string;
  readonly groups: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

/** Whom the server takes the owner of these credentials for; undefined for nobody it knows. */
async function whoami(flags: readonly string[]): Promise<UserInfo | undefined> {
  const { stdout, stderr } = await bare(["auth", "whoami", "-o", "json", ...flags]);
  if (/You must be logged in|Unauthorized/.test(stderr)) return undefined;
  const { status } = JSON.parse(stdout) as { status: { userInfo: UserInfo } };
  return status.userInfo;
}

const CURVE = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

/** Flags with a certificate for jane, signed by the cluster or by herself. */
async function certificate(name: string, days: string | undefined): Promise<readonly string[]> {
  const [key, file] = [join(directory.path, `${name}.key`), join(directory.path, `${name}.crt`)];
  const subject = ["-subj", "/O=devs/O=ops/CN=jane", "-keyout", key];
  const own = ["-x509", "-days", "2", "-out", file];
  const request = `${file}.csr`;
  const made = days === undefined ? own : ["-out", request];
  await must(["openssl", "req", ...CURVE, ...subject, ...made]);
  const by = ["-CA", join(pki, "ca.crt"), "-CAkey", join(pki, "ca.key"), "-days", days ?? ""];
  if (days !== undefined) {
    await must(["openssl", "x509", "-req", "-in", request, ...by, "-out", file]);
  }
  return [`--client-certificate=${file}`, `--client-key=${key}`];
}

test("a certificate of the cluster names a user, any other one is refused", async () => {
  const good = await whoami(await certificate("good", "1"));
  expect(good).toMatchObject({ username: "jane", groups: ["devs", "ops", "system:authenticated"] });
  const [id] = good?.extra?.["authentication.kubernetes.io/credential-id"] ?? [];
  expect(id).toMatch(/^X509SHA256=[0-9a-f]{64}$/);
  expect(await whoami(await certificate("foreign", undefined))).toBeUndefined();
  expect(await whoami(await certificate("over", "0"))).toBeUndefined();
  const serving = [`--client-certificate=${pki}/server.crt`, `--client-key=${pki}/server.key`];
  expect(await whoami(serving)).toBeUndefined();
});

test("a bound token is good as long as what it is bound to", async () => {
  await says(["create", "secret", "generic", "s"]);
  await says(["create", "-f-"], '{"apiVersion":"v1","kind":"Node","metadata":{"name":"n"}}');
  await says(["run", "p", "--image=a", '--overrides={"spec":{"nodeName":"n"}}']);
  const token = async (kind: string, name: string): Promise<readonly string[]> => {
    const bound = [`--bound-object-kind=${kind}`, `--bound-object-name=${name}`];
    return [`--token=${await says(["create", "token", "default", ...bound])}`];
  };
  const all = { pod: await token("Pod", "p"), secret: await token("Secret", "s") };
  const node = await token("Node", "n");
  const uid = await says(["get", "pod", "p", "-o", "jsonpath={.metadata.uid}"]);
  const extra = (await whoami(all.pod))?.extra;
  expect(extra).toMatchObject({
    "authentication.kubernetes.io/node-name": ["n"],
    "authentication.kubernetes.io/pod-name": ["p"],
    "authentication.kubernetes.io/pod-uid": [uid],
  });
  expect(extra?.["authentication.kubernetes.io/credential-id"]?.[0]).toStartWith("JTI=");
  expect((await whoami(node))?.username).toBe("system:serviceaccount:default:default");
  expect(await whoami(all.secret)).toBeDefined();
  await says(["delete", "pod/p", "secret/s", "node/n", "--force"]);
  for (const flags of [all.pod, all.secret, node]) expect(await whoami(flags)).toBeUndefined();
  const free = [`--token=${await says(["create", "token", "default", "--duration=10m"])}`];
  expect(await whoami(free)).toBeDefined();
});

test("an agent on a node acts as that node, where a role lets it, and as no other", async () => {
  const nodes = { apiGroups: ["authentication.k8s.io"], resources: ["nodes"] };
  const pods = { apiGroups: [""], resources: ["pods"] };
  const rules = [
    { ...nodes, verbs: ["impersonate:associated-node"] },
    { ...pods, verbs: ["impersonate-on:associated-node:list"] },
  ];
  const kind = { apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRole" };
  await says(["create", "-f-"], JSON.stringify({ ...kind, metadata: { name: "agent" }, rules }));
  await says(["create", "serviceaccount", "agent"]);
  const subject = ["--clusterrole=agent", "--serviceaccount=default:agent"];
  await says(["create", "clusterrolebinding", "agent", ...subject]);
  await says(["create", "-f-"], '{"apiVersion":"v1","kind":"Node","metadata":{"name":"here"}}');
  const bound = ["--bound-object-kind=Node", "--bound-object-name=here"];
  const token = await says(["create", "token", "agent", ...bound]);
  const list = async (node: string, ...more: string[]): Promise<string> => {
    const as = [`--token=${token}`, `--as=system:node:${node}`, ...more];
    const only = `--field-selector=spec.nodeName=${node}`;
    const { stdout, stderr } = await bare([...as, "get", "pods", only]);
    return stdout + stderr;
  };
  expect(await list("here")).toContain("No resources found");
  expect(await list("there")).toContain("impersonate-on:arbitrary-node:list");
  expect(await list("here", "--as-group=system:masters")).toContain("cannot impersonate resource");
  await says(["delete", "node/here", "clusterrole/agent", "clusterrolebinding/agent"]);
});

test("others verify tokens with what the server publishes", async () => {
  const read = async (path: string): Promise<Record<string, unknown>> =>
    JSON.parse(await says(["get", "--raw", path])) as Record<string, unknown>;
  const found = await read("/.well-known/openid-configuration");
  expect(found).toMatchObject({ subject_types_supported: ["public"] });
  const { keys } = (await read("/openid/v1/jwks")) as { keys: Record<string, string>[] };
  const token = await says(["create", "token", "default", "--audience=vault"]);
  const [head = "", claims = "", signature = ""] = token.split(".");
  const { kid } = JSON.parse(Buffer.from(head, "base64url").toString()) as { kid: string };
  const jwk = keys.find((each) => each["kid"] === kid) ?? {};
  const key = { key: createPublicKey({ key: jwk, format: "jwk" }), dsaEncoding: IEEE } as const;
  const signed = Buffer.from(`${head}.${claims}`);
  expect(verify("sha256", signed, key, Buffer.from(signature, "base64url"))).toBe(true);
  const { aud, iss } = JSON.parse(Buffer.from(claims, "base64url").toString()) as {
    aud: unknown;
    iss: unknown;
  };
  expect([aud, iss]).toEqual([["vault"], found["issuer"]]);
  expect(await whoami([`--token=${token}`])).toBeUndefined(); // it is meant for somebody else
});

test("a node asks for tokens of its own pods, for whom their volumes name", async () => {
  const service = "{serviceAccountToken: {path: t, audience: vault, expirationSeconds: 3600}}";
  const volumes = `volumes: [{name: t, projected: {sources: [${service}]}}]`;
  for (const node of ["n1", "n2"]) {
    const spec = `nodeName: ${node}, containers: [{name: c, image: a}], ${volumes}`;
    const metadata = `{name: on-${node}}`;
    const pod = `{apiVersion: v1, kind: Pod, metadata: ${metadata}, spec: {${spec}}}`;
    await says(["create", "-f-"], pod);
  }
  const ask = async (pod: string, audience: string): Promise<string> => {
    const bound = ["--bound-object-kind=Pod", `--bound-object-name=${pod}`];
    const uid = await says(["get", "pod", pod, "-o", "jsonpath={.metadata.uid}"]);
    const as = ["--as=system:node:n1", "--as-group=system:nodes"];
    const words = [`--audience=${audience}`, ...bound, `--bound-object-uid=${uid}`, ...as];
    const { stdout, stderr } = await kubectl(["create", "token", "default", ...words]);
    return stdout + stderr;
  };
  expect(await ask("on-n1", "vault")).toStartWith("ey");
  expect(await ask("on-n1", "bank")).toContain('audience "bank" not found in pod spec volume');
  expect(await ask("on-n2", "vault")).toContain("pod scheduled on a different node");
});

test("a renewed certificate is shown to the next client", async () => {
  const stem = join(pki, "server");
  const host = new URL(server.url);
  const shown = async (): Promise<string> => {
    const asked = ["s_client", "-connect", host.host, "-CAfile", join(pki, "ca.crt")];
    const { stdout } = await run(["openssl", ...asked], { input: "" });
    return /subject=(.*)/.exec(stdout)?.[1]?.trim() ?? "";
  };
  expect(await shown()).toContain("kube-apiserver");
  const request = join(directory.path, "renewed.csr");
  const key = join(directory.path, "renewed.key");
  await must(["openssl", "req", ...CURVE, "-subj", "/CN=renewed", "-keyout", key, "-out", request]);
  writeFileSync(`${request}.ext`, "subjectAltName=IP:127.0.0.1\n");
  const by = ["-CA", join(pki, "ca.crt"), "-CAkey", join(pki, "ca.key"), "-days", "1"];
  const made = ["-extfile", `${request}.ext`, "-out", `${stem}.crt`];
  await must(["cp", key, `${stem}.key`]);
  await must(["openssl", "x509", "-req", "-in", request, ...by, ...made]);
  while (!(await shown()).includes("renewed")) await Bun.sleep(50);
  expect((await whoami(await certificate("later", "1")))?.username).toBe("jane");
});
