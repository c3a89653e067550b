/**
 * `rktnetes server --only api`: it starts, lets the right people in, serves, and ends when told to.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { must, run, type Server, startServer } from "../fixtures/process.ts";
import { temporaryDirectory } from "../fixtures/temporary-directory.ts";

const RKTNETES = join(import.meta.dir, "../../dist/rktnetes");
const directory = temporaryDirectory("server");
const data = join(directory.path, "data");
const kubeconfig = join(directory.path, "kubeconfig");
const READY = /ready on (https:\/\/127\.0\.0\.1:(\d+))\n/;

interface Running extends Server {
  readonly url: string;
  readonly port: string;
}

async function start(port: string = "0"): Promise<Running> {
  const flags = [`--data-dir=${data}`, `--write-kubeconfig=${kubeconfig}`, "--only=api"];
  // As in files for kube-apiserver.
  const usual = [`--secure-port=${port}`, "--event-ttl=30m", "--allow-privileged=true", "-v=2"];
  const server = await startServer([RKTNETES, "server", ...flags, ...usual], READY);
  const [, url = "", used = ""] = server.match;
  const stop = async (): Promise<void> => await server[Symbol.asyncDispose]();
  return { pid: server.pid, url, port: used, [Symbol.asyncDispose]: stop };
}

function pem(name: string): string {
  const found = new RegExp(`${name}-data: (\\S+)`).exec(readFileSync(kubeconfig, "utf8"))?.[1];
  return Buffer.from(found ?? "", "base64").toString();
}

interface Asking {
  readonly method?: string;
  readonly body?: unknown;
  readonly anonymous?: boolean;
  readonly headers?: Record<string, string>;
}

function ask(path: string, asking: Asking = {}): Promise<Response> {
  const { method = "GET", body, anonymous = false, headers = {} } = asking;
  const keys = anonymous ? {} : { cert: pem("client-certificate"), key: pem("client-key") };
  const content = body === undefined ? {} : { body: JSON.stringify(body) };
  return fetch(`${server.url}${path}`, {
    method,
    headers: { "content-type": "application/json", ...headers },
    ...content,
    tls: { ca: pem("certificate-authority"), ...keys },
  });
}

const MAPS = "/api/v1/namespaces/default/configmaps";

let server: Running;

beforeAll(async () => {
  await must([process.execPath, "run", join(import.meta.dir, "../../tools/build/build.ts")]);
  server = await start();
});

afterAll(async () => {
  await server[Symbol.asyncDispose]();
  directory[Symbol.dispose]();
});

test("the administrator writes, reads and deletes; a watch sees all of it", async () => {
  const list = (await (await ask(MAPS)).json()) as { metadata: { resourceVersion: string } };
  const from = list.metadata.resourceVersion;
  const mine = "fieldSelector=metadata.name%3Da"; // controllers write here too
  const watch = await ask(`${MAPS}?watch=true&${mine}&resourceVersion=${from}&timeoutSeconds=2`);
  const map = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" }, data: { k: "<&>" } };
  expect((await ask(MAPS, { method: "POST", body: map })).status).toBe(201);
  expect((await ask(MAPS, { method: "POST", body: map })).status).toBe(409);
  const read = (await (await ask(`${MAPS}/a`)).json()) as { data: unknown };
  expect(read.data).toEqual({ k: "<&>" });
  expect((await ask(`${MAPS}/a`, { method: "DELETE" })).status).toBe(200);
  expect((await ask(`${MAPS}/a`)).status).toBe(404);
  const events = (await watch.text()).trimEnd().split("\n");
  const types = events.map((line) => (JSON.parse(line) as { type: string }).type);
  expect(types).toEqual(["ADDED", "DELETED"]);
});

test("others are told that they may not, bad credentials that they are bad", async () => {
  expect((await ask(MAPS, { anonymous: true })).status).toBe(403);
  expect((await ask("/readyz", { anonymous: true })).status).toBe(200);
  const headers = { authorization: "Bearer nonsense" };
  expect((await ask(MAPS, { anonymous: true, headers })).status).toBe(401);
});

test("long answers are compressed for those who can read that", async () => {
  const body = { metadata: { name: "long" }, data: { k: "x".repeat(200_000) } };
  expect((await ask(MAPS, { method: "POST", body })).status).toBe(201);
  const answer = await ask(`${MAPS}/long`, { headers: { "accept-encoding": "gzip" } });
  expect(answer.headers.get("content-encoding")).toBe("gzip");
  expect(((await answer.json()) as { data: { k: string } }).data.k.length).toBe(200_000);
});

test("private keys are the owner's alone", () => {
  for (const file of [kubeconfig, join(data, "pki/ca.key"), join(data, "pki/server.key")]) {
    expect(statSync(file).mode & 0o077).toBe(0);
  }
});

/** The sum of all series with this name and these labels. */
async function metric(name: string, ...labels: readonly string[]): Promise<number> {
  const lines = (await (await ask("/metrics")).text()).split("\n");
  const mine = lines.filter((line) => line.startsWith(`${name}{`));
  const found = mine.filter((line) => labels.every((label) => line.includes(label)));
  return found.reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
}

