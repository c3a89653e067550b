import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseDockerReference, platformOf } from "@rkt/spec";
import { describeFault, Fault, hintOf } from "@shared/base";
import { SECURE } from "../host.ts";
import { pull } from "../pull.ts";
import type { PullOptions } from "../pull-options.ts";
import { LACKS, newBench, run, type TestBench } from "../testdata/bench.ts";
import {
  blobOf,
  descriptor,
  manifestOf,
  OCI,
  type Registry,
  startRegistry,
  type TestBlob,
  type TestImage,
  testImage,
  writeLayout,
} from "../testdata/oci.ts";

const platform = platformOf("linux", "x64");
const insecure = { ...SECURE, image: true, http: true };
const options: PullOptions = { policy: "update", platform, insecure };

const BIG = Buffer.from("0123456789abcdef".repeat(8192));
const image = testImage([
  [
    { type: "directory", path: "bin" },
    { type: "file", path: "bin/hello", mode: 0o755, content: Buffer.from("hello\n") },
    { type: "file", path: "gone", content: Buffer.from("gone\n") },
  ],
  [
    { type: "file", path: ".wh.gone" },
    { type: "file", path: "big", content: BIG },
  ],
]);

async function failureOf(promise: Promise<unknown>): Promise<Fault> {
  const error: unknown = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error === undefined) throw new Error("it did not fail");
  return Fault.from(error);
}

const lacks = LACKS ?? (Bun.which("docker-registry") === null ? "docker-registry" : undefined);

