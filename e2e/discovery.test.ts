/**
 * Images by name: discovery of archives and keys over TLS, what a second fetch asks for, and what
 * becomes of downloads that break.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type AciOptions, busyboxAci } from "./fixtures/aci.ts";
import { architecture } from "./fixtures/busybox.ts";
import { createKeyRing, type KeyRing, type Signer } from "./fixtures/keys.ts";
import type { Finished } from "./fixtures/process.ts";
import type { Answer } from "./fixtures/web-site.ts";
import { eventually } from "./harness/background.ts";
import { expectEmptyStore, refused, succeeded } from "./harness/expectations.ts";
import { feature } from "./harness/feature.ts";
import { INTERNET, type Internet, startInternet } from "./harness/internet.ts";

const PROGRAMS = { gpg: "gnupg", openssl: "openssl", "docker-registry": "docker-registry" };
const INSECURE = "--insecure-options=image";

feature("images by name", { programs: PROGRAMS, ...INTERNET }, (world) => {
  let internet: Internet;
  let ring: KeyRing;
  let signer: Signer;

  beforeAll(async () => {
    internet = await startInternet(world());
    ring = await createKeyRing(world().directory);
    signer = await ring.addSigner("Example <release@example.test>", "ed25519");
    const template = "https://example.test/images/{name}-{version}-{os}-{arch}.{ext}";
    internet.web.put(
      "example.test/discovery.html",
      `<meta name="ac-discovery" content="example.test ${template}">` +
        '<meta name="ac-discovery-pubkeys" content="example.test https://example.test/key.asc">',
    );
    internet.web.put("example.test/key.asc", signer.publicKey);
  });

  afterAll(async () => {
    await ring[Symbol.asyncDispose]();
    await internet[Symbol.asyncDispose]();
  });

  const environment = (): Record<string, string> => ({ SSL_CERT_FILE: internet.authority });
  const rkt = (argv: readonly string[], data?: string): Promise<Finished> =>
    world().rkt(argv, { env: environment(), ...(data !== undefined && { data }) });
  const fetch = (...argv: string[]): Promise<Finished> => rkt(["fetch", ...argv]);
  const empty = (name: string): string => join(world().directory, `data-${name}`);

  /** A signed image of `example.test`, as `name-version` on the server; returns its bytes. */
  async function publish(
    name: string,
    version: string,
    options: AciOptions & { readonly answer?: Answer } = {},
  ): Promise<Buffer> {
    const { answer, ...image } = options;
    const bytes = busyboxAci({ name: `example.test/${name}`, version: "1.0.0", ...image });
    const path = join(world().directory, `${name}.aci`);
    writeFileSync(path, bytes);
    const place = placeOf(name, version);
    internet.web.put(place, bytes, answer);
    internet.web.put(`${place}.asc`, readFileSync(await signer.sign(path)));
    return bytes;
  }

  const placeOf = (name: string, version: string): string =>
    `example.test/images/example.test/${name}-${version}-linux-${architecture.appc}.aci`;
  const urlOf = (name: string, version: string): string => `https://${placeOf(name, version)}`;

  describe("discovery", () => {
    test("asks the name's page, then its ancestors'; labels fill the template", async () => {
      await publish("app", "1.0.0");
      internet.web.requests();
      const argv = [INSECURE, `example.test/app:1.0.0,os=linux,arch=${architecture.appc}`];
      const finished = await fetch(...argv);
      expect(succeeded(finished)).toMatch(/^sha512-/);
      expect(finished.stderr).toContain(
        "image: searching for app image example.test/app\n" +
          `image: remote fetching from URL "${urlOf("app", "1.0.0")}"\n`,
      );
      expect(internet.web.requests()).toEqual([
        "https GET example.test/app?ac-discovery=1",
        "https GET example.test/?ac-discovery=1",
        `https GET ${placeOf("app", "1.0.0")}`,
      ]);
    });

    test("without a version the latest is meant, from now on", async () => {
      await publish("moving", "latest", { version: "2.0.0" });
      await publish("moving", "1.0.0", { version: "1.0.0" });
      const latest = succeeded(await fetch(INSECURE, "example.test/moving"));
      const older = succeeded(await fetch(INSECURE, "example.test/moving:1.0.0"));
      expect(older).not.toBe(latest);
      const never = "--pull-policy=never";
      expect(succeeded(await fetch(never, "example.test/moving"))).toBe(latest);
      expect(succeeded(await fetch(never, "example.test/moving:1.0.0"))).toBe(older);
      expect(succeeded(await fetch(never, "example.test/moving:2.0.0"))).toBe(latest);
    });

    const refusals: Readonly<Record<string, readonly [string, string]>> = {
      "a host without a page": ["nowhere.test/app", "discovery failed"],
      "a host that there is not": ["unknown.invalid/app", "discovery failed"],
      "a version that there is not": ["example.test/app:9.9.9", "bad HTTP status code: 404"],
      "an archive of another name": ["example.test/liar:1.0.0", "image name differs"],
      "an archive of another version": ["example.test/old:2.0.0", 'image label "version" differs'],
    };
    for (const [what, [name, message]] of Object.entries(refusals)) {
      test(`refuses ${what}`, async () => {
        await publish("liar", "1.0.0", { name: "example.test/honest" });
        await publish("old", "2.0.0", { version: "1.0.0" });
        const data = empty("refused");
        const line = refused(await rkt(["fetch", INSECURE, name], data));
        expect(line).toContain(message);
        await expectEmptyStore(world(), data);
      });
    }

    test("plain HTTP counts only where it is allowed", async () => {
      const page =
        '<meta name="ac-discovery" content="mirror.test http://mirror.test/{name}.{ext}">';
      internet.web.put("mirror.test/plain/discovery.html", page);
      const image = busyboxAci({ name: "mirror.test/plain" });
      internet.web.put("mirror.test/mirror.test/plain.aci", image);
      const allowed = await fetch("--insecure-options=image,http,tls", "mirror.test/plain");
      expect(succeeded(allowed)).toMatch(/^sha512-/);
      internet.web.requests();
      const data = empty("plain");
      const nobody = { data, env: { SSL_CERT_FILE: "/dev/null" } };
      refused(await world().rkt(["fetch", INSECURE, "mirror.test/plain"], nobody));
      expect(internet.web.requests()).toEqual([]);
    });

    test("cimd: says the same as a name, a URL or a path", async () => {
      const byName = succeeded(await fetch(INSECURE, "example.test/app:1.0.0"));
      const path = encodeURIComponent(`file://${join(world().directory, "app.aci")}`);
      for (const text of [
        "cimd:appc:v=0:example.test/app?version=1.0.0",
        `cimd:aci-archive:v=0:${encodeURIComponent(urlOf("app", "1.0.0"))}`,
        `cimd:aci-archive:v=0:${path}`,
      ]) {
        expect(succeeded(await fetch(INSECURE, text))).toBe(byName);
      }
    });
  });

  describe("keys", () => {
    test("no key covers the image and nobody is there to ask: it is refused", async () => {
      await publish("keys", "latest");
      const finished = await rkt(["fetch", "example.test/keys"], empty("keys"));
      expect(finished.status).toBe(254);
      expect(finished.stdout).toContain("\tExample <release@example.test>\n");
      for (const line of [
        'pubkey: prefix: "example.test/keys"\nkey: "https://example.test/key.asc"\n',
        "image: error adding keys: error reviewing key: unable to ask user",
        "signature made by unknown entity",
        'rkt trust --prefix "example.test/keys"',
      ]) {
        expect(finished.stderr).toContain(line);
      }
    });

    test("--trust-keys-from-https accepts it for this name; later it is there", async () => {
      const first = await rkt(["--trust-keys-from-https", "fetch", "example.test/keys"]);
      expect(first.stdout).toContain('Added key for prefix "example.test/keys" at ');
      expect(first.stdout).toMatch(/\nsha512-[0-9a-f]{32}\n$/);
      const tree = join(world().config, "trustedkeys/prefix.d/example.test/keys");
      expect(readdirSync(tree)).toEqual([signer.fingerprint]);
      const again = await rkt(["fetch", "example.test/keys"], empty("keys-again"));
      expect(succeeded(again)).toMatch(/^sha512-/);
      expect(again.stderr).toContain(
        'image: keys already exist for prefix "example.test/keys", not fetching again\n',
      );
    });

    test("a signature that comes later", async () => {
      await publish("keys", "deferred", { version: "deferred" });
      const place = `${placeOf("keys", "deferred")}.asc`;
      const later = { status: 202, times: 1 };
      internet.web.put(`${place}.answer.json`, JSON.stringify(later));
      const finished = await fetch("example.test/keys:deferred");
      expect(succeeded(finished)).toMatch(/^sha512-/);
      expect(finished.stderr).toContain("image: server requested deferring the signature download");
    });
  });

  describe("a second fetch", () => {
    const asked = (): string[] => internet.web.requests().filter((line) => line.includes(".aci"));

    test("asks whether the archive has changed; nothing else comes", async () => {
      await publish("etag", "1");
      const [url, place] = [urlOf("etag", "1"), placeOf("etag", "1")];
      const id = succeeded(await fetch(INSECURE, url));
      asked();
      expect(succeeded(await fetch(INSECURE, url))).toBe(id);
      expect(asked()).toEqual([expect.stringContaining(`https GET ${place} if-none-match="`)]);
      await publish("etag", "1", { exec: ["/bin/false"] });
      expect(succeeded(await fetch(INSECURE, url))).not.toBe(id);
    });

    test("asks nothing while the answer is fresh", async () => {
      const answer = { headers: { "cache-control": "max-age=600" } };
      await publish("fresh", "1", { answer });
      const url = urlOf("fresh", "1");
      const id = succeeded(await fetch(INSECURE, url));
      asked();
      const again = await fetch(INSECURE, url);
      expect(succeeded(again)).toBe(id);
      expect(again.stderr).toContain(`image: image for ${url} isn't expired, not fetching.\n`);
      expect(asked()).toEqual([]);
      const policy = await fetch(INSECURE, "--pull-policy=new", url);
      expect(policy.stderr).toContain(`image: using image from local store for url ${url}\n`);
    });

    test("does not take what was accepted without proof for proven", async () => {
      const answer = { headers: { "cache-control": "max-age=600" } };
      await publish("proof", "latest", { answer });
      succeeded(await fetch(INSECURE, "example.test/proof"));
      asked();
      const finished = await rkt(["--trust-keys-from-https", "fetch", "example.test/proof"]);
      expect(finished.stderr).toContain("image: signature verified:");
      const place = placeOf("proof", "latest");
      expect(asked()).toEqual([`https GET ${place}.asc`, `https GET ${place}`]);
    });

    test("at the same time waits, and takes what the first one fetched", async () => {
      await publish("shared", "1");
      asked();
      const data = empty("shared");
      const all = [1, 2, 3, 4].map(() => rkt(["fetch", INSECURE, urlOf("shared", "1")], data));
      expect(new Set((await Promise.all(all)).map(succeeded)).size).toBe(1);
      const whole = asked().filter((line) => !line.includes("if-none-match"));
      expect(whole).toEqual([`https GET ${placeOf("shared", "1")}`]);
    });
  });

  test("credentials stay with the host that they are for", async () => {
    const image = busyboxAci({ name: "example.test/secret" });
    const location = "https://mirror.test/secret.aci";
    internet.web.put("example.test/secret.aci", "", { status: 302, headers: { location } });
    internet.web.put("mirror.test/secret.aci", image);
    mkdirSync(join(world().config, "auth.d"), { recursive: true });
    writeFileSync(
      join(world().config, "auth.d/example.json"),
      JSON.stringify({
        rktKind: "auth",
        rktVersion: "v1",
        domains: ["example.test"],
        type: "basic",
        credentials: { user: "bar", password: "baz" },
      }),
    );
    internet.web.requests();
    succeeded(await fetch(INSECURE, "https://example.test/secret.aci"));
    expect(internet.web.requests()).toEqual([
      "https GET example.test/secret.aci authorization=Basic YmFyOmJheg==",
      "https GET mirror.test/secret.aci",
    ]);
  });

  describe("a download that breaks", () => {
    const big = { path: "rootfs/big", kind: "file", bytes: randomBytes(6 << 20) } as const;

    test("goes on where it was", async () => {
      const answer = { cutAfter: 3 << 20, times: 1 };
      await publish("cut", "1", { more: [big], answer });
      internet.web.requests();
      succeeded(await fetch(INSECURE, urlOf("cut", "1")));
      const [, second] = internet.web.requests();
      expect(second).toMatch(/ range=bytes=[1-9]\d+- if-range="/);
    });

    test("goes on in a later process when the first one was killed", async () => {
      const answer = { stallAfter: 3 << 20, times: 1 };
      await publish("killed", "1", { more: [big], answer });
      internet.web.requests();
      const data = empty("killed");
      mkdirSync(data);
      const argv = ["fetch", INSECURE, urlOf("killed", "1")];
      const first = await world().start(argv, { env: environment(), data });
      const kept = async (): Promise<number> =>
        Number(await world().machine.shell(`find ${data} -name 'partial-*' -printf %s`));
      await eventually("1 MiB is there", async () =>
        (await kept()) >= 1 << 20 ? true : undefined,
      );
      await first.signal("KILL");
      await first.finished;
      const from = await kept();
      succeeded(await rkt(argv, data));
      const ranges = internet.web.requests().filter((line) => line.includes(" range=bytes="));
      expect(ranges).toEqual([expect.stringContaining(` range=bytes=${from}- if-range="`)]);
      expect(readdirSync(join(data, "cas/tmp"))).toEqual([]);
    });
  });
});
