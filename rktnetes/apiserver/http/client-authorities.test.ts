/** Users with certificates, on real connections: any of several authorities may sign them. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { systemClock } from "@shared/base";
import { createAuthority, issueCertificate, type KeyPair } from "../certificates/certificates.ts";
import { type Cluster, openCluster } from "../testing/cluster.ts";
import { HttpServer } from "./server.ts";

const DAY_MS = 86_400_000;
const HOST = "127.0.0.1";
const now = systemClock.now();
const validity = { notBeforeMs: now - DAY_MS, notAfterMs: now + DAY_MS };
const serial = Buffer.from("71".repeat(8), "hex");

function authorityOf(commonName: string): KeyPair {
  return createAuthority({ commonName, serial, ...validity });
}

function issue(authority: KeyPair, purpose: "client" | "server", commonName: string): KeyPair {
  const names = purpose === "server" ? [HOST] : [];
  return issueCertificate(authority, { commonName, purpose, names, serial, ...validity });
}

const own = authorityOf("own");
const other = authorityOf("other");
const stranger = authorityOf("stranger");
let cluster: Cluster;
let server: HttpServer;
let port = 0;

beforeAll(async () => {
  cluster = await openCluster();
  const { key, certificate } = issue(own, "server", "server");
  const listen = { host: HOST, port: 0, key, certificate };
  const clientAuthority = `# a bundle\n${own.certificate}\n${other.certificate}`;
  server = new HttpServer(cluster.server, { ...listen, clientAuthority });
  port = await server.listen(listen);
});

afterAll(async () => {
  cluster.server.beginStop();
  await server.close();
  await cluster[Symbol.asyncDispose]();
});

/** The name that the server has for whoever shows this certificate. */
async function nameOf({ key, certificate }: KeyPair): Promise<string> {
  const body = { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" };
  const url = `https://${HOST}:${port}/apis/authentication.k8s.io/v1/selfsubjectreviews`;
  const answer = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
    tls: { ca: own.certificate, cert: certificate, key },
  });
  const text = await answer.text();
  return /"username":"([^"]+)"/.exec(text)?.[1] ?? /User \\"([^\\]+)\\"/.exec(text)?.[1] ?? text;
}

test("a certificate of each authority names a user, one of a stranger is refused", async () => {
  expect(await nameOf(issue(own, "client", "alice"))).toBe("alice");
  expect(await nameOf(issue(other, "client", "bob"))).toBe("bob");
  expect(await nameOf(issue(stranger, "client", "mallory"))).toContain('"code":401');
});
