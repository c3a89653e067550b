/** Clients that keep the server waiting, on real connections; patience is short here. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { connect as connectHttp2 } from "node:http2";
import { connect as connectTcp } from "node:net";
import { connect, type TLSSocket } from "node:tls";
import { systemClock } from "@shared/base";
import { createAuthority, issueCertificate, type KeyPair } from "../certificates/certificates.ts";
import { create } from "../registry/create.ts";
import { type Cluster, openCluster } from "../testing/cluster.ts";
import { PATIENCE, type Patience } from "./connections-in-use.ts";
import { HttpServer } from "./server.ts";

const MS = 200;
const DAY_MS = 86_400_000;
const HOST = "127.0.0.1";
const MAPS = "/api/v1/namespaces/default/configmaps";

const now = systemClock.now();
const validity = { notBeforeMs: now - DAY_MS, notAfterMs: now + DAY_MS };
const serial = Buffer.from("70".repeat(8), "hex");
const authority = createAuthority({ commonName: "test-ca", serial, ...validity });

function issue(purpose: "client" | "server", commonName: string): KeyPair {
  const names = purpose === "server" ? [HOST] : [];
  const organizations = ["system:masters"];
  return issueCertificate(authority, {
    ...{ commonName, organizations, purpose, names, serial },
    ...validity,
  });
}

const client = issue("client", "admin");
let cluster: Cluster;
let server: HttpServer;
let port = 0;

async function serve(to: Cluster, patience: Patience): Promise<[HttpServer, port: number]> {
  const { key, certificate } = issue("server", "server");
  const listen = { host: HOST, port: 0, key, certificate };
  const clientAuthority = authority.certificate;
  const serving = new HttpServer(to.server, { ...listen, clientAuthority, patience });
  return [serving, await serving.listen(listen)];
}

beforeAll(async () => {
  cluster = await openCluster();
  const patience = { requestMs: MS, idleMs: MS, bodyMs: MS, unreadMs: MS };
  [server, port] = await serve(cluster, patience);
});

afterAll(async () => {
  cluster.server.beginStop();
  await server.close();
  await cluster[Symbol.asyncDispose]();
});

const keys = {
  ca: authority.certificate,
  cert: client.certificate,
  key: client.key,
} as const;

function open(at: number = port): TLSSocket {
  return connect({ host: HOST, port: at, ...keys, ALPNProtocols: ["http/1.1"] });
}

/** All that the server says until it closes the connection. */
function untilClosed(socket: TLSSocket): Promise<string> {
  return new Promise((resolve) => {
    let said = "";
    socket.on("data", (bytes: Buffer) => {
      said += bytes.toString();
    });
    socket.on("error", () => undefined);
    socket.on("close", () => resolve(said));
  });
}

const HEAD = "Host: x\r\nContent-Type: application/json\r\n";

test("the real server's patience is the one that is granted", () => {
  expect(PATIENCE).toEqual({ requestMs: 32_000, idleMs: 90_000, bodyMs: 60_000, unreadMs: 60_000 });
});

test("a connection that is never encrypted is closed", async () => {
  const socket = connectTcp(port, HOST);
  socket.on("error", () => undefined);
  await new Promise((resolve) => socket.on("close", resolve));
});

test("a connection without a request is closed", async () => {
  expect(await untilClosed(open())).toBe("");
});

test("headers that come for ever do not", async () => {
  const socket = open();
  socket.write("GET /version HTTP/1.1\r\nHost: x\r\n");
  const dripping = setInterval(() => socket.write("X-A: b\r\n"), MS / 10);
  expect(await untilClosed(socket)).toBe("");
  clearInterval(dripping);
});

test("a body that comes for ever ends in a timeout", async () => {
  const socket = open();
  socket.write(`POST ${MAPS} HTTP/1.1\r\n${HEAD}Content-Length: 1000000\r\n\r\n{`);
  const dripping = setInterval(() => socket.write(" "), MS / 10);
  const said = await untilClosed(socket);
  clearInterval(dripping);
  expect(said).toStartWith("HTTP/1.1 504 ");
  expect(said).toContain("Timeout: request did not complete within the allotted timeout");
});

test("a connection that was used and is not any more is closed, of HTTP/2 too", async () => {
  const socket = open();
  socket.write("GET /version HTTP/1.1\r\nHost: x\r\n\r\n");
  expect(await untilClosed(socket)).toStartWith("HTTP/1.1 200 ");
  const session = connectHttp2(`https://${HOST}:${port}`, keys);
  session.on("error", () => undefined);
  session.request({ ":path": "/version" }).resume();
  await new Promise((resolve) => session.on("close", resolve));
});

