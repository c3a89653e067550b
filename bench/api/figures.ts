/** The figures of the API server, each measured beside the bare server. */
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryDirectory } from "@e2e/rkt";
import { median } from "../timing.ts";
import type { ApiFigure } from "./figure.ts";
import { type Answered, load, type Target } from "./load.ts";
import { type ApiServer, startApiServer, startBareServer } from "./servers.ts";
import { hear } from "./watchers.ts";

const SECONDS = 5;
const STARTS = 7;
const IDLE_MS = 10_000;
const PODS = 1000;
const PATCHED = 16;

const MAPS = "/api/v1/namespaces/default/configmaps";
const ALL_PODS = "/api/v1/pods";

/** In the order of the table; the server of each has an empty store. */
export async function* measureApi(): AsyncGenerator<ApiFigure> {
  using directory = temporaryDirectory("bench-api");
  yield* startAndRest(directory.path);
  const inside = subdirectory(directory.path, "load");
  await using ours = await startApiServer(inside);
  await fill(ours);
  await using bare = await startBareServer(inside, await sameAnswers(ours));
  const both = [ours, bare] as const;
  yield* gets(both);
  yield await rate(both, "create", { name: "create, 16 connections", real: 1165, goal: 2330 });
  yield await rate(both, "patch", { name: "merge patch, 16 connections", real: 770, goal: 1540 });
  yield await listOfPods(both);
  yield* watchers(both);
}

function subdirectory(parent: string, name: string): string {
  const path = join(parent, name);
  mkdirSync(path);
  return path;
}

/** From nothing to ready, and the memory of a server that nobody asks. */
async function* startAndRest(directory: string): AsyncGenerator<ApiFigure> {
  const times: number[] = [];
  for (let n = 0; n < STARTS; n++) {
    await using server = await startApiServer(subdirectory(directory, `start-${n}`));
    times.push(server.readyMs);
  }
  yield { name: "ready, empty store", unit: "ms", ours: median(times), real: 2400, goal: 300 };
  await using server = await startApiServer(subdirectory(directory, "rest"));
  await Bun.sleep(IDLE_MS);
  const status = readFileSync(`/proc/${server.pid}/status`, "utf8");
  const ours = Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024;
  yield { name: "memory, idle", unit: "MB", ours, real: 324, goal: 120 };
}

async function* gets(both: readonly [Target, Target]): AsyncGenerator<ApiFigure> {
  const rows = [
    [1, 1275],
    [16, 3869],
    [64, 4240],
  ] as const;
  for (const [connections, real] of rows) {
    const name = `GET of one ConfigMap, ${connections} conn.`;
    yield await rate(both, "get", { name, real, goal: real * 1.5, connections });
  }
}

interface Rate {
  readonly name: string;
  readonly real: number;
  readonly goal: number;
  readonly connections?: number;
}

async function rate(
  [ours, bare]: readonly [Target, Target],
  kind: "create" | "get" | "patch",
  { name, real, goal, connections = 16 }: Rate,
): Promise<ApiFigure> {
  const path = kind === "get" ? `${MAPS}/patched-0` : MAPS;
  const run = (target: Target, seconds: number, prefix: string): Promise<Answered> =>
    load(target, { kind, path, connections, seconds, prefix });
  await run(ours, 1, "warm"); // both are compiled by then
  await run(bare, 1, "warm");
  const answered = await run(ours, SECONDS, "measured");
  const peer = await run(bare, SECONDS, "measured");
  const { perSecond, cpuUs } = answered;
  return { name, unit: "/s", ours: perSecond, cpuUs, bare: peer.perSecond, real, goal };
}

async function listOfPods([ours, bare]: readonly [Target, Target]): Promise<ApiFigure> {
  const list = {
    kind: "get",
    path: ALL_PODS,
    connections: 1,
    seconds: SECONDS,
    prefix: "",
  } as const;
  const { p50Ms, cpuUs } = await load(ours, list);
  const peer = await load(bare, list);
  const name = `list of ${PODS} pods`;
  return { name, unit: "ms", ours: p50Ms, cpuUs, bare: peer.p50Ms, real: 45, goal: 22.5 };
}

/** The bare server brings each write to the same disk before it tells of it. */
async function* watchers([ours, bare]: readonly [Target, Target]): AsyncGenerator<ApiFigure> {
  const watch = `${MAPS}?watch=true&fieldSelector=metadata.name%3Dpatched-0`;
  const heard = await hear(ours, { watch, write: `PATCH ${MAPS}/patched-0` });
  const peer = await hear(bare, { watch: "/watch", write: "POST /write" });
  const name = "100 watchers hear of a write,";
  yield { name: `${name} p50`, unit: "ms", ours: heard.p50Ms, bare: peer.p50Ms, real: 2, goal: 2 };
  yield {
    name: `${name} p99`,
    unit: "ms",
    ours: heard.p99Ms,
    bare: peer.p99Ms,
    real: 11,
    goal: 11,
  };
}

/** What the loads read and patch. */
async function fill(server: ApiServer): Promise<void> {
  for (let n = 0; n < PATCHED; n++)
    await post(server, MAPS, {
      ...{ apiVersion: "v1", kind: "ConfigMap", metadata: { name: `patched-${n}` } },
      data: { a: "1", b: "2" },
    });
  for (let n = 0; n < PODS; n++) await post(server, "/api/v1/namespaces/default/pods", pod(n));
}

/** With defaults and managed fields a little less than 3 kB of JSON. */
function pod(n: number): object {
  const labels = { app: "web", tier: "front", "pod-template-hash": "6d4cf56db6" };
  const env = ["A", "B", "C"].map((name) => ({ name, value: `value of ${name}` }));
  const limits = { cpu: "500m", memory: "128Mi" };
  const probe = { httpGet: { path: "/healthz", port: 8080 }, periodSeconds: 5 };
  const container = {
    ...{ name: "web", image: "registry.example/web:1.2.3", env },
    ...{ resources: { limits, requests: limits }, ports: [{ containerPort: 8080 }] },
    ...{ livenessProbe: probe, readinessProbe: probe },
  };
  return {
    ...{ apiVersion: "v1", kind: "Pod", metadata: { name: `web-${n}`, labels } },
    spec: { containers: [container], terminationGracePeriodSeconds: 30 },
  };
}

async function ask(server: Target, path: string, init: RequestInit = {}): Promise<string> {
  const headers = { authorization: `Bearer ${server.token}`, "content-type": "application/json" };
  const answer = await fetch(`${server.url}${path}`, {
    ...init,
    headers,
    tls: { rejectUnauthorized: false },
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text}`);
  return text;
}

function post(server: Target, path: string, body: object): Promise<string> {
  return ask(server, path, { method: "POST", body: JSON.stringify(body) });
}

async function sameAnswers(server: ApiServer): Promise<Record<string, string>> {
  const one = await ask(server, `${MAPS}/patched-0`);
  return {
    [`GET ${MAPS}/patched-0`]: one,
    [`POST ${MAPS}`]: one,
    [`PATCH ${MAPS}/*`]: one,
    [`GET ${ALL_PODS}`]: await ask(server, ALL_PODS),
  };
}
