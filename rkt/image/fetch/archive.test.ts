import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { platformOf } from "@rkt/spec";
import { describeFault, Fault, hintOf } from "@shared/base";
import { type ImageHost, SECURE } from "../host.ts";
import { pull } from "../pull.ts";
import {
  type Keys,
  LACKS,
  newBench,
  newKeys,
  run,
  smallAci,
  trustFile,
} from "../testdata/bench.ts";

const options = { policy: "update", platform: platformOf("linux", "x64") } as const;
const unchecked = { ...options, insecure: { ...SECURE, image: true } } as const;

type Answer = (path: string, request: Request) => Response | undefined;

interface WebServer extends Disposable {
  readonly url: string;
  readonly paths: string[];
}

function serve(answer: Answer, tls?: { readonly key: string; readonly cert: string }): WebServer {
  const paths: string[] = [];
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    ...(tls !== undefined && { tls }),
    fetch: (request) => {
      const path = new URL(request.url).pathname;
      paths.push(path);
      return answer(path, request) ?? new Response("", { status: 404 });
    },
  });
  return {
    url: `${tls === undefined ? "http" : "https"}://127.0.0.1:${server.port}`,
    paths,
    [Symbol.dispose]: () => void server.stop(true),
  };
}

async function failureOf(promise: Promise<unknown>): Promise<Fault> {
  const error: unknown = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error === undefined) throw new Error("it did not fail");
  return Fault.from(error);
}

const bytesOf = (bytes: Uint8Array): Response => new Response(Buffer.from(bytes));