test("a watch goes on for longer than all of that", async () => {
  const socket = open();
  let said = "";
  const added = new Promise<void>((resolve) => {
    socket.on("data", (bytes: Buffer) => {
      said += bytes.toString();
      if (said.includes('"name":"late"')) resolve();
    });
  });
  socket.write(`GET ${MAPS}?watch=true HTTP/1.1\r\nHost: x\r\n\r\n`);
  await Bun.sleep(MS * 5);
  const writer = open();
  const body = JSON.stringify({ metadata: { name: "default" } });
  const late = JSON.stringify({ metadata: { name: "late" } });
  writer.write(`POST /api/v1/namespaces HTTP/1.1\r\n${HEAD}Content-Length: ${body.length}\r\n\r\n`);
  writer.write(`${body}POST ${MAPS} HTTP/1.1\r\n${HEAD}Content-Length: ${late.length}\r\n\r\n`);
  writer.write(late);
  await added;
  expect(said).toContain('"type":"ADDED"');
  socket.destroy();
  writer.destroy();
});

test("a client that does not read its answer is cut off", async () => {
  const resource = await cluster.resource("", "namespaces");
  for (let at = 0; at < 40; at++) {
    const annotations = { a: "x".repeat(200_000) };
    const object = { metadata: { name: `big-${at}`, annotations } };
    await create(cluster.registry, resource, object, cluster.request());
  }
  const socket = open();
  socket.pause();
  socket.write("GET /api/v1/namespaces HTTP/1.1\r\nHost: x\r\n\r\n");
  await Bun.sleep(MS * 8);
  const said = await untilClosed(socket.resume());
  expect(said).toStartWith("HTTP/1.1 200 ");
  expect(said.length).toBeLessThan(40 * 200_000);
});

test("a server that stops waits for answers, not for connections that are kept", async () => {
  await using other = await openCluster();
  const [stopping, at] = await serve(other, PATIENCE);
  const [silent, used, watching] = [open(at), open(at), open(at)];
  const session = connectHttp2(`https://${HOST}:${at}`, keys);
  const begun = [
    new Promise((resolve) => silent.once("secureConnect", resolve)),
    ...[used, watching].map((socket) => new Promise((resolve) => socket.once("data", resolve))),
  ];
  used.write("GET /version HTTP/1.1\r\nHost: x\r\n\r\n");
  watching.write(`GET ${MAPS}?watch=true HTTP/1.1\r\nHost: x\r\n\r\n`);
  const stream = session.request({ ":path": `${MAPS}?watch=true` });
  await Promise.all([...begun, new Promise((resolve) => stream.once("response", resolve))]);
  const closed = [silent, used, watching].map(untilClosed);
  const left = new Promise((resolve) => session.once("close", resolve));
  stream.resume();
  other.server.beginStop();
  await stopping.close();
  const [, , said] = await Promise.all([...closed, left]);
  expect(said).toEndWith("0\r\n\r\n");
});

const PLAIN = "Content-Type: text/plain; charset=utf-8\r\nConnection: close\r\n";

test.each([
  ["GET /version HTTP/1.1\r\n\r\n", "HTTP/1.1 400 Bad Request: missing required Host header\r\n"],
  ["GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 400 Bad Request\r\n"],
  ["nonsense\r\n\r\n", `HTTP/1.1 400 Bad Request\r\n${PLAIN}\r\n400 Bad Request`],
  [
    `POST ${MAPS} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`,
    "HTTP/1.1 501 Not Implemented\r\n",
  ],
])("%j is refused once, and the connection ends", async (request, beginning) => {
  const socket = open();
  socket.write(request);
  const said = await untilClosed(socket);
  expect(said).toStartWith(beginning);
  expect(said.match(/HTTP\/1\.1/g)).toHaveLength(1);
});

test("a broken path ends its stream of HTTP/2, and no other", async () => {
  const session = connectHttp2(`https://${HOST}:${port}`, keys);
  const ask = (path: string): Promise<unknown> =>
    new Promise((resolve) => {
      const stream = session.request({ ":path": path });
      stream.on("error", () => undefined);
      stream.on("response", (headers) => resolve(headers[":status"]));
      stream.on("close", () => resolve("no answer"));
      stream.resume();
    });
  expect(await ask("/%zz")).toBe("no answer");
  expect(await ask("/version")).toBe(200);
  session.close();
});
