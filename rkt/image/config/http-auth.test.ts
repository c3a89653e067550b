/** `auth.d` at work: real servers that want to see who we are. */
import { afterAll, describe, expect, test } from "bun:test";
import { systemClock } from "@shared/base";
import type { ImageHost } from "../host.ts";
import { httpGet, readAll } from "../http.ts";
import type { HttpAuth } from "./auth.ts";

const servers: Bun.Server<undefined>[] = [];
afterAll(async () => {
  for (const server of servers) await server.stop(true);
});

/** Says what it was told; `to` redirects there instead. */
function serve(to?: () => string): string {
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: ({ headers }) =>
      to === undefined
        ? Response.json({
            authorization: headers.get("authorization"),
            date: headers.get("x-amz-date"),
          })
        : Response.redirect(to(), 302),
  });
  servers.push(server);
  return `127.0.0.1:${server.port}`;
}

function hostWith(domains: Readonly<Record<string, HttpAuth>>): ImageHost {
  const auth = { domains: new Map(Object.entries(domains)), registries: new Map() };
  const site = { auth, rules: [], docker: undefined, certificateRoots: [], environment: {} };
  const host: Partial<ImageHost> = {
    clock: systemClock,
    random: () => 0,
    version: "1",
    site: () => site,
  };
  return host as ImageHost;
}

async function told(
  host: ImageHost,
  address: string,
  request: { readonly downgrade?: boolean; readonly ownCredentials?: boolean } = {},
): Promise<{ authorization: string | null; date: string | null }> {
  const url = `http://${address}/image.aci`;
  const reply = await httpGet(host, { url, downgrade: true, ...request });
  return JSON.parse(Buffer.from(await readAll(reply, 4096)).toString()) as never;
}

const BASIC: HttpAuth = { type: "basic", user: "bar", password: "baz" };

describe("a server of files is told", () => {
  test("a user and a password", async () => {
    const address = serve();
    const { authorization } = await told(hostWith({ [address]: BASIC }), address);
    expect(authorization).toBe(`Basic ${btoa("bar:baz")}`);
  });
  test("the same for a host on any port", async () => {
    const { authorization } = await told(hostWith({ "127.0.0.1": BASIC }), serve());
    expect(authorization).toBe(`Basic ${btoa("bar:baz")}`);
  });
  test("a token", async () => {
    const address = serve();
    const host = hostWith({ [address]: { type: "oauth", token: "sometoken" } });
    expect((await told(host, address)).authorization).toBe("Bearer sometoken");
  });
  test("a signature of this moment", async () => {
    const address = serve();
    const keys = { accessKeyId: "id", secretAccessKey: "secret", region: "eu-west-1" };
    const host = hostWith({ [address]: { type: "aws", ...keys } });
    const { authorization, date } = await told(host, address);
    expect(date).toMatch(/^\d{8}T\d{6}Z$/);
    expect(authorization).toStartWith(
      `AWS4-HMAC-SHA256 Credential=id/${date?.slice(0, 8)}/eu-west-1/s3/aws4_request, ` +
        "SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=",
    );
  });
});

describe("nothing is told", () => {
  test("to another host", async () => {
    expect((await told(hostWith({ "b.test": BASIC }), serve())).authorization).toBeNull();
  });
  test("after a redirect to another host", async () => {
    const there = serve();
    const here = serve(() => `http://${there}/image.aci`);
    expect((await told(hostWith({ [here]: BASIC }), here)).authorization).toBeNull();
  });
  test("over plain HTTP, unless that was allowed", async () => {
    const address = serve();
    const host = hostWith({ [address]: BASIC });
    expect((await told(host, address, { downgrade: false })).authorization).toBeNull();
  });
  test("where the caller sees to it, as with registries", async () => {
    const address = serve();
    const host = hostWith({ [address]: BASIC });
    expect((await told(host, address, { ownCredentials: true })).authorization).toBeNull();
  });
});
