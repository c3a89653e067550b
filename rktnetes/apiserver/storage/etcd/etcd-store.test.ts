/** The store's promises, kept by a real etcd. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EventBatch, Store } from "../store.ts";
import { testStore } from "../testsuite.ts";
import { readMembers } from "./endpoints.ts";
import { EtcdStore } from "./etcd-store.ts";

const directory = mkdtempSync(join(tmpdir(), "etcd-store-"));
let etcd: Bun.Subprocess<"ignore", "ignore", "ignore">;
let url = "";

function freePort(): number {
  using server = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  return server.port;
}

beforeAll(async () => {
  const peer = `http://127.0.0.1:${freePort()}`;
  url = `http://127.0.0.1:${freePort()}`;
  const flags = { name: "m", "data-dir": join(directory, "data"), "unsafe-no-fsync": "true" };
  const urls = { "listen-client-urls": url, "advertise-client-urls": url };
  const peers = {
    "listen-peer-urls": peer,
    "initial-advertise-peer-urls": peer,
    "initial-cluster": `m=${peer}`,
  };
  const all = Object.entries({ ...flags, ...urls, ...peers });
  const argv = ["etcd", ...all.map(([name, value]) => `--${name}=${value}`)];
  etcd = Bun.spawn(argv, { stdin: "ignore", stdout: "ignore", stderr: "ignore" });
  for (let attempt = 0; attempt < 40 && !(await answers()); attempt++) await Bun.sleep(100);
}, 30_000);

afterAll(async () => {
  etcd.kill("SIGKILL");
  await etcd.exited;
  rmSync(directory, { recursive: true });
});

async function answers(): Promise<boolean> {
  try {
    await using store = await openEmpty();
    return (await store.currentRevision()) > 0;
  } catch {
    return false;
  }
}

/** All tests share a cluster: each one begins without keys. */
async function openEmpty(): Promise<Store> {
  const store = await EtcdStore.open(readMembers(url, {}));
  for (;;) {
    const { entries } = await store.list("", { limit: 100 });
    if (entries.length === 0) return store;
    await store.commit(
      entries.map(({ key }) => ({ change: { type: "delete", key }, expected: undefined })),
    );
  }
}

testStore("etcd", openEmpty);

test("URLs that name no member are refused", () => {
  for (const text of ["", "127.0.0.1:2379", "ftp://a", "http://a,https://b", "http://a/b"]) {
    expect(() => readMembers(text, {})).toThrow(expect.objectContaining({ kind: "invalid" }));
  }
  expect(readMembers("https://a,https://[::1]:1", {}).addresses).toEqual(["a:2379", "[::1]:1"]);
});

test("where nobody listens that is said", async () => {
  const members = readMembers(`http://127.0.0.1:${freePort()}`, {});
  const opened = EtcdStore.open(members).catch((error: { kind?: unknown }) => error.kind);
  expect(await opened).toBe("unavailable");
});

/** As somebody with etcdctl does it, or another server. */
async function compactBehind(revision: number): Promise<void> {
  const argv = ["etcdctl", `--endpoints=${url}`, "compact", String(revision)];
  const env = { ...process.env, ETCDCTL_API: "3" };
  expect(await Bun.spawn(argv, { env, stdout: "ignore", stderr: "inherit" }).exited).toBe(0);
}

test("what others compact is expired for lists and watches; others go on", async () => {
  await using store = await openEmpty();
  const put = async (text: string): Promise<void> => {
    const change = { type: "put" as const, key: "/a", value: Buffer.from(text) };
    expect((await store.commit([{ change, expected: undefined }])).done).toBe(true);
  };
  await put("1");
  const old = await store.currentRevision();
  const stop = new AbortController();
  const watch = (): AsyncIterator<EventBatch> =>
    store.watch("/", { after: old, signal: stop.signal })[Symbol.asyncIterator]();
  const [behind, current] = [watch(), watch()];
  await put("2");
  await put("3");
  await current.next();
  await compactBehind(await store.currentRevision());
  const kindOf = (work: Promise<unknown>): Promise<unknown> =>
    work.then(
      () => "done",
      (error: { kind?: unknown }) => error.kind,
    );
  expect(await kindOf(store.list("/", { revision: old, limit: 1 }))).toBe("expired");
  expect(await kindOf(behind.next())).toBe("expired");
  await put("4");
  const { value } = (await current.next()) as IteratorYieldResult<EventBatch>;
  expect(value.events.length).toBeGreaterThan(0);
  stop.abort();
});
