/**
 * What an API server looks after without nodes, as kubectl sees it: quotas are counted, requests
 * for certificates are answered, claims and volumes go, tokens end.
 */
import { beforeAll, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  type Kubectl,
  kubectlOf,
  lacksKubectl,
  says as saysOf,
  prints,
} from "../fixtures/kubectl.ts";
import { must } from "../fixtures/process.ts";
import { testedApiServer } from "../fixtures/tested-api-server.ts";

const api = testedApiServer("small-controllers");
const SUITE = "testing";

let kubectl: Kubectl;

beforeAll(() => {
  kubectl = kubectlOf(SUITE, api.server.kubeconfig, api.directory);
});

const says = (...words: string[]): Promise<string> => prints(kubectl, words);

async function apply(object: object): Promise<void> {
  await saysOf(kubectl, ["apply", "-f", "-"], { input: JSON.stringify(object) });
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 150; tries++) {
    if (await holds()) return;
    await Bun.sleep(100);
  }
  throw new Error(`in vain: ${what}`);
}

const needsKubectl = test.skipIf(lacksKubectl(SUITE) !== undefined);

async function used(name: string): Promise<string> {
  const path = `{.status.used.${name.replaceAll(".", "\\.")}}`;
  return await says("-n=counted", "get", "quota", "all", `-o=jsonpath=${path}`);
}

needsKubectl("a quota counts what is there, what comes and what goes", async () => {
  await says("create", "namespace", "counted");
  await says("-n=counted", "create", "configmap", "before");
  const hard = {
    "count/secrets": "1",
    "count/deployments.apps": "1",
    pods: "1",
    "limits.cpu": "1",
  };
  const metadata = { name: "all", namespace: "counted" };
  await apply({ apiVersion: "v1", kind: "ResourceQuota", metadata, spec: { hard } });
  await until("it is counted", async () => (await used("pods")) === "0");
  await says("-n=counted", "create", "secret", "generic", "one");
  expect(await used("count/secrets")).toBe("1");
  const second = await kubectl(["-n=counted", "create", "secret", "generic", "two"]);
  expect(second.stderr).toContain("exceeded quota: all, requested: count/secrets=1, used: ");
  await says("-n=counted", "delete", "secret", "one");
  await until("it is given back", async () => (await used("count/secrets")) === "0");
  await says("-n=counted", "create", "secret", "generic", "two");
  const more = { spec: { hard: { configmaps: "9", pods: null } } };
  await says("-n=counted", "patch", "quota", "all", "--type=merge", "-p", JSON.stringify(more));
  await until("the new limit is counted", async () => Number(await used("configmaps")) >= 1);
  expect(await used("pods")).toBe("");
});

needsKubectl("somebody else's status of a quota does not stay", async () => {
  await says("create", "quota", "settled", "--hard=services=5");
  const limit = async (): Promise<string> =>
    await says("get", "quota", "settled", "-o=jsonpath={.status.hard.services}");
  await until("it has a status", async () => (await limit()) === "5");
  const patch = [
    "--subresource=status",
    "--type=merge",
    '-p={"status":{"hard":{"services":"99"}}}',
  ];
  await says("patch", "quota", "settled", ...patch);
  await until("the status is as the spec again", async () => (await limit()) === "5");
});

async function ask(name: string, signer: string, subject: string, usage: string): Promise<void> {
  const stem = join(api.directory, name);
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const files = ["-keyout", `${stem}.key`, "-out", `${stem}.csr`];
  await must(["openssl", "req", "-new", ...key, "-subj", subject, ...files]);
  await apply({
    apiVersion: "certificates.k8s.io/v1",
    kind: "CertificateSigningRequest",
    metadata: { name },
    spec: {
      request: readFileSync(`${stem}.csr`).toString("base64"),
      signerName: `kubernetes.io/${signer}`,
      usages: ["digital signature", usage],
      expirationSeconds: 7200,
    },
  });
}

async function conditions(name: string): Promise<string> {
  return await says("get", "csr", name, "-o=jsonpath={.status.conditions[*].type}");
}

async function certificateOf(name: string): Promise<string> {
  const path = "-o=jsonpath={.status.certificate}";
  await until("it is signed", async () => (await says("get", "csr", name, path)) !== "");
  return Buffer.from(await says("get", "csr", name, path), "base64").toString();
}

needsKubectl("an approved request becomes a certificate that lets its owner in", async () => {
  await ask("jane", "kube-apiserver-client", "/O=devs/CN=jane", "client auth");
  await says("certificate", "approve", "jane");
  const certificate = join(api.directory, "jane.crt");
  await Bun.write(certificate, await certificateOf("jane"));
  const key = join(api.directory, "jane.key");
  const text = await must(["openssl", "x509", "-in", certificate, "-noout", "-text"]);
  expect(text).toContain("Subject: O = devs, CN = jane");
  expect(text).toContain("TLS Web Client Authentication");
  const config = join(api.directory, "jane.kubeconfig");
  await Bun.write(config, readFileSync(api.server.kubeconfig));
  const set = ["config", "set-credentials", "jane", "--embed-certs", `--kubeconfig=${config}`];
  await says(...set, `--client-certificate=${certificate}`, `--client-key=${key}`);
  const jane = kubectlOf(SUITE, config, api.directory);
  const who = await jane([
    "--user=jane",
    "auth",
    "whoami",
    "-o=jsonpath={.status.userInfo.groups}",
  ]);
  expect(who.stdout).toBe('["devs","system:authenticated"]');
});

