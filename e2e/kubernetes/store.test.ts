/**
 * What a server has stored: there after it was killed, taken and restored, verified, hidden, moved;
 * and one clear line where that is not possible.
 */
import { Database } from "bun:sqlite";
import { afterAll, beforeAll, expect, test } from "bun:test";
import { cpSync, openSync, readdirSync, readFileSync, rmSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import { must, run, startServer } from "../fixtures/process.ts";
import { temporaryDirectory } from "../fixtures/temporary-directory.ts";

const RKTNETES = join(import.meta.dir, "../../dist/rktnetes");
const MAPS = "/api/v1/namespaces/default/configmaps";
const SECRETS = "/api/v1/namespaces/default/secrets";
const PASSWORD = "correct horse battery staple";
const directory = temporaryDirectory("store");

interface Running extends AsyncDisposable {
  readonly pid: number;
  ask(path: string, body?: unknown, method?: string): Promise<Response>;
}

async function start(data: string, before: readonly string[] = []): Promise<Running> {
  const kubeconfig = `${data}.kubeconfig`;
  const flags = [
    "--only=api",
    "--port=0",
    `--data-dir=${data}`,
    `--write-kubeconfig=${kubeconfig}`,
  ];
  const argv = [...before, RKTNETES, "server", ...flags];
  const server = await startServer(argv, /ready on (https:\/\/127\.0\.0\.1:\d+)\n/);
  const pem = (name: string): string => {
    const found = new RegExp(`${name}-data: (\\S+)`).exec(readFileSync(kubeconfig, "utf8"))?.[1];
    return Buffer.from(found ?? "", "base64").toString();
  };
  const tls = {
    ca: pem("certificate-authority"),
    cert: pem("client-certificate"),
    key: pem("client-key"),
  };
  const ask: Running["ask"] = (path, body, method = body === undefined ? "GET" : "POST") =>
    fetch(`${server.match[1]}${path}`, {
      method,
      headers: { "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      tls,
    });
  const stop = async (): Promise<void> => await server[Symbol.asyncDispose]();
  return { pid: server.pid, ask, [Symbol.asyncDispose]: stop };
}

const store = (...words: readonly string[]): ReturnType<typeof run> =>
  run([RKTNETES, "store", ...words]);

const map = (name: string, text = ""): unknown => ({ metadata: { name }, data: { text } });

const data = join(directory.path, "data");
let server: Running;

beforeAll(async () => {
  await must([process.execPath, "run", join(import.meta.dir, "../../tools/build/build.ts")]);
  server = await start(data);
}, 60_000);

afterAll(async () => {
  await server[Symbol.asyncDispose]();
  directory[Symbol.dispose]();
});

const KILLS = Number(process.env["CRASH_ROUNDS"] ?? "3");
const WRITERS = 16;

interface Named {
  readonly items: readonly { readonly metadata: { readonly name: string } }[];
  readonly metadata: { readonly resourceVersion: string };
}

/** Names, and the revision that they are of. */
async function listed(selector: string): Promise<[names: ReadonlySet<string>, revision: number]> {
  const answer = await server.ask(`${MAPS}?labelSelector=${selector}`);
  const { items, metadata } = (await answer.json()) as Named;
  return [new Set(items.map((item) => item.metadata.name)), Number(metadata.resourceVersion)];
}

/** Creates maps until the server is gone; says when there were so many. */
async function writeUntilKilled(
  [round, id]: readonly [round: number, id: number],
  answered: string[],
  enough: () => void,
): Promise<void> {
  for (let at = 0; ; at++) {
    const name = `k${round}-${id}-${at}`;
    const body = { metadata: { name, labels: { round: String(round) } } };
    const answer = await server.ask(MAPS, body).catch(() => undefined);
    if (answer?.status !== 201) return;
    answered.push(name);
    if (answered.length === 500) enough();
  }
}

/** What was answered before the server was killed, and after how long. */
async function killWhileWriting(round: number): Promise<[answered: string[], seconds: number]> {
  const answered: string[] = [];
  const began = Bun.nanoseconds();
  const kill = (): void => void process.kill(server.pid, "SIGKILL");
  const ids = Array.from({ length: WRITERS }, (_, id) => id);
  await Promise.all(ids.map((id) => writeUntilKilled([round, id], answered, kill)));
  return [answered, (Bun.nanoseconds() - began) / 1e9];
}

test(
  `a server that is killed ${KILLS} times while it writes has all that it answered`,
  async () => {
    const all: string[] = [];
    let last = 0;
    let time = 0;
    for (let round = 0; round < KILLS; round++) {
      const [answered, seconds] = await killWhileWriting(round);
      all.push(...answered);
      time += seconds;
      await server[Symbol.asyncDispose]();
      server = await start(data);
      const [names, revision] = await listed(`round=${round}`);
      expect(answered.length).toBeGreaterThanOrEqual(500);
      expect(answered.filter((name) => !names.has(name))).toEqual([]);
      expect(revision).toBeGreaterThan(last);
      last = revision;
    }
    const [names] = await listed("round");
    expect(all.filter((name) => !names.has(name))).toEqual([]);
    if (KILLS <= 3) return;
    const rate = (all.length / time).toFixed(0);
    console.log(`${all.length} maps created, ${rate} in a second, ${KILLS} kills: none is lost`);
  },
  60_000 + KILLS * 10_000,
);

test("a Secret is nowhere on the disk, a ConfigMap is", async () => {
  const secret = { metadata: { name: "s" }, stringData: { password: PASSWORD } };
  expect((await server.ask(SECRETS, secret)).status).toBe(201);
  expect((await server.ask(MAPS, map("open", "open to all"))).status).toBe(201);
  const files = readdirSync(join(data, "store")).map((name) => join(data, "store", name));
  const disk = Buffer.concat(files.map((file) => readFileSync(file)));
  expect(disk.includes("open to all")).toBe(true);
  expect(disk.includes(PASSWORD)).toBe(false);
  expect(disk.includes(Buffer.from(PASSWORD).toString("base64"))).toBe(false);
  for (const file of files) expect(statSync(file).mode & 0o077).toBe(0);
});

test("a watch begins with all there is, also with more than a client may be behind", async () => {
  const many = join(directory.path, "many");
  await using own = await start(many);
  const names = Array.from({ length: 24 }, (_, at) => `large-${at}`);
  for (const name of names) {
    expect((await own.ask(MAPS, map(name, "x".repeat(900_000)))).status).toBe(201);
  }
  const initial = "sendInitialEvents=true&resourceVersionMatch=NotOlderThan";
  const answer = await own.ask(
    `${MAPS}?watch=true&timeoutSeconds=2&allowWatchBookmarks=true&${initial}`,
  );
  await Bun.sleep(500);
  const late = own.ask(MAPS, map("late"));
  const text = await answer.text();
  expect((await late).status).toBe(201);
  const seen = [...text.matchAll(/^\{"type":"ADDED",.*?"name":"([^"]*)"/gm)].map(
    ([, name]) => name,
  );
  expect(seen.slice(-1)).toEqual(["late"]);
  expect(seen).toEqual(expect.arrayContaining(names));
  expect(text.indexOf("initial-events-end")).toBeLessThan(text.indexOf('"late"'));
}, 20_000);

test("a snapshot of a running server becomes another one", async () => {
  const snapshot = join(directory.path, "snapshot.db");
  const taken = await store("snapshot", snapshot, `--data-dir=${data}`);
  expect([taken.status, taken.stdout]).toEqual([0, expect.stringMatching(/: \d+ objects at /)]);
  expect((await server.ask(MAPS, map("later"))).status).toBe(201);
  expect((await store("snapshot", snapshot, `--data-dir=${data}`)).stderr).toContain("it exists");
  const copy = join(directory.path, "copy");
  expect((await store("restore", snapshot, `--data-dir=${copy}`)).status).toBe(0);
  expect((await store("restore", snapshot, `--data-dir=${copy}`)).stderr).toContain("it exists");
  cpSync(join(data, "store/encryption.json"), join(copy, "store/encryption.json"));
  await using other = await start(copy);
  const secret = (await (await other.ask(`${SECRETS}/s`)).json()) as { data: { password: string } };
  expect(Buffer.from(secret.data.password, "base64").toString()).toBe(PASSWORD);
  expect((await other.ask(`${MAPS}/later`)).status).toBe(404);
  expect((await other.ask(MAPS, map("new"))).status).toBe(201);
  // Who saw revisions after the snapshot must list again, not wait for them.
  const { metadata } = (await (await server.ask(MAPS)).json()) as {
    readonly metadata: { readonly resourceVersion: string };
  };
  const path = `${MAPS}?watch=true&timeoutSeconds=1&resourceVersion=${metadata.resourceVersion}`;
  expect(await (await other.ask(path)).text()).toContain('"code":410');
});

/** Creates maps one after the other until it is told to stop; says how many were answered. */
async function writeInOrder(id: number, counts: number[], signal: AbortSignal): Promise<void> {
  for (let at = 0; !signal.aborted; at++) {
    const body = { metadata: { name: `s${id}-${at}`, labels: { taken: String(id) } } };
    if ((await server.ask(MAPS, body)).status === 201) counts[id] = at + 1;
  }
}

test("a snapshot that is taken while clients write is a state that was", async () => {
  const [file, home] = [join(directory.path, "busy.db"), join(directory.path, "busy")];
  const stop = new AbortController();
  const counts = Array.from({ length: WRITERS }, () => 0);
  const writers = counts.map((_, id) => writeInOrder(id, counts, stop.signal));
  while (Math.min(...counts) < 5) await Bun.sleep(5);
  const before = [...counts];
  const taken = await store("snapshot", file, `--data-dir=${data}`);
  expect([taken.status, taken.stderr]).toEqual([0, ""]);
  stop.abort();
  await Promise.all(writers);
  await store("restore", file, `--data-dir=${home}`);
  cpSync(join(data, "store/encryption.json"), join(home, "store/encryption.json"));
  await using restored = await start(home);
  for (const [id, answered] of before.entries()) {
    const answer = await restored.ask(`${MAPS}?labelSelector=taken=${id}`);
    const { items } = (await answer.json()) as Named;
    const found = new Set(items.map(({ metadata }) => metadata.name));
    // No gaps: a writer's next map came after the one before.
    expect(found).toEqual(new Set(items.map((_, at) => `s${id}-${at}`)));
    expect(items.length).toBeGreaterThanOrEqual(answered);
    expect(items.length).toBeLessThanOrEqual((counts[id] ?? 0) + 1);
  }
}, 30_000);

test("a store in use is not opened twice; it is verified all the same", async () => {
  const second = await run([RKTNETES, "server", "--only=api", "--port=0", `--data-dir=${data}`]);
  expect([second.status, second.stderr]).toEqual([1, expect.stringContaining("a server uses it")]);
  expect((await store("encrypt", `--data-dir=${data}`)).stderr).toContain("a server uses it");
  const verified = await store("verify", `--data-dir=${data}`);
  expect([verified.status, verified.stderr]).toEqual([0, ""]);
  expect(verified.stdout).toContain("is whole");
});

test("a damaged store is found by verify, and named on one line", async () => {
  const snapshot = join(directory.path, "damaged.db");
  await store("snapshot", snapshot, `--data-dir=${data}`);
  const descriptor = openSync(snapshot, "r+");
  for (let page = 3; page < 20; page++)
    writeSync(descriptor, Buffer.alloc(600, 7), 0, 600, page * 4096);
  const { status, stderr } = await store("verify", snapshot);
  expect(status).toBe(1);
  expect(stderr).toMatch(/^rktnetes: verify the store ".*damaged\.db"[^\n]*\n/);
  expect((await store("restore", snapshot, `--data-dir=${directory.path}/x`)).status).toBe(1);
  expect(readdirSync(join(directory.path, "x/store"))).toEqual(["lock"]);
});

test("keys are rotated: the new one writes, encrypt frees the old one", async () => {
  await using own = await start(join(directory.path, "rotated"));
  const secret = { metadata: { name: "s" }, stringData: { password: PASSWORD } };
  await own.ask(SECRETS, secret);
  await own[Symbol.asyncDispose]();
  const home = `--data-dir=${directory.path}/rotated`;
  const keys = join(directory.path, "rotated/store/encryption.json");
  const config = JSON.parse(readFileSync(keys, "utf8")) as {
    resources: { providers: { aesgcm?: { keys: unknown[] } }[] }[];
  };
  const [old] = config.resources[0]?.providers ?? [];
  const key = { name: "key2", secret: Buffer.alloc(32, 9).toString("base64") };
  old?.aesgcm?.keys.unshift(key);
  await Bun.write(keys, JSON.stringify(config));
  expect((await store("encrypt", home)).stdout).toBe("rktnetes: wrote 1 objects anew\n");
  old?.aesgcm?.keys.pop();
  await Bun.write(keys, JSON.stringify(config));
  await using again = await start(join(directory.path, "rotated"));
  expect((await again.ask(`${SECRETS}/s`)).status).toBe(200);
});

test("a full disk refuses writes, and nothing else, until there is space again", async () => {
  const full = join(directory.path, "full");
  const mount = 'mkdir -p "$0" && mount -t tmpfs -o size=9m tmpfs "$0"';
  const script = `${mount} && head -c 3000000 /dev/zero >"$0/ballast" && exec "$@"`;
  await using small = await start(full, ["unshare", "--mount", "sh", "-c", script, full]);
  const made: string[] = [];
  const fill = async (): Promise<Response> => {
    for (;;) {
      const name = `f${made.length}`;
      const answer = await small.ask(MAPS, map(name, "x".repeat(100_000)));
      if (answer.status !== 201) return answer;
      made.push(name);
      expect(made.length).toBeLessThan(200);
    }
  };
  const there = async (): Promise<readonly string[]> => {
    const { items } = (await (await small.ask(MAPS)).json()) as Named;
    return items.map(({ metadata }) => metadata.name);
  };
  const refused = await fill();
  expect([refused.status, await refused.text()]).toEqual([
    500,
    expect.stringContaining("no space left on device"),
  ]);
  const before = made.length;
  expect((await small.ask(`${MAPS}/f${before}`)).status).toBe(404);
  expect(await there()).toEqual(expect.arrayContaining(made));
  await must(["nsenter", "-t", String(small.pid), "-m", "--", "rm", join(full, "ballast")]);
  expect((await fill()).status).toBe(500);
  expect(made.length).toBeGreaterThan(before + 5);
  expect(await there()).toEqual(expect.arrayContaining(made));
});

test("a store that cannot be used stops the start with one line that says what to do", async () => {
  const broken = join(directory.path, "broken");
  const file = join(broken, "store/state.db");
  const snapshot = join(directory.path, "whole.db");
  await (await start(broken))[Symbol.asyncDispose]();
  await must([RKTNETES, "store", "snapshot", snapshot, `--data-dir=${broken}`]);
  const begin = (): ReturnType<typeof run> =>
    run([RKTNETES, "server", "--only=api", "--port=0", `--data-dir=${broken}`]);
  for (const rest of ["-wal", "-shm"]) rmSync(file + rest, { force: true });
  const whole = readFileSync(snapshot);
  const cases: readonly (readonly [bytes: Uint8Array, words: RegExp])[] = [
    [Buffer.alloc(whole.length, 7), /is not a database\nhint: restore a snapshot: .*store restore/],
    [whole.subarray(0, 20_000), /file is damaged\nhint: restore a snapshot: .*store restore/],
    [Buffer.concat([whole.subarray(0, 4096), Buffer.alloc(whole.length - 4096, 7)]), /damaged/],
  ];
  for (const [bytes, words] of cases) {
    await Bun.write(file, bytes);
    const { status, stderr } = await begin();
    expect([status, stderr]).toEqual([1, expect.stringMatching(words)]);
    for (const rest of ["-wal", "-shm"]) rmSync(file + rest, { force: true });
  }
  rmSync(file);
  await must([RKTNETES, "store", "restore", snapshot, `--data-dir=${broken}`]);
  await using server = await start(broken);
  expect((await server.ask("/api/v1/namespaces/default")).status).toBe(200);
});

test("what cannot be written, or is of a later version, is named", async () => {
  const closed = join(directory.path, "closed");
  const file = join(closed, "store/state.db");
  await (await start(closed))[Symbol.asyncDispose]();
  const begin = [RKTNETES, "server", "--only=api", "--port=0", `--data-dir=${closed}`];
  const mount = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"';
  const readOnly = (path: string): ReturnType<typeof run> =>
    run(["unshare", "--mount", "sh", "-c", mount, path, ...begin]);
  expect(await readOnly(file)).toMatchObject({
    status: 1,
    stderr: `rktnetes: open the store "${file}": it cannot be written\n`,
  });
  expect(await readOnly(closed)).toMatchObject({
    status: 1,
    stderr: `rktnetes: open "${closed}/store/lock": read-only file system\n`,
  });
  const database = new Database(file);
  database.run("PRAGMA user_version = 1000");
  database.close();
  expect(await run(begin)).toMatchObject({
    status: 1,
    stderr:
      `rktnetes: open the store "${file}": the store has version 1000\n` +
      "hint: a newer version of this program wrote it\n",
  });
});

test("what cannot be done is said on one line", async () => {
  const none = join(directory.path, "none");
  const lines: readonly (readonly [words: readonly string[], line: RegExp])[] = [
    [[], /unknown command "store"/],
    [["unpack"], /unknown command "store unpack"/],
    [["snapshot"], /missing argument: rktnetes store snapshot FILE/],
    [["snapshot", `${none}/s`, `--data-dir=${none}`], /there is none/],
    [["restore", none], /there is none/],
    [["verify", none], /verify the store/],
    [["migrate", `--data-dir=${data}`], /missing flag: --to/],
    [["migrate", "--to=sqlite", `--data-dir=${data}`], /it is where the objects are/],
    [["migrate", "--to=paper", `--data-dir=${none}`], /no such kind/],
    [["migrate", "--to=etcd=x", `--data-dir=${none}`], /is no URL of one/],
  ];
  for (const [words, line] of lines) {
    const { status, stdout, stderr } = await store(...words);
    expect([words, status, stdout]).toEqual([words, 1, ""]);
    expect(stderr).toMatch(line);
  }
  rmSync(none, { recursive: true, force: true });
});
