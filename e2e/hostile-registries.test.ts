/**
 * Registries that mean harm or are broken: one line that says why, status 254, in bounded time and
 * memory, and nothing stays in the store.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createCosignKey } from "./fixtures/cosign.ts";
import { HONEST, HOSTILE_ANSWERS } from "./fixtures/hostile/answers.ts";
import { SERVER } from "./fixtures/hostile/server.ts";
import { type Server, startServer } from "./fixtures/process.ts";
import { expectEmptyStore, refused, succeeded } from "./harness/expectations.ts";
import { feature } from "./harness/feature.ts";
import { measuring, readMemory } from "./harness/measure.ts";

const TOO_LONG_MS = 30_000;
const TOO_MUCH_MB = 300;
const LINE_MAX = 1500;
/** Seconds that a server may be silent: a test waits less long than a person. */
const env = { RKT_NETWORK_TIMEOUT: "1" };

feature("a hostile registry", {}, (world) => {
  let server: Server;
  let ports: Readonly<Record<string, number>> = {};

  beforeAll(async () => {
    // Not in the machine's mounts: the runtime wants a /proc in which it finds itself.
    const beside = world().machine.beside.filter((word) => word !== "--mount");
    const argv = [...beside, process.execPath, "run", SERVER];
    const started = await startServer(argv, /^\{.*\}$/m);
    ports = JSON.parse(started.match[0]) as Record<string, number>;
    server = started;
    const path = join(world().directory, "cosign.pub");
    writeFileSync(path, createCosignKey().publicKey);
    const trust = ["trust", "--root", "--skip-fingerprint-review", `--cosign-key=${path}`];
    succeeded(await world().rkt(trust));
  });

  afterAll(async () => {
    await server[Symbol.asyncDispose]();
  });

  const referenceTo = (name: string, suffix = ""): string =>
    `docker://127.0.0.1:${ports[name]}/hostile/image${suffix}`;

  test("without its malice, and without a Docker-Content-Digest, it is a registry", async () => {
    const data = join(world().directory, "data");
    const argv = ["fetch", "--insecure-options=image,http", referenceTo(HONEST.name)];
    expect(succeeded(await world().rkt(argv, { data, env }))).toMatch(/^sha512-/);
    rmSync(data, { recursive: true, force: true });
  });

  for (const { name, says, suffix, proof } of HOSTILE_ANSWERS) {
    test(name, async () => {
      const here = world();
      const [data, note] = [join(here.directory, "data"), join(here.directory, "memory.json")];
      const waived = proof === true ? "http" : "image,http";
      const argv = ["fetch", `--insecure-options=${waived}`, referenceTo(name, suffix)];
      const options = { data, env, as: measuring(note), timeoutMs: TOO_LONG_MS };
      const line = refused(await here.rkt(argv, options));
      expect(line).toMatch(says);
      expect(line.length).toBeLessThan(LINE_MAX);
      expect(line).toMatch(/^[^\p{Cc}]*$/u);
      const { togetherMB, largestMB } = readMemory(note);
      expect(Math.max(togetherMB, largestMB)).toBeLessThan(TOO_MUCH_MB);
      await expectEmptyStore(here, data);
      rmSync(data, { recursive: true, force: true });
    });
  }
});
