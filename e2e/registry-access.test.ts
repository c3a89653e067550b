/**
 * How `rkt fetch` gets at a registry: authorities, passwords and tokens, mirrors, proxies; and how
 * it gets over what breaks on the way.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { type Authority, createAuthority } from "./fixtures/authority.ts";
import { busyboxOci, type OciImage, writeLayout } from "./fixtures/oci.ts";
import { type Registry, startRegistry } from "./fixtures/registry.ts";
import { type Relay, type RelayOptions, startRelay } from "./fixtures/relay.ts";
import {
  ISSUER,
  PASSWORD,
  REFRESH_TOKEN,
  SERVICE,
  startTokenServer,
  type TokenServer,
  USER,
} from "./fixtures/token-server.ts";
import { eventually } from "./harness/background.ts";
import { expectEmptyStore, refused, succeeded } from "./harness/expectations.ts";
import { feature } from "./harness/feature.ts";

const PROGRAMS = { "docker-registry": "docker-registry", openssl: "openssl" };
const PUSH = join(import.meta.dir, "fixtures/registry.ts");
/** An address that no proxy leaves out, unlike loopback. */
const FAR = "10.77.0.1";
const V1 = { rktVersion: "v1" };

const setUp = `ip address add ${FAR}/32 dev lo`;

