/**
 * One user who asks for more than the server can do at once: nodes go on renewing their leases,
 * others are served, and the one who asks too much is told to come back.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type ApiServer, startApiServer } from "../fixtures/api-server.ts";
import { createAuthority } from "../fixtures/authority.ts";
import { type JsonServer, startJsonServer } from "../fixtures/json-server.ts";
import { must } from "../fixtures/process.ts";
import { temporaryDirectory } from "../fixtures/temporary-directory.ts";

const THINKING_MS = 1000;
const directory = temporaryDirectory("fairness");

let server: ApiServer;
let program: JsonServer;
let bundle = "";
let pem: (name: string) => string;

const TOKENS = `noisy,noisy,1
quiet,quiet,2
node,system:node:n1,3,"system:nodes"
admin,admin,4,"system:masters"
`;

beforeAll(async () => {
  await must([process.execPath, "run", join(import.meta.dir, "../../tools/build/build.ts")]);
  const authority = await createAuthority(directory.path);
  bundle = readFileSync(authority.file).toString("base64");
  program = await startJsonServer(authority, async (_path, body) => {
    await Bun.sleep(THINKING_MS);
    const { uid } = body["request"] as { uid: string };
    const response = { uid, allowed: true };
    return { kind: "AdmissionReview", apiVersion: "admission.k8s.io/v1", response };
  });
  const tokens = join(directory.path, "tokens.csv");
  writeFileSync(tokens, TOKENS);
  server = await startApiServer(directory.path, [`--token-auth-file=${tokens}`]);
  const text = readFileSync(server.kubeconfig, "utf8");
  pem = (name) =>
    Buffer.from(new RegExp(`${name}-data: (\\S+)`).exec(text)?.[1] ?? "", "base64").toString();
});

afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await program[Symbol.asyncDispose]();
  directory[Symbol.dispose]();
});

interface Asking {
  readonly method?: string;
  readonly body?: object;
}

function ask(
  token: string,
  path: string,
  { method = "GET", body }: Asking = {},
): Promise<Response> {
  return fetch(`${server.url}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    tls: { ca: pem("certificate-authority") },
  });
}

const FLOW = "/apis/flowcontrol.apiserver.k8s.io/v1";
const LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases";
const MAPS = "/api/v1/namespaces/default/configmaps";

/** The user `noisy` has a level of its own, with one seat and a short queue. */
async function confine(): Promise<void> {
  const level = {
    metadata: { name: "noisy" },
    spec: {
      type: "Limited",
      limited: {
        nominalConcurrencyShares: 1,
        lendablePercent: 0,
        borrowingLimitPercent: 0,
        limitResponse: {
          type: "Queue",
          queuing: { queues: 1, handSize: 1, queueLengthLimit: 3 },
        },
      },
    },
  };
  const rule = {
    subjects: [{ kind: "User", user: { name: "noisy" } }],
    resourceRules: [
      { verbs: ["*"], apiGroups: ["*"], resources: ["*"], namespaces: ["*"], clusterScope: true },
    ],
  };
  const schema = {
    metadata: { name: "noisy" },
    spec: {
      priorityLevelConfiguration: { name: "noisy" },
      matchingPrecedence: 500,
      distinguisherMethod: { type: "ByUser" },
      rules: [rule],
    },
  };
  const places = { prioritylevelconfigurations: level, flowschemas: schema };
  for (const [plural, body] of Object.entries(places)) {
    expect((await ask("admin", `${FLOW}/${plural}`, { method: "POST", body })).status).toBe(201);
  }
}

/** Whoever writes a config map of this label waits for a program that thinks for long. */
async function slowDown(): Promise<void> {
  const rule = { operations: ["CREATE"], apiGroups: [""], apiVersions: ["v1"] };
  const webhook = {
    name: "slow.example.com",
    clientConfig: { url: `${program.url}/slow`, caBundle: bundle },
    rules: [{ ...rule, resources: ["configmaps"] }],
    objectSelector: { matchLabels: { slow: "yes" } },
    sideEffects: "None",
    admissionReviewVersions: ["v1"],
  };
  const path = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations";
  const body = { metadata: { name: "slow" }, webhooks: [webhook] };
  expect((await ask("admin", path, { method: "POST", body })).status).toBe(201);
}

async function letWrite(): Promise<void> {
  const role = { kind: "ClusterRole", name: "edit", apiGroup: "rbac.authorization.k8s.io" };
  const subjects = ["noisy", "quiet"].map((name) => ({ kind: "User", name }));
  const body = { metadata: { name: "writers" }, roleRef: role, subjects };
  const bindings = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings";
  expect((await ask("admin", bindings, { method: "POST", body })).status).toBe(201);
}

const FLOOD = 60;

test("nodes renew their leases while one user has filled all its places", async () => {
  await confine();
  await slowDown();
  await letWrite();
  const lease = { metadata: { name: "n1" }, spec: { holderIdentity: "n1" } };
  expect((await ask("node", LEASES, { method: "POST", body: lease })).status).toBe(201);

  const flood = Promise.all(
    Array.from({ length: FLOOD }, (_each, at) => {
      const body = { metadata: { name: `noisy-${at}`, labels: { slow: "yes" } } };
      return ask("noisy", MAPS, { method: "POST", body });
    }),
  );
  for (let renewal = 0; renewal < 10; renewal++) {
    const read = await ask("node", `${LEASES}/n1`);
    const held = (await read.json()) as { spec: object };
    const body = { ...held, spec: { ...held.spec, leaseDurationSeconds: 40 + renewal } };
    expect((await ask("node", `${LEASES}/n1`, { method: "PUT", body })).status).toBe(200);
    expect((await ask("quiet", MAPS)).status).toBe(200);
  }
  const answers = await flood;
  const refused = answers.filter(({ status }) => status === 429);
  const served = answers.filter(({ status }) => status === 201);
  expect(refused.length + served.length).toBe(FLOOD);
  expect(served.length).toBeGreaterThan(0);
  expect(refused.length).toBeGreaterThan(0);
  expect(refused[0]?.headers.get("retry-after")).toBe("1");
  const [uid] = refused.map(({ headers }) => headers.get("x-kubernetes-pf-flowschema-uid"));
  const own = (await (await ask("admin", `${FLOW}/flowschemas/noisy`)).json()) as {
    metadata: { uid: string };
  };
  expect(uid).toBe(own.metadata.uid);
});

test("whoever looks finds the levels, and what became of requests", async () => {
  const levels = "/debug/api_priority_and_fairness/dump_priority_levels";
  const table = await (await ask("admin", levels)).text();
  expect(table).toMatch(/^PriorityLevelName, +ActiveQueues, +IsIdle, /);
  expect(table).toMatch(/^noisy, +0, +true, +false, +0, +0, +[1-9]\d*, +[1-9]\d*, /m);
  const metrics = await (await ask("admin", "/metrics")).text();
  const labels = 'flow_schema="noisy",priority_level="noisy"';
  const refused = `apiserver_flowcontrol_rejected_requests_total{${labels},reason="queue-full"}`;
  expect(metrics).toContain(refused);
  const watch = await ask("quiet", `${MAPS}?watch=true&timeoutSeconds=1`);
  expect(watch.headers.get("x-kubernetes-pf-prioritylevel-uid")).toMatch(/^[0-9a-f-]{36}$/);
  await watch.text();
});
