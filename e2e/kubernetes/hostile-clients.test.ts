/**
 * Clients that would have the server for themselves: thousands of watches, watches that nobody
 * reads, requests that never end, lie or are noise, bodies of nothing but members. A good client
 * writes and reads all the while; its answers are right, memory is bounded, nothing is left.
 */
import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { type ClientHttp2Session, connect as connectHttp2 } from "node:http2";
import { connect as connectTcp } from "node:net";
import { connect, type TLSSocket } from "node:tls";
import { testedApiServer } from "../fixtures/tested-api-server.ts";

const SESSIONS = 50;
const STREAMS = 100;
/** A server that keeps what it should let go takes more. */
const MEMORY_MAX = 700 * 1024 * 1024;
const MAPS = "/api/v1/namespaces/default/configmaps";
const QUIET = "/api/v1/namespaces/quiet/configmaps";
/** So begins what a watch says of one write. */
const EVENT = '{"type":"';
const JSON_TYPE = "application/json";

const tested = testedApiServer("hostile-clients");

function pem(name: string): string {
  const text = readFileSync(tested.server.kubeconfig, "utf8");
  return Buffer.from(new RegExp(`${name}-data: (\\S+)`).exec(text)?.[1] ?? "", "base64").toString();
}

const keys = (): { readonly ca: string; readonly cert: string; readonly key: string } => ({
  ca: pem("certificate-authority"),
  cert: pem("client-certificate"),
  key: pem("client-key"),
});

const port = (): number => Number(new URL(tested.server.url).port);

function ask(
  path: string,
  method = "GET",
  body?: string | Buffer,
  type = JSON_TYPE,
): Promise<Response> {
  return fetch(`${tested.server.url}${path}`, {
    method,
    headers: { "content-type": type },
    ...(body === undefined ? {} : { body }),
    tls: keys(),
  });
}

interface Shown {
  readonly message?: string;
  readonly metadata: { readonly name?: string };
  readonly data?: Readonly<Record<string, string>>;
  readonly items?: readonly Shown[];
}

async function shown(response: Response): Promise<Shown> {
  return (await response.json()) as Shown;
}

function configMap(name: string, data: Readonly<Record<string, string>>): string {
  return JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata: { name }, data });
}

/** Writes and reads for as long as the misdeed goes on, and once more after it. */
async function besides(misdeed: () => Promise<void>): Promise<void> {
  let isOver = false;
  const done = misdeed().finally(() => {
    isOver = true;
  });
  for (let round = 0, last = false; !last; round++) {
    last = isOver;
    const path = `${MAPS}/good`;
    expect((await ask(MAPS, "POST", configMap("good", { k: `${round}` }))).status).toBe(201);
    expect((await ask(path, "PUT", configMap("good", { k: `${round}!` }))).status).toBe(200);
    expect((await shown(await ask(path))).data).toEqual({ k: `${round}!` });
    expect((await ask(path, "DELETE")).status).toBe(200);
    expect((await ask(path)).status).toBe(404);
  }
  await done;
  const [, kilobytes] = /VmHWM:\s+(\d+)/.exec(statusOfServer()) ?? [];
  expect(Number(kilobytes) * 1024).toBeLessThan(MEMORY_MAX);
}

function statusOfServer(): string {
  return readFileSync(`/proc/${tested.server.pid}/status`, "utf8");
}

function connectionsOfServer(): number {
  return readdirSync(`/proc/${tested.server.pid}/fd`).length;
}

function open(): TLSSocket {
  const socket = connect({ host: "127.0.0.1", port: port(), ...keys() });
  socket.on("error", () => undefined);
  return socket;
}

/** All that the server says on a connection until it ends. */
function untilClosed(socket: TLSSocket): Promise<string> {
  return new Promise((resolve) => {
    let said = "";
    socket.on("data", (bytes: Buffer) => {
      said += bytes.toString("latin1");
    });
    socket.on("close", () => resolve(said));
  });
}

