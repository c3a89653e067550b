/**
 * `npm run soak:history`: a server whose store has 2 GB of the past beside one that has none, both
 * with the same objects. In: the built executable; an argument says how many MB. Out: a table on
 * standard output, the ratios being what counts. Takes some minutes and the disk for it.
 */
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { must, startServer, temporaryDirectory } from "@e2e/rkt";
import { SqliteStore } from "@rktnetes/apiserver/storage/sqlite";

const ROOT = join(import.meta.dir, "../..");
const RKTNETES = join(ROOT, "dist/rktnetes");
const MAPS = "/api/v1/namespaces/default/configmaps";
const OBJECTS = 5000;
const VALUE_BYTES = 2000;
const BATCH = 64;
const ROUNDS = 5;

interface Target extends AsyncDisposable {
  readonly readyMs: number;
  ask(path: string, body?: unknown): Promise<Response>;
}

async function begin(data: string): Promise<Target> {
  const kubeconfig = `${data}.kubeconfig`;
  const flags = ["--only=api", "--port=0", `--data-dir=${data}`];
  const argv = [RKTNETES, "server", ...flags, `--write-kubeconfig=${kubeconfig}`];
  const began = Bun.nanoseconds();
  const server = await startServer(argv, /ready on (https:\/\/127\.0\.0\.1:\d+)\n/);
  const readyMs = (Bun.nanoseconds() - began) / 1e6;
  const text = readFileSync(kubeconfig, "utf8");
  const pem = (name: string): string =>
    Buffer.from(new RegExp(`${name}-data: (\\S+)`).exec(text)?.[1] ?? "", "base64").toString();
  const ca = pem("certificate-authority");
  const tls = { ca, cert: pem("client-certificate"), key: pem("client-key") };
  const ask: Target["ask"] = (path, body) =>
    fetch(`${server.match[1]}${path}`, {
      method: body === undefined ? "GET" : "POST",
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      tls,
    });
  return { readyMs, ask, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

/** Objects as the server stores them, each one written again until there are so many bytes. */
async function fill(file: string, bytes: number): Promise<void> {
  await using store = SqliteStore.open(file);
  const writes = Math.max(OBJECTS, Math.floor(bytes / VALUE_BYTES));
  const uids = Array.from({ length: OBJECTS }, () => crypto.randomUUID());
  const valueOf = (at: number): Buffer => {
    const name = `old-${at % OBJECTS}`;
    const metadata = { name, namespace: "default", uid: uids[at % OBJECTS] };
    const head = { kind: "ConfigMap", apiVersion: "v1", metadata };
    const text = String(at).padEnd(VALUE_BYTES - 200, "-");
    return Buffer.from(JSON.stringify({ ...head, data: { text } }));
  };
  for (let at = 0; at < writes; at += BATCH) {
    const commits = Array.from({ length: BATCH }, (_, each) => {
      const key = `/registry/core/configmaps/default/old-${(at + each) % OBJECTS}`;
      const change = { type: "put" as const, key, value: valueOf(at + each) };
      return store.commit([{ change, expected: undefined }]);
    });
    await Promise.all(commits);
  }
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = Bun.nanoseconds();
  await work();
  return (Bun.nanoseconds() - began) / 1e6;
}

async function drained(answer: Promise<Response>): Promise<void> {
  const got = await answer;
  if (!got.ok) throw new Error(`${got.url}: ${got.status}`);
  await got.arrayBuffer();
}

let created = 0;
const newMap = (): unknown => ({
  metadata: { name: `new-${++created}` },
  data: { text: "x".repeat(VALUE_BYTES - 200) },
});

async function revisionOf(target: Target): Promise<string> {
  const { metadata } = (await (await target.ask(`${MAPS}?limit=1`)).json()) as {
    readonly metadata: { readonly resourceVersion: string };
  };
  return metadata.resourceVersion;
}

/** From a create to its event. */
async function watchMs(target: Target): Promise<number> {
  const answer = await target.ask(`${MAPS}?watch=true&resourceVersion=${await revisionOf(target)}`);
  const events = (answer.body as ReadableStream<Uint8Array>).getReader();
  const ms = await timed(async () => {
    const next = events.read();
    await drained(target.ask(MAPS, newMap()));
    await next;
  });
  await events.cancel();
  return ms;
}

const many = async (count: number, work: () => Promise<void>): Promise<void> => {
  for (let at = 0; at < count; at += 16) await Promise.all(Array.from({ length: 16 }, work));
};

/** In ms; each does the same work on both sides. */
const FIGURES: readonly (readonly [name: string, work: (target: Target) => Promise<number>])[] = [
  [
    "1,000 GETs by 16",
    (target) => timed(() => many(1000, () => drained(target.ask(`${MAPS}/old-7`)))),
  ],
  [
    "1,000 creates by 16",
    (target) => timed(() => many(1000, () => drained(target.ask(MAPS, newMap())))),
  ],
  ["list of all", (target) => timed(() => drained(target.ask(MAPS)))],
  ["page of 500", (target) => timed(() => drained(target.ask(`${MAPS}?limit=500`)))],
  ["create until watched", watchMs],
];

const median = (times: readonly number[]): number =>
  times.toSorted((left, right) => left - right)[Math.floor(times.length / 2)] ?? 0;

const row = (name: string, long: number, short: number): void =>
  console.log(
    `${name.padEnd(24)} ${long.toFixed(1).padStart(9)} ms ${short.toFixed(1).padStart(9)} ms  ` +
      `x ${(long / short).toFixed(2)}`,
  );

async function main(): Promise<void> {
  const bytes = Number(process.argv[2] ?? "2000") * 1e6;
  await must([process.execPath, "run", join(ROOT, "tools/build/build.ts")]);
  using directory = temporaryDirectory("store-history");
  const homes = ["long", "short"].map((name) => join(directory.path, name));
  for (const [at, home] of homes.entries()) {
    await (await begin(home))[Symbol.asyncDispose]();
    const file = join(home, "store/state.db");
    await fill(file, at === 0 ? bytes : 0);
    console.log(`${home}: ${(statSync(file).size / 1e6).toFixed(0)} MB`);
  }
  const [longHome = "", shortHome = ""] = homes;
  await using long = await begin(longHome);
  await using short = await begin(shortHome);
  console.log(`${"".padEnd(24)} ${"history".padStart(12)} ${"none".padStart(12)}`);
  row("start until ready", long.readyMs, short.readyMs);
  for (const [name, work] of FIGURES) {
    const times: [number[], number[]] = [[], []];
    for (let round = 0; round <= ROUNDS; round++) {
      const pair = [await work(long), await work(short)] as const;
      if (round > 0) for (const [at, ms] of pair.entries()) times[at]?.push(ms);
    }
    row(name, median(times[0]), median(times[1]));
  }
}

await main();
