/**
 * A member of etcd that speaks TLS and wants to know who asks: the server shows its certificate;
 * without one, or with another authority, the start fails with one line.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type Authority, createAuthority } from "../fixtures/authority.ts";
import { must, run, type Server, startServer } from "../fixtures/process.ts";
import { temporaryDirectory } from "../fixtures/temporary-directory.ts";

const RKTNETES = join(import.meta.dir, "../../dist/rktnetes");
const directory = temporaryDirectory("etcd-tls");
const { path } = directory;
let authority: Authority;
let other: Authority;
let client: { readonly key: string; readonly chain: string };
let etcd: Server;
let url = "";
/** An address of the member for which its certificate is not. */
let elsewhere = "";

function freePort(): number {
  using server = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  return server.port;
}

beforeAll(async () => {
  await must([process.execPath, "run", join(import.meta.dir, "../../tools/build/build.ts")]);
  authority = await createAuthority(path);
  mkdirSync(join(path, "other"));
  other = await createAuthority(join(path, "other"));
  const { key, chain } = await authority.certify(["127.0.0.1", "localhost"]);
  client = await authority.certify(["client"]);
  url = `https://127.0.0.1:${freePort()}`;
  elsewhere = `https://127.0.0.2:${freePort()}`;
  const peer = `http://127.0.0.1:${freePort()}`;
  const flags = {
    name: "m",
    "data-dir": join(path, "etcd"),
    "listen-client-urls": `${url},${elsewhere}`,
    "advertise-client-urls": url,
    "listen-peer-urls": peer,
    "initial-advertise-peer-urls": peer,
    "initial-cluster": `m=${peer}`,
    "cert-file": chain,
    "key-file": key,
    "trusted-ca-file": authority.file,
    "client-cert-auth": "true",
  };
  const words = Object.entries(flags).map(([name, value]) => `--${name}=${value}`);
  etcd = await startServer(["etcd", ...words], /serving client (requests|traffic)/);
}, 60_000);

afterAll(async () => {
  await etcd[Symbol.asyncDispose]();
  directory[Symbol.dispose]();
});

const argv = (at: string, ...flags: readonly string[]): readonly string[] => [
  ...[RKTNETES, "server", "--only=api", "--port=0", `--data-dir=${path}/data`],
  ...[`--datastore=etcd=${at}`, ...flags],
];

const shown = (): readonly string[] => [
  `--etcd-cafile=${authority.file}`,
  `--etcd-certfile=${client.chain}`,
  `--etcd-keyfile=${client.key}`,
];

test("with its certificate the server keeps its state there, also the next time", async () => {
  for (const at of [url, url.replace("127.0.0.1", "localhost")]) {
    await using server = await startServer(argv(at, ...shown()), /ready on/);
    expect(server.pid).toBeGreaterThan(0);
  }
  const moved = await run([
    ...[RKTNETES, "store", "migrate", `--data-dir=${path}/moved`, `--datastore=etcd=${url}`],
    ...["--to=sqlite", ...shown()],
  ]);
  expect([moved.status, moved.stdout]).toEqual([0, expect.stringMatching(/copied 1\d\d objects/)]);
});

test("without it, or with a wrong one, the start fails with one line", async () => {
  const [, certificate = "", key = ""] = shown();
  const cases: readonly (readonly [at: string, flags: readonly string[], words: RegExp])[] = [
    [url, [`--etcd-cafile=${authority.file}`], /ask etcd: .*CERTIFICATE\n/],
    [
      url,
      [`--etcd-cafile=${other.file}`, certificate, key],
      /unable to verify the first certificate\n/,
    ],
    [elsewhere, shown(), /IP: 127\.0\.0\.2 is not in the cert's list: 127\.0\.0\.1\n/],
    [url, [`--etcd-cafile=${path}/none.pem`], /none\.pem": no such file/],
  ];
  for (const [at, flags, words] of cases) {
    const { status, stdout, stderr } = await run(argv(at, ...flags));
    expect([status, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(words);
    expect(stderr).toMatch(/^rktnetes: [^\n]+\n(hint: [^\n]+\n)?$/);
  }
}, 60_000);
