/**
 * @kubernetes/client-node under Node against `rktnetes server --only api`. Skipped where there is
 * no Node, or set-up has not installed the client.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { copyFileSync, existsSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { type ApiServer, startApiServer } from "../fixtures/api-server.ts";
import { must, run } from "../fixtures/process.ts";
import { temporaryDirectory } from "../fixtures/temporary-directory.ts";

const directory = temporaryDirectory("client-node");
const modules = join(import.meta.dir, "../../.cache/client-node/node_modules");
const isLacking = Bun.which("node") === null || !existsSync(modules);

let server: ApiServer;

beforeAll(async () => {
  await must([process.execPath, "run", join(import.meta.dir, "../../tools/build/build.ts")]);
  server = await startApiServer(directory.path);
});

afterAll(async () => {
  await server[Symbol.asyncDispose]();
  directory[Symbol.dispose]();
});

test.skipIf(isLacking)(
  "informs, watches, patches, applies, and is refused where it must",
  async () => {
    const program = join(directory.path, "client.mjs");
    copyFileSync(join(import.meta.dir, "../fixtures/node/client.mjs"), program);
    symlinkSync(modules, join(directory.path, "node_modules"));
    const env = { KUBECONFIG: server.kubeconfig };
    const { status, stdout, stderr } = await run(["node", program], { env });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(JSON.parse(stdout)).toMatchObject({
      informed: ["add a 1", "update a 2", "delete a 2"],
      watched: ["ADDED d"],
      strategy: "RollingUpdate",
      created: true,
      conflict: 409,
      missing: 404,
      applied: ["Apply client-node"],
      exec: expect.stringMatching(/^refused .*4\d\d/) as string,
    });
  },
);