describe.skipIf(lacks !== undefined)(`images of a registry${lacks ? ` (no ${lacks})` : ""}`, () => {
  let registry: Registry;
  let shared: TestBench;
  beforeAll(async () => {
    shared = newBench();
    registry = await startRegistry(join(shared.directory, "registry"));
    await registry.push("lib/app", "latest", image);
  });
  afterAll(async () => {
    await registry[Symbol.asyncDispose]();
    shared[Symbol.dispose]();
  });

  const reference = (text = "lib/app") => parseDockerReference(`${registry.address}/${text}`);

  test("pull() stores documents and layers, each checked", async () => {
    using bench = newBench();
    const found = await pull(bench.host, reference(), options);
    const { store } = bench.host;
    const hash = new Bun.CryptoHasher("sha512").update(image.manifest.bytes).digest("hex");
    expect(found.id).toBe(`sha512-${hash.slice(0, 64)}`);
    expect(found.name).toBe(`${registry.address}/lib/app:latest`);
    expect(found.verification).toEqual({ kind: "none" });
    expect(found.manifest.app?.exec).toEqual(["/bin/hello", "you"]);
    expect(found.layers).toHaveLength(2);
    const [lower = "sha256-", upper = "sha256-"] = found.layers;
    expect(readFileSync(join(store.layerPath(lower), "bin/hello"), "utf8")).toBe("hello\n");
    expect(readFileSync(join(store.layerPath(upper), "big"))).toEqual(BIG);
    expect(run("stat", ["-c", "%F %t:%T", join(store.layerPath(upper), "gone")])).toBe(
      "character special file 0:0\n",
    );
    for (const { digest } of [image.manifest, image.config, ...image.layers]) {
      expect(store.hasBlob(digest as `sha256:${string}`)).toBe(true);
    }
    expect(store.findById(image.manifest.digest)).toEqual(found);
    expect(store.findById(image.config.digest)).toEqual(found);
    expect(bench.notes).toEqual([
      `image: remote fetching from URL "docker://${registry.address}/lib/app"`,
    ]);
    const label = `Downloading ${image.layers[1]?.digest.slice(0, 18)}`;
    const size = image.layers[1]?.bytes.length ?? 0;
    expect(bench.events.filter((event) => event.label === label).at(-1)).toEqual({
      id: image.layers[1]?.digest ?? "",
      label,
      doneBytes: size,
      totalBytes: size,
      ended: true,
    });
    expect(bench.leftovers()).toEqual([]);
  });

  test("the second time the store answers; layers are never fetched twice", async () => {
    using bench = newBench();
    const first = await pull(bench.host, reference(), options);
    bench.events.length = 0;
    expect((await pull(bench.host, reference(), options)).id).toBe(first.id);
    expect(bench.events).toEqual([]);
    bench.notes.length = 0;
    const fromStore = await pull(bench.host, reference("lib/app:latest"), {
      ...options,
      policy: "new",
    });
    expect(fromStore.id).toBe(first.id);
    expect(bench.notes).toEqual([
      `image: using image from local store for url docker://${registry.address}/lib/app:latest`,
    ]);
  });

  test("by digest, and by an index with several platforms", async () => {
    using bench = newBench();
    const found = await pull(bench.host, reference(`lib/app@${image.manifest.digest}`), options);
    const other = { ...descriptor(image.config), mediaType: `${OCI}.manifest.v1+json` };
    const index = {
      schemaVersion: 2,
      manifests: [
        { ...other, platform: { os: "linux", architecture: "s390x" } },
        { ...descriptor(image.manifest), platform: { os: "linux", architecture: "amd64" } },
      ],
    };
    using server = serve(
      { ...image, manifest: blobOf(`${OCI}.index.v1+json`, JSON.stringify(index)) },
      {
        also: [image.manifest],
      },
    );
    const byIndex = await pull(bench.host, server.reference(), options);
    expect(byIndex.id).toBe(found.id);
    const wrong = { ...options, platform: { os: "linux", architecture: "riscv64" } };
    const fault = await failureOf(pull(bench.host, server.reference(), wrong));
    expect(describeFault(fault)).toContain("linux/riscv64");
    expect(hintOf(fault)).toContain("linux/s390x");
  });

  test("a digest does not take away the name that a tag gave", async () => {
    using bench = newBench();
    const tagged = await pull(bench.host, reference(), options);
    await pull(bench.host, reference(`lib/app@${image.manifest.digest}`), options);
    expect(bench.host.store.list().map(({ name }) => name)).toEqual([tagged.name]);
  });

  test("without --insecure-options=image it is refused, with both ways out", async () => {
    using bench = newBench();
    const fault = await failureOf(pull(bench.host, reference(), { ...options, insecure: SECURE }));
    const name = `${registry.address}/lib/app`;
    expect(describeFault(fault)).toBe(
      `image "${name}" has no proof of origin: no key is trusted for it`,
    );
    expect(hintOf(fault)).toBe(
      `trust its signer's key: rkt trust --prefix ${name} --cosign-key KEY.pub; ` +
        "or accept the image without proof: --insecure-options=image",
    );
  });

  test("plain HTTP only when it is allowed", async () => {
    using bench = newBench();
    const secure = { ...options, insecure: { ...SECURE, image: true } };
    const fault = await failureOf(pull(bench.host, reference(), secure));
    expect(fault.kind).toBe("unavailable");
    expect(hintOf(fault)).toContain("--insecure-options=http");
  });

  test("what the registry lacks, and a registry that is not there", async () => {
    using bench = newBench();
    for (const text of ["lib/none", "lib/app:none"]) {
      const fault = await failureOf(pull(bench.host, reference(text), options));
      expect(fault.kind).toBe("not-found");
      expect(describeFault(fault)).toContain(`find image "docker://${registry.address}/${text}"`);
    }
    const nobody = parseDockerReference("127.0.0.1:9/lib/app");
    const fault = await failureOf(pull(bench.host, nobody, options));
    expect(describeFault(fault)).toContain("connection refused");
  });

  test("--pull-policy=never asks nobody", async () => {
    using bench = newBench();
    const fault = await failureOf(pull(bench.host, reference(), { ...options, policy: "never" }));
    expect(describeFault(fault)).toStartWith(
      `unable to fetch image from URL "docker://${registry.address}/lib/app": either image was not`,
    );
  });
});

/** A registry that misbehaves as told: what docker-registry never does. */
interface Behaviour {
  readonly also?: readonly TestBlob[];
  /** Instead of a normal answer; called with the number of the request for this path. */
  readonly answer?: (path: string, nth: number, request: Request) => Response | undefined;
}

interface OddRegistry extends Disposable {
  readonly address: string;
  readonly requests: Request[];
  reference(): ReturnType<typeof parseDockerReference>;
}

