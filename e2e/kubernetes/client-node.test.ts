/**
 * @kubernetes/client-node under Node against `rktnetes server --only api`. Skipped where there is
 * no Node, or set-up has not installed the client.
 */
import { expect, test } from "bun:test";
import { copyFileSync, existsSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { run } from "../fixtures/process.ts";
import { testedApiServer } from "../fixtures/tested-api-server.ts";

const api = testedApiServer("client-node");
const modules = join(import.meta.dir, "../../.cache/client-node/node_modules");
const isLacking = Bun.which("node") === null || !existsSync(modules);

test.skipIf(isLacking)(
  "informs, watches, patches, applies, and is refused where it must",
  async () => {
    const program = join(api.directory, "client.mjs");
    copyFileSync(join(import.meta.dir, "../fixtures/node/client.mjs"), program);
    symlinkSync(modules, join(api.directory, "node_modules"));
    const env = { KUBECONFIG: api.server.kubeconfig };
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
