import { expect, test } from "bun:test";
import { pageNotFound } from "../http/answer.ts";
import type { ApiRequest } from "../http/api-request.ts";
import { serveOther } from "../http/other-routes.ts";
import { openCluster } from "../testing/cluster.ts";

function get(path: string, accept: string = ""): ApiRequest {
  const at = path.indexOf("?");
  const search = at < 0 ? "" : path.slice(at + 1);
  return {
    method: "GET",
    path: at < 0 ? path : path.slice(0, at),
    search,
    query: new URLSearchParams(search),
    sourceAddress: "127.0.0.1",
    header: (name) => (name === "accept" && accept !== "" ? accept : undefined),
    headerValues: () => [],
    headerNames: () => [],
    body: () => Promise.resolve(Buffer.alloc(0)),
    certificate: () => undefined,
    signal: () => new AbortController().signal,
  };
}

test("every path of the index that is a check answers by itself", async () => {
  await using cluster = await openCluster();
  const index = await serveOther(cluster.server, get("/"));
  const { paths } = JSON.parse(index.body.toString()) as { paths: string[] };
  const checks = paths.filter((path) => /^\/(?:healthz|livez|readyz)/.test(path));
  expect(checks).toContain("/livez/poststarthook/rbac/bootstrap-roles");
  for (const path of checks) {
    expect([path, (await serveOther(cluster.server, get(path))).body.toString()]).toEqual([
      path,
      "ok",
    ]);
  }
  expect(await serveOther(cluster.server, get("/readyz/nope"))).toEqual(pageNotFound());
});

test("a check that fails is named, and an excluded one does not count", async () => {
  await using cluster = await openCluster();
  cluster.server.beginStop();
  const ready = await serveOther(cluster.server, get("/readyz?verbose"));
  expect(ready.status).toBe(500);
  expect(ready.body.toString()).toContain("[-]shutdown failed: reason withheld\n");
  expect((await serveOther(cluster.server, get("/readyz?exclude=shutdown"))).status).toBe(200);
  expect((await serveOther(cluster.server, get("/livez"))).status).toBe(200);
});

test("pages for people are text", async () => {
  await using cluster = await openCluster();
  cluster.server.flags = new Map([["port", "6443"]]);
  const flags = await serveOther(cluster.server, get("/flagz", "text/plain"));
  expect(flags.body.toString().split("\n")).toContain("port=6443");
  const status = await serveOther(cluster.server, get("/statusz"));
  expect(status.body.toString()).toMatch(/^Up: 0 hr 0 min \d+ sec$/m);
  const asJson = serveOther(cluster.server, get("/statusz", "application/json"));
  expect(asJson).rejects.toThrow("only the following media types are accepted: ");
  const metrics = await serveOther(cluster.server, get("/metrics/slis"));
  const line = 'kubernetes_healthcheck{name="etcd",type="livez"} 1';
  expect(metrics.body.toString().split("\n")).toContain(line);
});

test("keys of tokens are a set of keys, whatever else is asked for", async () => {
  await using cluster = await openCluster();
  const keys = await serveOther(cluster.server, get("/openid/v1/jwks"));
  expect(keys.type).toBe("application/jwk-set+json");
  const asJson = serveOther(cluster.server, get("/openid/v1/jwks", "application/json"));
  expect(asJson).rejects.toThrow("406: Not Acceptable");
});
