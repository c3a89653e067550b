/**
 * The official Go client against `rktnetes server --only api`: each check is a run of one program
 * that the test builds. Skipped where set-up has not brought Go (`tools/setup/setup.sh go`).
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type ApiServer, startApiServer } from "../fixtures/api-server.ts";
import { must, run } from "../fixtures/process.ts";
import { temporaryDirectory } from "../fixtures/temporary-directory.ts";

const GO = join(import.meta.dir, "../../.cache/go");
const isLacking = !existsSync(GO);
const BUILD_MS = 900_000;
const CHECK_MS = 60_000;

const directory = temporaryDirectory("client-go");
const program = join(directory.path, "check");
let server: ApiServer;

/** The second build of a machine takes a fraction of the time. */
async function build(): Promise<void> {
  const toolchain = join(GO, "usr/lib/go-1.26");
  const env = {
    GOROOT: toolchain,
    GOPATH: join(GO, "usr/share/gocode"),
    GOCACHE: join(GO, "build"),
    GOTOOLCHAIN: "local",
    GO111MODULE: "off",
    CGO_ENABLED: "0",
    HOME: directory.path,
  };
  const sources = join(import.meta.dir, "client-go");
  const words = ["build", "-C", sources, "-o", program, "."];
  await must([join(toolchain, "bin/go"), ...words], { env, timeoutMs: BUILD_MS });
}

/** In the file system, and on the same port whenever it is started again. */
function start(port: string): Promise<ApiServer> {
  return startApiServer(directory.path, ["--datastore=sqlite", `--port=${port}`]);
}

beforeAll(async () => {
  if (isLacking) return;
  await must([process.execPath, "run", join(import.meta.dir, "../../tools/build/build.ts")]);
  await build();
  server = await start("0");
}, BUILD_MS);

afterAll(async () => {
  if (!isLacking) await server[Symbol.asyncDispose]();
  directory[Symbol.dispose]();
});

test.skipIf(isLacking).each([
  ["typed", "typed clients take a deployment through its life"],
  ["protobuf", "so they do in protobuf only"],
  ["apply", "apply configurations meet conflicts, force them, and read what is theirs"],
  ["conflict", "ten writers of one object each retry until they are through"],
  ["pages", "a pager reads a list in pieces"],
  ["discovery", "kinds are found by group, by short name, and in OpenAPI documents"],
  ["dynamic", "custom objects are written, watched, applied, deleted"],
  ["metadata", "metadata is listed alone"],
  ["scale", "deployments are scaled without being known"],
  ["informer", "informers hear of what is there and of all that comes"],
  ["leader-election", "a second candidate leads when the first is gone"],
  ["controller", "a controller with a work queue writes the status of custom objects"],
  ["events", "both recorders write events, and count what is told again"],
  ["token", "a requested token is let in as its service account"],
  ["signing-request", "an approved certificate is signed and lets its owner in"],
  ["eviction", "a pod that nothing protects is evicted"],
  ["exec", "exec into a pod without a node is refused in words, by both protocols"],
  ["authorizer-review", "others' rights are told"],
])(
  "client-go, %s: %s",
  async (name) => {
    const { status, stderr } = await run([program, server.kubeconfig, name]);
    expect({ status, stderr: status === 0 ? "" : stderr }).toEqual({ status: 0, stderr: "" });
  },
  CHECK_MS,
);

test.skipIf(isLacking)("client-go that prefers CBOR goes on in JSON", async () => {
  const env = { KUBE_FEATURE_ClientsAllowCBOR: "true", KUBE_FEATURE_ClientsPreferCBOR: "true" };
  await must([program, server.kubeconfig, "cbor"], { env });
});

test.skipIf(isLacking)(
  "an informer outlives a server that is killed and comes back",
  async () => {
    const child = Bun.spawn([program, server.kubeconfig, "restart"], {
      stdin: "pipe",
      stdout: "pipe",
      stderr: "pipe",
    });
    const said = await child.stdout.getReader().read();
    expect(new TextDecoder().decode(said.value)).toBe("watching\n");
    await server[Symbol.asyncDispose](); // SIGKILL
    server = await start(new URL(server.url).port);
    await child.stdin.write("go on\n");
    await child.stdin.end();
    expect({ status: await child.exited, stderr: await child.stderr.text() }).toMatchObject({
      status: 0,
    });
  },
  CHECK_MS,
);
