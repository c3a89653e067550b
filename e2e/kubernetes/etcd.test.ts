/**
 * `rktnetes server --datastore etcd=…`: three members, of which one is killed and another one is
 * cut off while clients write. Nothing that was answered is lost, and watches miss nothing.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type EtcdCluster, startEtcdCluster } from "../fixtures/etcd-cluster.ts";
import { must, run, type Server, startServer } from "../fixtures/process.ts";
import { temporaryDirectory } from "../fixtures/temporary-directory.ts";

const RKTNETES = join(import.meta.dir, "../../dist/rktnetes");
const MAPS = "/api/v1/namespaces/default/configmaps";
const NAMESPACES = "/api/v1/namespaces";
const WRITERS = 4;

const directory = temporaryDirectory("etcd");
const socket = join(directory.path, "proxy");
let etcd: EtcdCluster;
let api: Server;
let proxy: Server;

/** kubectl's proxy listens on a socket in the file system, which no network namespace hides. */
beforeAll(async () => {
  await must([process.execPath, "run", join(import.meta.dir, "../../tools/build/build.ts")]);
  etcd = await startEtcdCluster(directory.path);
  const kubeconfig = join(directory.path, "kubeconfig");
  const data = join(directory.path, "data");
  const flags = [`--datastore=etcd=${etcd.urls}`, `--data-dir=${data}`, "--port=0"];
  const words = [RKTNETES, "server", "--only=api", ...flags, `--write-kubeconfig=${kubeconfig}`];
  api = await startServer([...etcd.inside, ...words], /ready on/);
  const kubectl = ["env", `HOME=${directory.path}`, "kubectl", `--kubeconfig=${kubeconfig}`];
  const serve = ["proxy", `--unix-socket=${socket}`];
  proxy = await startServer([...etcd.inside, ...kubectl, ...serve], /Starting to serve/);
  expect(existsSync(socket)).toBe(true);
}, 60_000);

afterAll(async () => {
  await proxy[Symbol.asyncDispose]();
  await api[Symbol.asyncDispose]();
  await etcd[Symbol.asyncDispose]();
  directory[Symbol.dispose]();
});

function ask(path: string, init: RequestInit = {}): Promise<Response> {
  const headers = { "content-type": "application/json" };
  return fetch(`http://localhost${path}`, { ...init, headers, unix: socket });
}

/** Names of maps that the server said it has created. */
async function write(id: number, signal: AbortSignal): Promise<string[]> {
  const answered: string[] = [];
  for (let at = 0; !signal.aborted; at++) {
    const name = `w${id}-${at}`;
    const body = JSON.stringify({ metadata: { name }, data: { at: String(at) } });
    const answer = await ask(MAPS, { method: "POST", body }).catch(() => undefined);
    await answer?.arrayBuffer().catch(() => undefined);
    if (answer?.status === 201) answered.push(name);
    else await Bun.sleep(50);
  }
  return answered;
}

interface Listed {
  readonly metadata: { readonly resourceVersion: string };
  readonly items: readonly { readonly metadata: { readonly name: string } }[];
}

async function list(): Promise<Listed> {
  const answer = await ask(MAPS);
  expect(answer.status).toBe(200);
  return (await answer.json()) as Listed;
}

interface Seen {
  readonly object: {
    readonly metadata: { readonly name?: string; readonly resourceVersion: string };
  };
  readonly type: string;
}

/** Names that a watch told of, which goes on where it was until it has seen a revision. */
async function watch(from: string, until: () => number): Promise<Set<string>> {
  const names = new Set<string>();
  for (let at = from; Number(at) < until(); ) {
    const path = `${MAPS}?watch=true&allowWatchBookmarks=true&resourceVersion=${at}`;
    const answer = await ask(`${path}&timeoutSeconds=3`);
    for (const line of (await answer.text()).split("\n").filter((each) => each !== "")) {
      const { type, object } = JSON.parse(line) as Seen;
      expect(["ADDED", "BOOKMARK"]).toContain(type);
      at = object.metadata.resourceVersion;
      if (object.metadata.name !== undefined) names.add(object.metadata.name);
    }
  }
  return names;
}

