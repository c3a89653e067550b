/** Webhooks against a program that answers over TLS, as a cluster has them. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import type { Json, JsonObject } from "@rktnetes/api/schema";
import { systemClock } from "@shared/base";
import {
  createAuthority,
  issueCertificate,
  type KeyPair,
} from "../../certificates/certificates.ts";
import { create } from "../../registry/create.ts";
import { type Cluster, openCluster } from "../../testing/cluster.ts";

interface Asked {
  readonly path: string;
  readonly request: JsonObject;
}

type Answering = (asked: Asked) => JsonObject | "nothing";

let authority: KeyPair;
let server: Server;
let port = 0;
let answer: Answering = () => ({ allowed: true });
let asked: Asked[] = [];

beforeAll(async () => {
  const now = systemClock.now();
  const times = { notBeforeMs: now - 60_000, notAfterMs: now + 3_600_000 };
  authority = createAuthority({ ...times, commonName: "test", serial: randomBytes(16) });
  const names = ["127.0.0.1"];
  const leaf = { ...times, commonName: "hook", purpose: "server", names } as const;
  const { key, certificate } = issueCertificate(authority, { ...leaf, serial: randomBytes(16) });
  server = createServer({ key, cert: certificate }, (request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      const review = JSON.parse(Buffer.concat(parts).toString()) as { request: JsonObject };
      const one = { path: request.url ?? "", request: review.request };
      asked.push(one);
      const said = answer(one);
      if (said === "nothing") return;
      const whole = {
        kind: "AdmissionReview",
        apiVersion: "admission.k8s.io/v1",
        response: { uid: review.request["uid"], ...said },
      };
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify(whole));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  port = (server.address() as AddressInfo).port;
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
});

type Kind = "ValidatingWebhookConfiguration" | "MutatingWebhookConfiguration";

function webhook(name: string, more: JsonObject = {}): JsonObject {
  return {
    name,
    clientConfig: {
      url: `https://127.0.0.1:${port}/${name}`,
      caBundle: Buffer.from(authority.certificate).toString("base64"),
    },
    rules: [
      { apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["configmaps"] },
    ],
    failurePolicy: "Fail",
    sideEffects: "None",
    timeoutSeconds: 5,
    admissionReviewVersions: ["v1"],
    ...more,
  };
}

async function install(cluster: Cluster, kind: Kind, webhooks: JsonObject[]): Promise<void> {
  const resource = await cluster.resource("admissionregistration.k8s.io", `${kind.toLowerCase()}s`);
  const object = { metadata: { name: "w" }, webhooks };
  await create(cluster.registry, resource, object, cluster.request({ name: "w" }));
}

async function configMap(
  cluster: Cluster,
  { dryRun = false, labels = {} }: { dryRun?: boolean; labels?: Record<string, string> } = {},
): Promise<{ object: JsonObject; warnings: readonly string[] }> {
  const warnings: string[] = [];
  const warn = (text: string): void => void warnings.push(text);
  const asking = cluster.request({ namespace: "default", name: "c", dryRun, warn });
  const object = { metadata: { name: "c", labels }, data: { a: "1" } };
  const resource = await cluster.resource("", "configmaps");
  const written = await create(cluster.registry, resource, object, asking);
  return { object: written.object.copy(), warnings };
}

function patchOf(...operations: Json[]): JsonObject {
  const patch = Buffer.from(JSON.stringify(operations)).toString("base64");
  return { allowed: true, patchType: "JSONPatch", patch };
}

function failureIn(attempt: Promise<unknown>): Promise<string> {
  return attempt.then(
    () => "nothing went wrong",
    (error: Error) => error.message,
  );
}

test("a mutating webhook changes the object; one that asked for it is asked again", async () => {
  await using cluster = await openCluster();
  asked = [];
  answer = ({ path }) =>
    path.startsWith("/second")
      ? patchOf({ op: "add", path: "/data/b", value: "2" })
      : { allowed: true, warnings: ["looked"] };
  const first = webhook("first.test.io", { reinvocationPolicy: "IfNeeded" });
  await install(cluster, "MutatingWebhookConfiguration", [first, webhook("second.test.io")]);
  const { object, warnings } = await configMap(cluster);
  expect(object["data"]).toEqual({ a: "1", b: "2" });
  expect(warnings).toContain("looked");
  const paths = asked.map(({ path }) => path.slice(1, path.indexOf("?")));
  expect(paths).toEqual(["first.test.io", "second.test.io", "first.test.io"]);
  const seen = asked[2]?.request["object"] as JsonObject;
  expect(seen["data"]).toEqual({ a: "1", b: "2" });
});

test("a validating webhook sees who writes what, and the client hears its refusal", async () => {
  await using cluster = await openCluster();
  asked = [];
  answer = () => ({ allowed: false, status: { code: 418, message: "no tea" } });
  await install(cluster, "ValidatingWebhookConfiguration", [webhook("v.test.io")]);
  const why = await failureIn(configMap(cluster));
  expect(why).toBe('admission webhook "v.test.io" denied the request: no tea');
  expect(asked[0]?.request).toMatchObject({
    operation: "CREATE",
    namespace: "default",
    name: "c",
    dryRun: false,
    userInfo: { username: "tester" },
    oldObject: null,
    resource: { group: "", version: "v1", resource: "configmaps" },
  });
  answer = () => ({ allowed: false });
  expect(await failureIn(configMap(cluster))).toEndWith("denied the request without explanation");
});

test("a webhook that cannot be trusted or answers nonsense stops the request", async () => {
  await using cluster = await openCluster();
  answer = () => ({ allowed: true, uid: "other" });
  await install(cluster, "ValidatingWebhookConfiguration", [webhook("v.test.io")]);
  expect(await failureIn(configMap(cluster))).toContain('failed calling webhook "v.test.io"');
  await using second = await openCluster();
  const other = createAuthority({
    commonName: "other",
    notBeforeMs: 0,
    notAfterMs: systemClock.now() + 60_000,
    serial: randomBytes(16),
  });
  const bundle = Buffer.from(other.certificate).toString("base64");
  const url = `https://127.0.0.1:${port}/x`;
  answer = () => ({ allowed: true });
  await install(second, "ValidatingWebhookConfiguration", [
    webhook("v.test.io", { clientConfig: { url, caBundle: bundle } }),
  ]);
  expect(await failureIn(configMap(second))).toContain('failed calling webhook "v.test.io"');
  await using third = await openCluster();
  await install(third, "ValidatingWebhookConfiguration", [
    webhook("v.test.io", { clientConfig: { url, caBundle: bundle }, failurePolicy: "Ignore" }),
  ]);
  expect((await configMap(third)).object["data"]).toEqual({ a: "1" });
});

test("one that never answers is given up after its timeout", async () => {
  await using cluster = await openCluster();
  answer = () => "nothing";
  const slow = webhook("v.test.io", { timeoutSeconds: 1 });
  await install(cluster, "ValidatingWebhookConfiguration", [slow]);
  expect(await failureIn(configMap(cluster))).toEndWith("context deadline exceeded");
});

test("selectors keep webhooks from being asked", async () => {
  await using cluster = await openCluster();
  asked = [];
  answer = () => ({ allowed: false });
  await install(cluster, "ValidatingWebhookConfiguration", [
    webhook("o.test.io", { objectSelector: { matchLabels: { judged: "yes" } } }),
    webhook("n.test.io", { namespaceSelector: { matchLabels: { judged: "yes" } } }),
  ]);
  await configMap(cluster, { dryRun: true });
  expect(asked).toEqual([]);
  const marked = configMap(cluster, { labels: { judged: "yes" } });
  expect(await failureIn(marked)).toContain('"o.test.io" denied');
});

test("configurations of webhooks are never shown to webhooks", async () => {
  await using cluster = await openCluster();
  asked = [];
  answer = () => ({ allowed: false });
  const rules = [
    { apiGroups: ["*"], apiVersions: ["*"], operations: ["*"], resources: ["*"], scope: "*" },
  ];
  await install(cluster, "ValidatingWebhookConfiguration", [webhook("all.test.io", { rules })]);
  await install(cluster, "MutatingWebhookConfiguration", [webhook("all.test.io", { rules })]);
  expect(asked).toEqual([]);
  expect(await failureIn(configMap(cluster))).toContain('"all.test.io" denied');
});