/** Watches on one connection; resolves when all of them have begun. */
async function watchOften(): Promise<ClientHttp2Session> {
  const session = connectHttp2(tested.server.url, keys());
  session.on("error", () => undefined);
  const begun = Array.from({ length: STREAMS }, () => {
    const stream = session.request({ ":path": `${QUIET}?watch=true` });
    stream.on("error", () => undefined);
    stream.resume();
    return new Promise((resolve) => {
      stream.once("response", (headers) => resolve(headers[":status"]));
    });
  });
  for (const status of await Promise.all(begun)) expect(status).toBe(200);
  return session;
}

test("five thousand idle watches cost nobody else an answer, and go", async () => {
  const before = connectionsOfServer();
  const sessions: ClientHttp2Session[] = [];
  await besides(async () => {
    for (let count = 0; count < SESSIONS; count++) sessions.push(await watchOften());
  });
  expect(connectionsOfServer()).toBeGreaterThanOrEqual(before + SESSIONS);
  for (const session of sessions) session.destroy();
  while (connectionsOfServer() >= before + SESSIONS) await Bun.sleep(10);
});

test("a watcher that never reads is cut off; one that reads sees every write", async () => {
  const WRITES = 400;
  const path = `${MAPS}?watch=true&fieldSelector=metadata.name%3Dlong`;
  const request = `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;
  const [deaf, keen] = [open(), open()];
  for (const socket of [deaf, keen]) {
    socket.write(request);
    await new Promise((resolve) => socket.once("data", resolve));
  }
  deaf.pause();
  let seen = 0;
  let rest = "";
  const told = new Promise<void>((resolve) => {
    keen.on("data", (bytes: Buffer) => {
      const parts = (rest + bytes.toString("latin1")).split(EVENT);
      rest = (parts.at(-1) ?? "").slice(1 - EVENT.length);
      seen += parts.length - 1;
      if (seen >= WRITES) resolve();
    });
  });
  await besides(async () => {
    for (let at = 0; at < WRITES; at++) {
      const body = configMap("long", { k: `${at}`.padEnd(100_000, "x") });
      const answer = await (at === 0 ? ask(MAPS, "POST", body) : ask(`${MAPS}/long`, "PUT", body));
      expect(answer.ok).toBe(true);
    }
  });
  await told;
  expect(seen).toBe(WRITES);
  keen.destroy();
  const heard = await untilClosed(deaf.resume());
  expect(heard.split(EVENT).length).toBeLessThan(WRITES);
});

test("requests that never end, and noise, keep nobody waiting", async () => {
  const before = connectionsOfServer();
  const post = `POST ${MAPS} HTTP/1.1\r\nHost: x\r\nContent-Type: ${JSON_TYPE}\r\n`;
  const beginnings = [
    "GET /version HTTP/1.1\r\nHost: x\r\nX-A: ",
    `${post}Content-Length: 1000\r\n\r\n{`,
    `${post}Transfer-Encoding: chunked\r\n\r\nffffff\r\n{`,
    "",
  ];
  const slow: TLSSocket[] = [];
  await besides(async () => {
    for (let count = 0; count < 100; count++) {
      const socket = open();
      slow.push(socket);
      await new Promise((resolve) => socket.once("secureConnect", resolve));
      socket.write(beginnings[count % beginnings.length] ?? "");
    }
    for (const noise of ["GET / HTTP/1.1\r\n\r\n", "\x16\x03\x01\xff\xff", "\0".repeat(10_000)]) {
      const socket = connectTcp(port(), "127.0.0.1");
      socket.on("error", () => undefined);
      socket.end(Buffer.from(noise, "latin1"));
      socket.resume();
      await new Promise((resolve) => socket.once("close", resolve));
    }
  });
  for (const socket of slow) socket.destroy();
  while (connectionsOfServer() > before + 10) await Bun.sleep(10);
});

test("requests in a row are answered in a row; what lies about its length ends them", async () => {
  const socket = open();
  const [good, late] = [configMap("piped", { k: "1" }), "nonsense\r\n\r\n"];
  const head = `Host: x\r\nContent-Type: ${JSON_TYPE}\r\nContent-Length: ${good.length}\r\n\r\n`;
  const get = `GET ${MAPS}/piped HTTP/1.1\r\nHost: x\r\n\r\n`;
  socket.write(`${get}POST ${MAPS} HTTP/1.1\r\n${head}${good}${get.repeat(20)}`);
  socket.write(`PUT ${MAPS}/piped HTTP/1.1\r\n${head}${good}${late}`);
  const statuses = [...(await untilClosed(socket)).matchAll(/HTTP\/1\.1 (\d+)/g)].map(
    ([, status]) => status,
  );
  expect(statuses).toEqual(["404", "201", ...Array<string>(20).fill("200"), "200", "400"]);
});

test("two hundred long lists at once are all whole", async () => {
  const MANY = 300;
  for (let at = 0; at < MANY; at++) {
    const body = configMap(`of-many-${at}`, { k: "x".repeat(2000) });
    expect((await ask(MAPS, "POST", body)).status).toBe(201);
  }
  await besides(async () => {
    const lists = Array.from({ length: 200 }, async () => await shown(await ask(MAPS)));
    for (const { items = [] } of await Promise.all(lists)) {
      const many = items.filter(({ metadata }) => metadata.name?.startsWith("of-many-") === true);
      expect(many).toHaveLength(MANY);
    }
  });
});

/** Any JSON is an object of this kind. */
const DEFINITION = JSON.stringify({
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: "things.example.com" },
  spec: {
    group: "example.com",
    names: { plural: "things", kind: "Thing" },
    scope: "Cluster",
    versions: [
      {
        name: "v1",
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
        },
      },
    ],
  },
});
const THINGS = "/apis/example.com/v1/things";

/** A field of a protobuf message: number, length, bytes. */
function field(number: number, bytes: Buffer): Buffer {
  const length = [0, 7, 14, 21].map((shift) => ((bytes.length >> shift) & 0x7f) | 0x80);
  return Buffer.concat([Buffer.from([number * 8 + 2, ...length, 0]), bytes]);
}

/** A ConfigMap in protobuf with as many owners as a body has room for. */
function ownedByMany(): Buffer {
  const owners = Buffer.alloc(3_000_000, Buffer.from([0x6a, 0]));
  const type = [field(1, Buffer.from("v1")), field(2, Buffer.from("ConfigMap"))];
  const parts = [field(1, Buffer.concat(type)), field(2, field(1, owners))];
  return Buffer.concat([Buffer.from("k8s\0"), ...parts]);
}

test("bodies of nothing but members or messages are refused at once, of any kind", async () => {
  const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
  expect((await ask(definitions, "POST", DEFINITION)).status).toBe(201);
  while ((await ask(THINGS)).status === 404) await Bun.sleep(10);
  const members = Array.from({ length: 230_000 }, (_, at) => `"k${at}":""`).join(",");
  const crowded = `{"metadata":{"name":"crowded","labels":{${members}}}}`;
  const empty = `{"metadata":{"name":"crowded"},"a":[${Array(700_000).fill("{}").join(",")}]}`;
  const bodies: readonly (readonly [string, string, string | Buffer, string])[] = [
    ["POST", MAPS, crowded, JSON_TYPE],
    ["POST", MAPS, empty, JSON_TYPE],
    ["POST", THINGS, crowded, JSON_TYPE],
    ["POST", THINGS, empty, JSON_TYPE],
    ["POST", MAPS, crowded, "application/yaml"],
    ["POST", MAPS, ownedByMany(), "application/vnd.kubernetes.protobuf"],
    ["PATCH", `${MAPS}/kube-root-ca.crt`, crowded, "application/merge-patch+json"],
  ];
  await besides(async () => {
    for (const [method, path, body, type] of bodies) {
      const answer = await ask(path, method, body, type);
      expect(answer.status).toBe(413);
      expect((await shown(answer)).message).toStartWith("Request entity too large: limit is ");
    }
  });
});