test("metrics say what was asked, what still goes on and what is stored", async () => {
  const total = ["apiserver_request_total", 'resource="limitranges"', 'scope="namespace"'] as const;
  const kind = ['resource="limitranges"', 'scope="namespace"', 'verb="WATCH"'] as const;
  const path = "/api/v1/namespaces/default/limitranges";
  const before = await metric(...total, 'verb="LIST"', 'code="200"');
  await ask(path);
  await ask(path, { anonymous: true });
  expect(await metric(...total, 'verb="LIST"', 'code="200"')).toBe(before + 1);
  expect(await metric(...total, 'verb="LIST"', 'code="403"')).toBe(1);
  const took = ["apiserver_request_duration_seconds_count", ...total.slice(1)] as const;
  expect(await metric(...took, 'verb="LIST"')).toBe(before + 2);
  const watch = await ask(`${path}?watch=true&timeoutSeconds=1`);
  expect(await metric("apiserver_longrunning_requests", ...kind)).toBe(1);
  await watch.text();
  expect(await metric("apiserver_longrunning_requests", ...kind)).toBe(0);
  expect(await metric("apiserver_storage_objects", '{resource="namespaces"}')).toBe(4);
  await ask("/api/v1/componentstatuses");
  const outgoing = ['resource="componentstatuses"', 'version="v1"', 'removed_release=""'];
  expect(await metric("apiserver_requested_deprecated_apis", ...outgoing)).toBe(1);
  expect(await metric("apiserver_current_inflight_requests", '"readOnly"')).toBeGreaterThan(0);
});

test("told to stop it ends its watches, and it starts again with the same keys", async () => {
  const before = pem("certificate-authority");
  const watch = await ask(`${MAPS}?watch=true`);
  const { port } = server;
  process.kill(server.pid, "SIGTERM");
  await watch.text();
  await server[Symbol.asyncDispose]();
  server = await start(port);
  expect(pem("certificate-authority")).toBe(before);
  expect((await ask("/version")).status).toBe(200);
});

test("what cannot work is said on one line", async () => {
  const flags = ["--only=api", `--data-dir=${data}-2`];
  const refused: readonly (readonly [argv: readonly string[], line: string])[] = [
    [[...flags, `--port=${server.port}`], `listen on "127.0.0.1:${server.port}": it is in use`],
    [[...flags, "--port=x"], 'invalid argument "x" for --port: not a port'],
    [[...flags, "--prot=1"], "unknown flag: --prot"],
    [[...flags, "--service-account-lookup=false"], "set --service-account-lookup to"],
    [["--only=api", "--data-dir=/dev/null/x"], 'make directory "/dev/null/x/pki"'],
  ];
  for (const [argv, line] of refused) {
    const { status, stdout, stderr } = await run([RKTNETES, "server", ...argv]);
    expect([status, stdout]).toEqual([1, ""]);
    expect(stderr).toStartWith(`rktnetes: ${line}`);
    expect(stderr.split("\n").filter((text) => text.startsWith("rktnetes: "))).toHaveLength(1);
  }
});