test("members come and go: what was answered stays, watches see all of it", async () => {
  const before = await list();
  const stop = new AbortController();
  const writers = Array.from({ length: WRITERS }, (_, id) => write(id, stop.signal));
  let until = Number.POSITIVE_INFINITY;
  const watched = watch(before.metadata.resourceVersion, () => until);
  for (const member of [1, 2, 3]) {
    await Bun.sleep(1000);
    const restart = await etcd.stop(member);
    await Bun.sleep(3000);
    await restart();
    await Bun.sleep(2000);
    const heal = await etcd.cutOff(member);
    await Bun.sleep(3000);
    await heal();
  }
  await Bun.sleep(2000);
  stop.abort();
  const answered = (await Promise.all(writers)).flat();
  // The last word: a watch that has seen it has seen everything.
  expect((await ask(MAPS, { method: "POST", body: '{"metadata":{"name":"last"}}' })).status).toBe(
    201,
  );
  const after = await list();
  until = Number(after.metadata.resourceVersion);
  const listed = new Set(after.items.map(({ metadata }) => metadata.name));
  expect(answered.filter((name) => !listed.has(name))).toEqual([]);
  expect(answered.length).toBeGreaterThan(100);
  const known = new Set(before.items.map(({ metadata }) => metadata.name));
  const seen = await watched;
  expect([...listed].filter((name) => !known.has(name) && !seen.has(name))).toEqual([]);
}, 120_000);

test("what somebody else compacts is gone for clients too, who list again", async () => {
  const page = (await (await ask(`${NAMESPACES}?limit=1`)).json()) as {
    readonly metadata: { readonly continue: string; readonly resourceVersion: string };
  };
  const { continue: next } = page.metadata;
  expect(next).toBeTruthy();
  expect((await ask(MAPS, { method: "POST", body: '{"metadata":{"name":"more"}}' })).status).toBe(
    201,
  );
  const { metadata } = await list();
  const etcdctl = [...etcd.inside, "env", "ETCDCTL_API=3", "etcdctl", `--endpoints=${etcd.urls}`];
  await must([...etcdctl, "compact", metadata.resourceVersion]);
  const refused = await ask(`${NAMESPACES}?limit=1&continue=${next}`);
  expect([refused.status, await refused.json()]).toMatchObject([410, { reason: "Expired" }]);
  const old = await ask(`${MAPS}?watch=true&timeoutSeconds=5&resourceVersion=2`);
  expect(await old.text()).toContain('"code":410');
  const again = await list();
  const from = again.metadata.resourceVersion;
  const watched = ask(`${MAPS}?watch=true&timeoutSeconds=1&resourceVersion=${from}`);
  await ask(MAPS, { method: "POST", body: '{"metadata":{"name":"afterwards"}}' });
  expect(await (await watched).text()).toContain('"name":"afterwards"');
}, 30_000);

test("the objects move to a file and back to an empty cluster only", async () => {
  const { items } = await list();
  const home = `--data-dir=${join(directory.path, "moved")}`;
  const migrate = [...etcd.inside, RKTNETES, "store", "migrate", home];
  const at = `etcd=${etcd.urls}`;
  const moved = await run([...migrate, `--datastore=${at}`, "--to=sqlite"]);
  expect([moved.status, moved.stderr]).toEqual([0, ""]);
  const count = Number(/copied (\d+) objects/.exec(moved.stdout)?.[1]);
  expect(count).toBeGreaterThan(items.length);
  const verified = await must([RKTNETES, "store", "verify", home]);
  expect(verified).toContain(`: ${count} objects at `);
  const back = await run([...migrate, `--to=${at}`]);
  expect([back.status, back.stderr]).toEqual([1, expect.stringContaining("has objects already")]);
}, 60_000);