describe.skipIf(LACKS !== undefined)(`archives behind URLs${LACKS ? ` (no ${LACKS})` : ""}`, () => {
  let keys: Keys;
  let signer: string;
  let signature: Uint8Array;
  const archive = smallAci();
  let scratch: ReturnType<typeof newBench>;
  beforeAll(() => {
    scratch = newBench();
    keys = newKeys();
    signer = keys.make("Signer <s@a.test>");
    const path = join(scratch.directory, "x.aci");
    writeFileSync(path, archive);
    keys.sign(signer, path);
    signature = Buffer.from(run("cat", [`${path}.asc`]));
  });
  afterAll(() => {
    keys[Symbol.dispose]();
    scratch[Symbol.dispose]();
  });

  function trusting(changes: Partial<ImageHost> = {}): ReturnType<typeof newBench> {
    const bench = newBench(changes);
    trustFile(bench.host.keyTrees[1] ?? "", "root.d", signer, keys.publicKey(signer));
    return bench;
  }

  const both: Answer = (path) => {
    if (path === "/x.aci") return bytesOf(archive);
    return path === "/x.aci.asc" ? bytesOf(signature) : undefined;
  };

  test("the signature comes first, then the archive; later the store knows the URL", async () => {
    using bench = trusting();
    using server = serve(both);
    const url = `${server.url}/x.aci`;
    const image = await pull(bench.host, { kind: "url", url }, options);
    expect(server.paths).toEqual(["/x.aci.asc", "/x.aci"]);
    expect(image.verification.kind).toBe("signature");
    expect(bench.notes[0]).toBe(`image: remote fetching from URL "${url}"`);
    const again = await pull(bench.host, { kind: "url", url }, { ...options, policy: "new" });
    expect(again.id).toBe(image.id);
    expect(server.paths).toHaveLength(2);
    expect(bench.notes.at(-1)).toBe(`image: using image from local store for url ${url}`);
  });

  test("servers see who we are", async () => {
    using bench = newBench();
    const agents: (string | null)[] = [];
    using server = serve((_path, request) => {
      agents.push(request.headers.get("user-agent"));
      return bytesOf(archive);
    });
    await pull(bench.host, { kind: "url", url: `${server.url}/x.aci` }, unchecked);
    expect(agents).toEqual(["rkt/0.1.0"]);
  });

  test("202 for the signature: it is asked for again after the archive", async () => {
    using bench = trusting();
    using server: WebServer = serve((path, request) =>
      path === "/x.aci.asc" && !server.paths.includes("/x.aci")
        ? new Response("", { status: 202 })
        : both(path, request),
    );
    await pull(bench.host, { kind: "url", url: `${server.url}/x.aci` }, options);
    expect(server.paths).toEqual(["/x.aci.asc", "/x.aci", "/x.aci.asc"]);
    expect(bench.notes).toContain("image: server requested deferring the signature download");
  });

  const table: readonly (readonly [string, Answer, Fault["kind"], RegExp])[] = [
    ["404", () => undefined, "not-found", /bad HTTP status code: 404$/],
    ["401", () => new Response("", { status: 401 }), "denied", /bad HTTP status code: 401$/],
    ["500", () => new Response("", { status: 500 }), "unavailable", /bad HTTP status code: 500$/],
    ["a web page", () => new Response("<!doctype html>hello"), "corrupt", /it is a web page$/],
    [
      "a redirect for ever",
      () => new Response("", { status: 302, headers: { Location: "/x.aci" } }),
      "invalid",
      /more than 10 redirects$/,
    ],
    [
      "a redirect to a file",
      () => new Response("", { status: 302, headers: { Location: "file:///etc/passwd" } }),
      "denied",
      /refuse the redirect/,
    ],
    ["half of it", () => bytesOf(archive.subarray(0, 2100)), "corrupt", /truncated/],
  ];
  for (const [why, answer, kind, message] of table) {
    test(`refused: ${why}`, async () => {
      using bench = newBench();
      using server = serve(answer);
      const url = `${server.url}/x.aci`;
      const fault = await failureOf(pull(bench.host, { kind: "url", url }, unchecked));
      expect(describeFault(fault)).toMatch(message);
      expect(fault.kind).toBe(kind);
      expect(bench.leftovers()).toEqual([]);
    });
  }

  test("no signature: the archive is not even asked for", async () => {
    using bench = trusting();
    using server = serve((path) => (path === "/x.aci" ? bytesOf(archive) : undefined));
    const url = `${server.url}/x.aci`;
    const fault = await failureOf(pull(bench.host, { kind: "url", url }, options));
    expect(describeFault(fault)).toBe(`get "${url}.asc": bad HTTP status code: 404`);
    expect(server.paths).toEqual(["/x.aci.asc"]);
  });

  test("nobody there: one clear line", async () => {
    using bench = newBench();
    const url = "http://127.0.0.1:9/x.aci";
    const fault = await failureOf(pull(bench.host, { kind: "url", url }, unchecked));
    expect(describeFault(fault)).toBe(`get "${url}": connection refused`);
  });

  test("a server that stands still is given up, by the clock", async () => {
    const clock = { now: () => 0, sleep: async () => undefined };
    using bench = newBench({ clock });
    using server = serve(() => new Response(new ReadableStream({ start: () => undefined })));
    const url = `${server.url}/x.aci`;
    const fault = await failureOf(pull(bench.host, { kind: "url", url }, unchecked));
    expect(fault.kind).toBe("timeout");
  });

  test("an abort ends it", async () => {
    using bench = newBench({ signal: AbortSignal.abort() });
    using server = serve(both);
    const url = `${server.url}/x.aci`;
    const fault = await failureOf(pull(bench.host, { kind: "url", url }, unchecked));
    expect(fault.kind).toBe("canceled");
  });

  describe("https", () => {
    function certificate(): { readonly key: string; readonly cert: string } {
      const key = join(scratch.directory, "key.pem");
      const cert = join(scratch.directory, "cert.pem");
      const subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"];
      const algorithm = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
      const output = ["-keyout", key, "-out", cert];
      run("openssl", ["req", "-x509", "-nodes", "-days", "2", ...algorithm, ...subject, ...output]);
      return { key: run("cat", [key]), cert: run("cat", [cert]) };
    }

    test("an unknown certificate is refused; authorities and insecure tls help", async () => {
      const pair = certificate();
      using server = serve(both, pair);
      const reference = { kind: "url", url: `${server.url}/x.aci` } as const;
      using strict = newBench();
      const fault = await failureOf(pull(strict.host, reference, unchecked));
      expect(fault.kind).toBe("denied");
      expect(describeFault(fault)).toStartWith(`get "${reference.url}": x509: `);
      expect(hintOf(fault)).toContain("--insecure-options=tls");
      using knowing = newBench({ authorities: pair.cert });
      const first = await pull(knowing.host, reference, unchecked);
      using loose = newBench();
      const insecure = { ...SECURE, image: true, tls: true };
      expect((await pull(loose.host, reference, { ...options, insecure })).id).toBe(first.id);
    });

    test("a redirect from https to http is refused", async () => {
      using plain = serve(both);
      using server = serve(() => Response.redirect(`${plain.url}/x.aci`), certificate());
      using bench = newBench();
      const insecure = { ...SECURE, image: true, tls: true };
      const reference = { kind: "url", url: `${server.url}/x.aci` } as const;
      const fault = await failureOf(pull(bench.host, reference, { ...options, insecure }));
      expect(describeFault(fault)).toContain("refuse the redirect");
      expect(plain.paths).toEqual([]);
    });

    test("a server without TLS: one clear line", async () => {
      using plain = serve(both);
      using bench = newBench();
      const url = `${plain.url.replace("http:", "https:")}/x.aci`;
      const fault = await failureOf(pull(bench.host, { kind: "url", url }, unchecked));
      expect(describeFault(fault)).toBe(`get "${url}": tls: the server does not speak TLS`);
    });
  });
});