needsKubectl("a request that its signer may not sign fails", async () => {
  await ask("wrong", "kube-apiserver-client", "/CN=jane", "server auth");
  await says("certificate", "approve", "wrong");
  await until("it fails", async () => (await conditions("wrong")) === "Approved Failed");
  const path = "-o=jsonpath={.status.conditions[1].message}";
  expect(await says("get", "csr", "wrong", path)).toBe(
    "invalid usage for client certificate: server auth",
  );
});

needsKubectl("a node's own request is approved by itself, a denied one is not signed", async () => {
  const subject = "/O=system:nodes/CN=system:node:worker";
  await ask("worker", "kube-apiserver-client-kubelet", subject, "client auth");
  expect(await certificateOf("worker")).toStartWith("-----BEGIN CERTIFICATE-----");
  expect(await conditions("worker")).toBe("Approved");
  await ask("denied", "kube-apiserver-client", "/CN=jane", "client auth");
  await says("certificate", "deny", "denied");
  expect(await says("get", "csr", "denied", "-o=jsonpath={.status.certificate}")).toBe("");
});

needsKubectl("claims and volumes that nobody uses go; a used claim waits", async () => {
  await says("create", "namespace", "claims");
  const size = { requests: { storage: "1Gi" } };
  const claim = (name: string): object => ({
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: { name, namespace: "claims" },
    spec: { accessModes: ["ReadWriteOnce"], resources: size },
  });
  await apply(claim("free"));
  await apply(claim("used"));
  const volumes = [{ name: "data", persistentVolumeClaim: { claimName: "used" } }];
  const spec = { nodeName: "worker", containers: [{ name: "c", image: "i" }], volumes };
  const metadata = { name: "user", namespace: "claims" };
  await apply({ apiVersion: "v1", kind: "Pod", metadata, spec });
  await says("-n=claims", "delete", "pvc", "free", "--timeout=15s");
  await says("-n=claims", "delete", "pvc", "used", "--wait=false");
  expect(await says("-n=claims", "get", "pvc", "used", "-o=name")).toContain("used");
  await says("-n=claims", "delete", "pod", "user", "--force", "--grace-period=0");
  await says("-n=claims", "wait", "--for=delete", "pvc/used", "--timeout=15s");
  await apply({
    apiVersion: "v1",
    kind: "PersistentVolume",
    metadata: { name: "disk" },
    spec: {
      accessModes: ["ReadWriteOnce"],
      capacity: { storage: "1Gi" },
      hostPath: { path: "/nowhere" },
    },
  });
  await says("delete", "pv", "disk", "--timeout=15s");
  await apply(claim("last"));
  await says("delete", "namespace", "claims", "--timeout=15s");
});

needsKubectl("a bootstrap token goes when it has expired", async () => {
  const token = (name: string, expiration: string): object => ({
    apiVersion: "v1",
    kind: "Secret",
    type: "bootstrap.kubernetes.io/token",
    metadata: { name: `bootstrap-token-${name}`, namespace: "kube-system" },
    stringData: { "token-id": name, "token-secret": "0123456789abcdef", expiration },
  });
  await apply(token("abcdef", "2099-01-01T00:00:00Z"));
  await apply(token("fedcba", "2020-01-01T00:00:00Z"));
  const list = ["-n=kube-system", "get", "secrets", "-o=name"];
  await until("it goes", async () => !(await says(...list)).includes("fedcba"));
  expect(await says(...list)).toContain("abcdef");
});

needsKubectl("a flow schema says whether its priority level is there", async () => {
  const subjects = [{ kind: "User", user: { name: "jane" } }];
  const nonResourceRules = [{ verbs: ["get"], nonResourceURLs: ["/somewhere"] }];
  await apply({
    apiVersion: "flowcontrol.apiserver.k8s.io/v1",
    kind: "FlowSchema",
    metadata: { name: "waiting" },
    spec: {
      priorityLevelConfiguration: { name: "late" },
      rules: [{ subjects, nonResourceRules }],
    },
  });
  const reason = async (): Promise<string> =>
    await says("get", "flowschema", "waiting", "-o=jsonpath={.status.conditions[0].reason}");
  await until("it is missing", async () => (await reason()) === "NotFound");
  await apply({
    apiVersion: "flowcontrol.apiserver.k8s.io/v1",
    kind: "PriorityLevelConfiguration",
    metadata: { name: "late" },
    spec: {
      type: "Limited",
      limited: { nominalConcurrencyShares: 5, limitResponse: { type: "Reject" } },
    },
  });
  await until("it is found", async () => (await reason()) === "Found");
});

needsKubectl("the secret with an account's token goes with the account", async () => {
  const secret = (name: string, account: string): object => ({
    apiVersion: "v1",
    kind: "Secret",
    type: "kubernetes.io/service-account-token",
    metadata: { name, annotations: { "kubernetes.io/service-account.name": account } },
  });
  await says("create", "serviceaccount", "robot");
  await apply(secret("token-of-robot", "robot"));
  await apply(secret("token-of-nobody", "nobody"));
  const there = async (name: string): Promise<boolean> =>
    (await kubectl(["get", "secret", name])).status === 0;
  await until("nobody's goes", async () => !(await there("token-of-nobody")));
  const token = ["get", "secret", "token-of-robot", "-o=jsonpath={.data.token}"];
  await until("it is filled", async () => (await says(...token)) !== "");
  await says("delete", "serviceaccount", "robot");
  await until("it goes", async () => !(await there("token-of-robot")));
});