function serve(served: TestImage, behaviour: Behaviour = {}): OddRegistry {
  const requests: Request[] = [];
  const counts = new Map<string, number>();
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: (request) => {
      requests.push(request);
      const path = new URL(request.url).pathname;
      const nth = (counts.get(path) ?? 0) + 1;
      counts.set(path, nth);
      const odd = behaviour.answer?.(path, nth, request);
      if (odd !== undefined) return odd;
      if (path === "/v2/") return new Response("{}");
      const all = [served.manifest, served.config, ...served.layers, ...(behaviour.also ?? [])];
      const name = path.split("/").at(-1) ?? "";
      const blob = name === "latest" ? served.manifest : all.find(({ digest }) => digest === name);
      return blob === undefined
        ? new Response("", { status: 404 })
        : new Response(Buffer.from(blob.bytes), { headers: { "Content-Type": blob.mediaType } });
    },
  });
  const address = `127.0.0.1:${server.port}`;
  return {
    address,
    requests,
    reference: () => parseDockerReference(`${address}/lib/app`),
    [Symbol.dispose]: () => void server.stop(true),
  };
}

const status = (code: number): Response => new Response("", { status: code });

describe.skipIf(LACKS !== undefined)("registries that misbehave", () => {
  const layer = image.layers[1]?.digest ?? "";
  const half = (image.layers[1]?.bytes.length ?? 0) >> 1;

  test("503, 429 and a broken connection are overcome, a layer from where it broke", async () => {
    using bench = newBench();
    const whole = image.layers[1]?.bytes ?? BIG;
    using broken = breakAfter(whole.subarray(0, half), whole.length);
    const ranges: (string | null)[] = [];
    using registry = serve(image, {
      answer: (path, nth, request) => {
        if (path.endsWith("/latest") && nth < 3) return status(nth === 1 ? 503 : 429);
        if (!path.endsWith(layer)) return undefined;
        const bytes = Buffer.from(image.layers[1]?.bytes ?? []);
        if (nth === 1) return Response.redirect(broken.url);
        if (nth === 2) return status(502);
        ranges.push(request.headers.get("range"));
        return new Response(bytes.subarray(half), { status: 206 });
      },
    });
    const found = await pull(bench.host, registry.reference(), options);
    expect(ranges).toEqual([`bytes=${half}-`]);
    const upper = found.layers[1] ?? "sha256-";
    expect(readFileSync(join(bench.host.store.layerPath(upper), "big"))).toEqual(BIG);
  });

  test("a layer that breaks off and never comes again", async () => {
    using bench = newBench();
    const whole = image.layers[1]?.bytes ?? BIG;
    using broken = breakAfter(whole.subarray(0, half), whole.length);
    using registry = serve(image, {
      answer: (path, nth) => {
        if (!path.endsWith(layer)) return undefined;
        return nth === 1 ? Response.redirect(broken.url) : status(500);
      },
    });
    const fault = await failureOf(pull(bench.host, registry.reference(), options));
    expect(fault.kind).toBe("unavailable");
    expect(describeFault(fault)).toContain("bad HTTP status code: 500");
    expect(bench.host.store.list()).toEqual([]);
    expect(bench.leftovers()).toEqual([]);
  });

  const schema1 = blobOf(
    "application/vnd.docker.distribution.manifest.v1+json",
    '{"schemaVersion":1}',
  );
  const odd = blobOf("", '{"schemaVersion":2,"mediaType":"application/x-odd"}');
  const fat = blobOf("", " ".repeat(5 << 20));
  const page = blobOf("text/html", "<html>log in</html>");
  const table: readonly (readonly [string, TestImage, Behaviour, Fault["kind"], RegExp])[] = [
    ["schema 1", { ...image, manifest: schema1 }, {}, "unsupported", /schema 1/],
    ["an unknown media type", { ...image, manifest: odd }, {}, "unsupported", /application\/x-odd/],
    ["a manifest that is too big", { ...image, manifest: fat }, {}, "exhausted", /larger than/],
    ["a web page as manifest", { ...image, manifest: page }, {}, "invalid", /manifest/],
    [
      "other bytes of the same size",
      image,
      {
        answer: (path) =>
          path.endsWith(layer)
            ? new Response(Buffer.from(image.layers[1]?.bytes ?? []).fill(7, half, half + 9))
            : undefined,
      },
      "corrupt",
      /sha256:|corrupt|damaged/,
    ],
    [
      "more bytes than described",
      image,
      {
        answer: (path) =>
          path.endsWith(layer)
            ? new Response(Buffer.concat([image.layers[1]?.bytes ?? BIG, BIG]))
            : undefined,
      },
      "corrupt",
      /larger than/,
    ],
    [
      "fewer bytes than described",
      image,
      {
        answer: (path) =>
          path.endsWith(layer)
            ? new Response(Buffer.from(image.layers[1]?.bytes ?? []).subarray(0, half))
            : undefined,
      },
      "corrupt",
      /instead of|truncated|end/,
    ],
    [
      "another configuration",
      image,
      {
        answer: (path) => (path.endsWith(image.config.digest) ? new Response("{}") : undefined),
      },
      "corrupt",
      /its digest is/,
    ],
    [
      "a layer with another diff id",
      { ...image, ...swapped() },
      {},
      "corrupt",
      /the digest of its content is/,
    ],
    [
      "a layer that is not there",
      image,
      {
        answer: (path) => (path.endsWith(layer) ? status(404) : undefined),
      },
      "not-found",
      /404/,
    ],
    [
      "a registry that wants a password",
      image,
      {
        answer: () =>
          new Response("", { status: 401, headers: { "WWW-Authenticate": 'Basic realm="x"' } }),
      },
      "denied",
      /asks for a password/,
    ],
    [
      "a token server without https",
      image,
      {
        answer: (path) =>
          path === "/v2/"
            ? undefined
            : new Response("", {
                status: 401,
                headers: { "WWW-Authenticate": 'Bearer realm="ftp://x/"' },
              }),
      },
      "denied",
      /refuse the token server/,
    ],
  ];
  for (const [why, served, behaviour, kind, message] of table) {
    test(`refused: ${why}`, async () => {
      using bench = newBench();
      using registry = serve(served, behaviour);
      const fault = await failureOf(pull(bench.host, registry.reference(), options));
      expect(describeFault(fault)).toMatch(message);
      expect(fault.kind).toBe(kind);
      expect(bench.host.store.list()).toEqual([]);
      expect(bench.leftovers()).toEqual([]);
    });
  }

  test("a Bearer challenge is answered once; other hosts never see the token", async () => {
    using bench = newBench();
    using elsewhere = serve(image);
    using registry = serve(image, {
      answer: (path, _nth, request) => {
        if (path === "/token") return Response.json({ token: "abc" });
        if (request.headers.get("authorization") !== "Bearer abc") {
          const token = `${new URL(request.url).origin}/token`;
          const realm = `realm="${token}",service="s",scope="a:b:pull,push"`;
          return new Response("", {
            status: 401,
            headers: { "WWW-Authenticate": `Bearer ${realm}` },
          });
        }
        if (!path.includes("/blobs/")) return undefined;
        return Response.redirect(`http://${elsewhere.address}${path}`, 307);
      },
    });
    await pull(bench.host, registry.reference(), options);
    const tokens = registry.requests.filter(({ url }) => url.includes("/token"));
    expect(tokens.map(({ url }) => new URL(url).search)).toEqual([
      "?service=s&scope=a%3Ab%3Apull%2Cpush",
    ]);
    expect(elsewhere.requests.length).toBe(3);
    expect(elsewhere.requests.some(({ headers }) => headers.has("authorization"))).toBe(false);
  });

  test("Basic credentials are sent to who asks for them", async () => {
    using bench = newBench();
    using registry = serve(image, {
      answer: (_path, _nth, request) =>
        request.headers.get("authorization") === `Basic ${btoa("me:secret")}`
          ? undefined
          : new Response("", { status: 401, headers: { "WWW-Authenticate": "Basic realm=x" } }),
    });
    const credentials = { user: "me", password: "secret" };
    const found = await pull(bench.host, registry.reference(), { ...options, credentials });
    expect(found.layers).toHaveLength(2);
  });
});