feature("access to registries", { programs: PROGRAMS, setUp }, (world) => {
  let plain: Registry;
  let secured: Registry;
  let authority: Authority;
  let within: readonly string[] = [];
  const servers: AsyncDisposable[] = [];

  function keep<T extends AsyncDisposable>(server: T): T {
    servers.push(server);
    return server;
  }

  async function serve(name: string, auth?: Record<string, unknown>): Promise<Registry> {
    const certificate = await authority.certify(["127.0.0.1"]);
    const { directory } = world();
    const rest = auth === undefined ? {} : { auth };
    return keep(await startRegistry({ directory, within, name, certificate, ...rest }));
  }

  beforeAll(async () => {
    const { directory, machine } = world();
    within = machine.beside;
    authority = await createAuthority(directory);
    plain = keep(await startRegistry({ directory, within }));
    secured = await serve("-tls");
    await push("test/app", busyboxOci());
  });

  afterAll(async () => {
    for (const server of servers.toReversed()) await server[Symbol.asyncDispose]();
  });

  async function push(repository: string, image: OciImage): Promise<void> {
    const path = writeLayout(join(world().directory, "push", repository), image);
    const program = [process.execPath, "run", PUSH, plain.address, repository, "latest", path];
    const { status, stderr } = await world().machine.run(program);
    if (status !== 0) throw new Error(`push ${repository}: ${stderr}`);
  }

  /** Writes a file of the configuration; the returned function takes it away. */
  function configure(path: string, content: unknown): Disposable {
    const file = join(world().config, path);
    mkdirSync(join(file, ".."), { recursive: true });
    writeFileSync(file, typeof content === "string" ? content : JSON.stringify(content));
    return { [Symbol.dispose]: () => rmSync(file) };
  }

  let stores = 0;
  /** A fetch into an empty store of its own. */
  async function fetch(
    reference: string,
    options: { insecure?: string; env?: Record<string, string>; data?: string } = {},
  ) {
    const { insecure = "image", env = { SSL_CERT_FILE: authority.file } } = options;
    const data = options.data ?? join(world().directory, `store-${stores++}`);
    const argv = ["fetch", `--insecure-options=${insecure}`, `docker://${reference}`];
    return { finished: await world().rkt(argv, { data, env }), data };
  }

  const fetched = async (...call: Parameters<typeof fetch>): Promise<string> =>
    succeeded((await fetch(...call)).finished);
  const denied = async (...call: Parameters<typeof fetch>): Promise<string> => {
    const { finished, data } = await fetch(...call);
    const line = refused(finished);
    await expectEmptyStore(world(), data);
    return line;
  };

  describe("TLS", () => {
    test("an authority in SSL_CERT_FILE", async () => {
      expect(await fetched(`${secured.address}/test/app`)).toMatch(/^sha512-/);
    });
    test("without it: refused", async () => {
      const line = await denied(`${secured.address}/test/app`, { env: {} });
      expect(line).toContain("x509:");
    });
    test("without it, but waived", async () => {
      await fetched(`${secured.address}/test/app`, { insecure: "image,tls", env: {} });
    });
    test("an authority for this registry alone, in certs.d", async () => {
      const own = await Bun.file(authority.file).text();
      using _file = configure(`certs.d/${secured.address}/ca.crt`, own);
      await fetched(`${secured.address}/test/app`, { env: {} });
    });
    test("a certificate of ours, in certs.d", async () => {
      const { directory } = world();
      const certificate = await authority.certify(["127.0.0.1"]);
      const clientAuthority = authority.file;
      const options = { directory, within, name: "-clients", certificate, clientAuthority };
      const { address } = keep(await startRegistry(options));
      await denied(`${address}/test/app`);
      const own = await authority.certify(["client.test"]);
      using _cert = configure(`certs.d/${address}/me.cert`, await Bun.file(own.chain).text());
      expect(await denied(`${address}/test/app`)).toContain('there is no "me.key" beside it');
      using _key = configure(`certs.d/${address}/me.key`, await Bun.file(own.key).text());
      await fetched(`${address}/test/app`);
    });
    test("plain HTTP only when it is waived", async () => {
      await denied(`${plain.address}/test/app`);
      await fetched(`${plain.address}/test/app`, { insecure: "image,http" });
    });
  });

  describe("passwords (htpasswd)", () => {
    let registry: Registry;
    beforeAll(async () => {
      const path = join(world().directory, "htpasswd");
      const hash = await Bun.password.hash(PASSWORD, { algorithm: "bcrypt", cost: 4 });
      writeFileSync(path, `${USER}:${hash.replace("$2b$", "$2y$")}\n`);
      registry = await serve("-basic", { htpasswd: { realm: "test", path } });
    });
    const docker = (password: string): Record<string, unknown> => ({
      ...V1,
      rktKind: "dockerAuth",
      registries: [registry.address],
      credentials: { user: USER, password },
    });

    test("none: refused", async () => {
      expect(await denied(`${registry.address}/test/app`)).toContain("asks for a password");
    });
    test("dockerAuth in auth.d", async () => {
      using _file = configure("auth.d/docker.json", docker(PASSWORD));
      await fetched(`${registry.address}/test/app`);
    });
    test("a wrong one: refused", async () => {
      using _file = configure("auth.d/docker.json", docker("wrong"));
      expect(await denied(`${registry.address}/test/app`)).toContain("401");
    });
    test("docker's config.json", async () => {
      const auth = Buffer.from(`${USER}:${PASSWORD}`).toString("base64");
      const config = { auths: { [registry.address]: { auth } } };
      await fetched(`${registry.address}/test/app`, { env: dockerEnvironment(config) });
    });
    test("a credential helper", async () => {
      const config = { credHelpers: { [registry.address]: "safe" } };
      await fetched(`${registry.address}/test/app`, { env: dockerEnvironment(config) });
    });
    test("a helper that is not there is named", async () => {
      const config = { credsStore: "nowhere" };
      const line = await denied(`${registry.address}/test/app`, { env: dockerEnvironment(config) });
      expect(line).toContain("docker-credential-nowhere");
    });
    test("a configuration that is wrong: nothing is fetched, rkt's words", async () => {
      using _file = configure("auth.d/docker.json", { ...docker(PASSWORD), registries: [] });
      const line = await denied(`${registry.address}/test/app`);
      expect(line).toMatch(/^fetch: cannot get configuration: .*no registries specified$/);
    });
  });

  function dockerEnvironment(config: unknown): Record<string, string> {
    const directory = join(world().directory, "docker");
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, "config.json"), JSON.stringify(config));
    const keeper = join(directory, "docker-credential-safe");
    const answer = JSON.stringify({ Username: USER, Secret: PASSWORD });
    writeFileSync(keeper, `#!/bin/sh\n[ "$1" = get ] && cat >/dev/null && echo '${answer}'\n`);
    chmodSync(keeper, 0o755);
    const PATH = `${directory}:/usr/sbin:/usr/bin:/sbin:/bin`;
    return { SSL_CERT_FILE: authority.file, DOCKER_CONFIG: directory, PATH };
  }

  describe("tokens", () => {
    let registry: Registry;
    let tokens: TokenServer;
    beforeAll(async () => {
      const { directory } = world();
      const certificate = await authority.certify(["127.0.0.1"]);
      // The runtime looks for itself in /proc, where the machine shows its own processes only.
      const own = within.filter((word) => word !== "--mount");
      tokens = keep(await startTokenServer({ directory, within: own, certificate }));
      const token = { realm: tokens.realm, service: SERVICE, issuer: ISSUER };
      registry = await serve("-token", { token: { ...token, rootcertbundle: authority.file } });
    });

    test("with a password; one token is for all requests", async () => {
      const auth = Buffer.from(`${USER}:${PASSWORD}`).toString("base64");
      const config = { auths: { [registry.address]: { auth } } };
      const before = tokens.log().length;
      await fetched(`${registry.address}/test/app`, { env: dockerEnvironment(config) });
      expect(tokens.log().slice(before)).toEqual([`GET ${USER} repository:test/app:pull`]);
    });
    test("with an identity token", async () => {
      const config = { auths: { [registry.address]: { identitytoken: REFRESH_TOKEN } } };
      await fetched(`${registry.address}/test/app`, { env: dockerEnvironment(config) });
      expect(tokens.log().at(-1)).toBe(`POST ${USER} repository:test/app:pull`);
    });
    test("without either the token is worth nothing", async () => {
      expect(await denied(`${registry.address}/test/app`)).toContain("401");
    });
    test("a token to push", async () => {
      const auth = Buffer.from(`${USER}:${PASSWORD}`).toString("base64");
      const env = dockerEnvironment({ auths: { [registry.address]: { auth } } });
      const data = join(world().directory, "push-store");
      const id = await fetched(`${secured.address}/test/app`, { data });
      const target = `docker://${registry.address}/pushed/app:1`;
      const pushed = await world().rkt(["image", "push", id.trim(), target], { data, env });
      expect(succeeded(pushed)).toMatch(/^sha256:[0-9a-f]{64}\n$/);
      expect(await fetched(`${secured.address}/pushed/app:1`)).toBe(id);
    });
  });

  describe("registries.d", () => {
    const rule = (registry: Record<string, unknown>): Record<string, unknown> => ({
      ...V1,
      rktKind: "registries",
      registries: [registry],
    });

    test("a site without the internet serves names of Docker's registry", async () => {
      const id = await fetched(`${secured.address}/test/app`);
      await push("hub/library/thing", busyboxOci());
      const location = `${secured.address}/hub`;
      using _file = configure("registries.d/hub.json", rule({ prefix: "docker.io", location }));
      const data = join(world().directory, "hub-store");
      expect(await fetched("thing", { data })).toBe(id);
      const list = await world().rkt(["image", "list", "--no-legend", "--fields=name"], { data });
      expect(succeeded(list)).toBe("registry-1.docker.io/library/thing:latest\n");
    });
    test("mirrors in their order; the next one when one fails", async () => {
      const mirrors = [`127.0.0.1:1`, `${secured.address}/nowhere`, `${secured.address}/hub`];
      const blocked = { prefix: "docker.io", mirrors };
      using _file = configure("registries.d/hub.json", rule(blocked));
      const { finished } = await fetch("library/thing");
      succeeded(finished);
      expect(finished.stderr).toContain('image: mirror "127.0.0.1:1/library/thing" failed');
      expect(finished.stderr).toContain("/nowhere/library/thing");
    });
    test("a blocked registry", async () => {
      using _file = configure("registries.d/b.json", rule({ prefix: "bad.test", blocked: true }));
      expect(await denied("bad.test/x")).toBe('fetch: fetch "bad.test/x": "bad.test" is blocked');
    });
  });

  describe("between here and there", () => {
    const relay = async (
      options: Pick<RelayOptions, "kind" | "target" | "pace">,
    ): Promise<Relay> => {
      const own = within.filter((word) => word !== "--mount");
      return keep(await startRelay({ directory: world().directory, within: own, ...options }));
    };
    const http = { insecure: "image,http" };

    test("a proxy, for http and https; NO_PROXY goes straight", async () => {
      const { directory } = world();
      const far = keep(await startRegistry({ directory, within, name: "-far", ip: FAR }));
      const certificate = await authority.certify([FAR]);
      const tls = { directory, within, name: "-far-tls", ip: FAR, certificate };
      const farSecured = keep(await startRegistry(tls));
      const proxy = await relay({ kind: "proxy" });
      const url = `http://${proxy.address}`;
      const env = { SSL_CERT_FILE: authority.file, HTTP_PROXY: url, HTTPS_PROXY: url };
      await fetched(`${farSecured.address}/test/app`, { env });
      expect(proxy.log()[0]).toBe(`CONNECT ${farSecured.address} HTTP/1.1`);
      const straight = { ...env, HTTPS_PROXY: "http://127.0.0.1:1" };
      await fetched(`${far.address}/test/app`, { insecure: "image,http", env: straight });
      expect(proxy.log().at(-1)).toStartWith(`GET http://${far.address}/v2/`);
      const asked = proxy.log().length;
      await fetched(`${farSecured.address}/test/app`, { env: { ...env, NO_PROXY: "10.0.0.0/8" } });
      expect(proxy.log()).toHaveLength(asked);
    });

    const large = (): OciImage =>
      busyboxOci({ layers: [[{ path: "big", kind: "file", bytes: randomBytes(4 << 20) }]] });
    const layerOf = (image: OciImage): string => image.layers[1]?.digest ?? "";

    test("a later process goes on where a killed one ended", async () => {
      const image = large();
      await push("test/resumed", image);
      const front = await relay({ kind: "front", target: plain.address, pace: 128 << 10 });
      const data = join(world().directory, "resumed");
      const reference = `docker://${front.address}/test/resumed`;
      const argv = ["fetch", "--insecure-options=image,http", reference];
      const first = await world().start(argv, { data });
      const partial = join(data, "cas/tmp", `partial-${layerOf(image).replace(":", "-")}`);
      await eventually("a megabyte is there", async () => {
        const size = statSync(partial, { throwIfNoEntry: false })?.size ?? 0;
        return size >= 1 << 20 ? size : undefined;
      });
      await first.signal("KILL");
      await first.finished;
      const { size } = statSync(partial);
      await fetched(`${front.address}/test/resumed`, { ...http, data });
      expect(front.log()).toContain(`GET /v2/test/resumed/blobs/${layerOf(image)} bytes=${size}-`);
      // What the killed process had begun to unpack is for the collector.
      expect(
        readdirSync(join(data, "cas/tmp")).filter((name) => name.startsWith("partial")),
      ).toEqual([]);
    });

    test("what a killed process left and is damaged is fetched anew", async () => {
      const image = large();
      await push("test/damaged", image);
      const front = await relay({ kind: "front", target: plain.address });
      const data = join(world().directory, "damaged");
      await fetched(`${front.address}/test/app`, { ...http, data });
      const name = `partial-${layerOf(image).replace(":", "-")}`;
      writeFileSync(join(data, "cas/tmp", name), Buffer.alloc(2 << 20));
      await fetched(`${front.address}/test/damaged`, { ...http, data });
      const asked = front.log().filter((line) => line.includes(layerOf(image)));
      expect(asked.map((line) => line.split(" ")[2])).toEqual([`bytes=${2 << 20}-`, undefined]);
      expect(readdirSync(join(data, "cas/tmp"))).toEqual([]);
    });

    test("two processes share one download", async () => {
      const image = large();
      await push("test/shared", image);
      const front = await relay({ kind: "front", target: plain.address, pace: 128 << 10 });
      const data = join(world().directory, "shared");
      const argv = [
        "fetch",
        "--insecure-options=image,http",
        `docker://${front.address}/test/shared`,
      ];
      const first = await world().start(argv, { data });
      await eventually("the layer is asked for", async () =>
        front.log().find((line) => line.includes(layerOf(image))),
      );
      const second = await world().rkt(argv, { data });
      expect(succeeded(second)).toBe(succeeded(await first.finished));
      expect(second.stderr).toContain("another rkt instance is downloading this file, waiting...");
      expect(front.log().filter((line) => line.includes(layerOf(image)))).toHaveLength(1);
    });

    test("who waited goes on where the first one was killed", async () => {
      const image = large();
      await push("test/taken-over", image);
      const front = await relay({ kind: "front", target: plain.address, pace: 128 << 10 });
      const data = join(world().directory, "taken-over");
      const reference = `docker://${front.address}/test/taken-over`;
      const argv = ["fetch", "--insecure-options=image,http", reference];
      const first = await world().start(argv, { data });
      const partial = join(data, "cas/tmp", `partial-${layerOf(image).replace(":", "-")}`);
      await eventually("a megabyte is there", async () => {
        const size = statSync(partial, { throwIfNoEntry: false })?.size ?? 0;
        return size >= 1 << 20 ? size : undefined;
      });
      const said = join(world().directory, "waiter.err");
      const second = world().rkt(argv, { data, as: ["sh", "-c", `exec "$0" "$@" 2>${said}`] });
      await eventually("the second one waits", async () => {
        const words = existsSync(said) ? readFileSync(said, "utf8") : "";
        return words.includes("another rkt instance is downloading this file") || undefined;
      });
      await first.signal("KILL");
      await first.finished;
      expect(succeeded(await second)).toMatch(/^sha512-/);
      const asked = front.log().filter((line) => line.includes(layerOf(image)));
      expect(asked).toHaveLength(2);
      expect(asked[1]).toMatch(/ bytes=\d{7}-$/);
    });
  });
});