function swapped(): Pick<TestImage, "manifest" | "layers"> {
  const layers = [...image.layers].reverse();
  return { layers, manifest: manifestOf(image.config, layers) };
}

/** A server that hangs up in the middle of its only answer. */
function breakAfter(bytes: Uint8Array, totalBytes: number): Disposable & { readonly url: string } {
  const server = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      data: (socket) => {
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${totalBytes}\r\n\r\n`);
        socket.write(bytes);
        setTimeout(() => socket.end(), 100); // the client has read the bytes by then
      },
    },
  });
  const url = `http://127.0.0.1:${server.port}/`;
  return { url, [Symbol.dispose]: () => server.stop(true) };
}

describe.skipIf(lacks !== undefined)("a registry with TLS and a password", () => {
  test("credentials and authorities open it; without them it is refused", async () => {
    using bench = newBench();
    const { directory } = bench;
    const key = join(directory, "key.pem");
    const cert = join(directory, "cert.pem");
    const subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"];
    const files = ["-newkey", "rsa:2048", "-keyout", key, "-out", cert];
    run("openssl", ["req", "-x509", "-nodes", "-days", "2", ...subject, ...files]);
    const passwords = join(directory, "htpasswd");
    const hash = await Bun.password.hash("secret", { algorithm: "bcrypt", cost: 4 });
    writeFileSync(passwords, `me:${hash}\n`);
    await using registry = await startRegistry(join(directory, "registry"), {
      tls: `{certificate: ${cert}, key: ${key}}`,
      auth: `{htpasswd: {realm: here, path: ${passwords}}}`,
      user: "me:secret",
    });
    await registry.push("lib/app", "latest", image);
    const reference = parseDockerReference(`${registry.address}/lib/app`);
    const credentials = { user: "me", password: "secret" };
    const secure: PullOptions = { ...options, insecure: { ...SECURE, image: true }, credentials };
    const unknown = await failureOf(pull(bench.host, reference, secure));
    expect(describeFault(unknown)).toContain("x509: ");
    const host = { ...bench.host, authorities: readFileSync(cert, "utf8") };
    const nobody = { ...options, insecure: { ...SECURE, image: true } };
    expect((await failureOf(pull(host, reference, nobody))).kind).toBe("denied");
    expect((await pull(host, reference, secure)).layers).toHaveLength(2);
  });
});

describe.skipIf(LACKS !== undefined)("OCI layouts", () => {
  function layoutBench(): TestBench & { readonly layout: string } {
    const bench = newBench();
    const layout = join(bench.directory, "layout");
    writeLayout(layout, image);
    return { ...bench, layout };
  }

  test("oci:DIR is the same image as in a registry", async () => {
    using bench = layoutBench();
    using registry = serve(image);
    const reference = { kind: "oci", directory: bench.layout } as const;
    const found = await pull(bench.host, reference, options);
    expect(found.name).toBe(bench.layout);
    expect((await pull(bench.host, registry.reference(), options)).id).toBe(found.id);
  });

  type Spoil = (layout: string) => void;
  const blob = (at: TestBlob | undefined): string => `blobs/${at?.digest.replace(":", "/")}`;
  const table: readonly (readonly [string, Spoil, Fault["kind"], RegExp])[] = [
    [
      "a directory that is none",
      (layout) => rmSync(join(layout, "oci-layout")),
      "not-found",
      /^open .*oci-layout: no such file/,
    ],
    [
      "an unknown name",
      (layout) => writeFileSync(join(layout, "index.json"), '{"schemaVersion":2,"manifests":[]}'),
      "not-found",
      /find the image of the layout/,
    ],
    [
      "a changed manifest",
      (layout) => writeFileSync(join(layout, blob(image.manifest)), "{}"),
      "corrupt",
      /its digest is/,
    ],
    [
      "a truncated layer",
      (layout) => truncateSync(join(layout, blob(image.layers[1])), 100),
      "corrupt",
      /instead of|truncated|end/,
    ],
    [
      "a missing layer",
      (layout) => rmSync(join(layout, blob(image.layers[0]))),
      "not-found",
      /no such file/,
    ],
    [
      "a layout of the future",
      (layout) => writeFileSync(join(layout, "oci-layout"), '{"imageLayoutVersion":"2.0.0"}'),
      "unsupported",
      /version "2\.0\.0"/,
    ],
  ];
  for (const [why, spoil, kind, message] of table) {
    test(`refused: ${why}`, async () => {
      using bench = layoutBench();
      spoil(bench.layout);
      const reference = { kind: "oci", directory: bench.layout } as const;
      const fault = await failureOf(pull(bench.host, reference, options));
      expect(describeFault(fault)).toMatch(message);
      expect(fault.kind).toBe(kind);
      expect(bench.leftovers()).toEqual([]);
    });
  }
});
