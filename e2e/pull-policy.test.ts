/**
 * `--pull-policy`: when a tag of a registry is looked up again, and what each command does untold.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { busyboxOci, type OciImage, writeLayout } from "./fixtures/oci.ts";
import { type Registry, startRegistry } from "./fixtures/registry.ts";
import { succeeded } from "./harness/expectations.ts";
import { feature } from "./harness/feature.ts";

const PUSH = join(import.meta.dir, "fixtures/registry.ts");
const INSECURE = "--insecure-options=image,http";

feature("pull policies", { programs: { "docker-registry": "docker-registry" } }, (world) => {
  let registry: Registry;
  beforeAll(async () => {
    const { directory, machine } = world();
    registry = await startRegistry({ directory, within: machine.beside });
  });
  afterAll(async () => {
    await registry[Symbol.asyncDispose]();
  });

  const imageThatSays = (word: string): OciImage =>
    busyboxOci({ config: { Cmd: ["/bin/echo", word] } });
  async function tag(name: string, image: OciImage): Promise<string> {
    const layout = writeLayout(join(world().directory, name), image);
    const { machine } = world();
    const argv = [
      process.execPath,
      "run",
      PUSH,
      registry.address,
      `test/${name}`,
      "latest",
      layout,
    ];
    const { status, stderr } = await machine.run(argv);
    if (status !== 0) throw new Error(`push ${name}: ${stderr}`);
    return `docker://${registry.address}/test/${name}`;
  }
  const run = async (...argv: string[]): Promise<string> =>
    succeeded(await world().rkt(["run", "--net=none", INSECURE, ...argv])).trim();
  const fetch = async (...argv: string[]): Promise<string> =>
    succeeded(await world().rkt(["fetch", INSECURE, ...argv])).trim();

  test("run: new; what the store has is not asked for, until update says so", async () => {
    const name = await tag("moving", imageThatSays("one"));
    expect(await run(name)).toBe("one");
    await tag("moving", imageThatSays("two"));
    expect(await run(name)).toBe("one");
    expect(await run("--pull-policy=never", name)).toBe("one");
    expect(await run("--pull-policy=update", name)).toBe("two");
    expect(await run(name)).toBe("two");
  });

  test("fetch: update; a tag is looked up again, unless new says otherwise", async () => {
    const name = await tag("fetched", imageThatSays("one"));
    const one = await fetch(name);
    await tag("fetched", imageThatSays("two"));
    expect(await fetch("--pull-policy=new", name)).toBe(one);
    const two = await fetch(name);
    expect(two).not.toBe(one);
    expect(await fetch("--pull-policy=never", name)).toBe(two);
  });

  for (const never of ["--pull-policy=never", "--store-only"]) {
    test(`${never}: what the store lacks is not asked for`, async () => {
      const name = await tag("absent", imageThatSays("x"));
      const finished = await world().rkt(["fetch", INSECURE, never, name]);
      expect(finished.stderr).toContain("unable to fetch image from URL");
      expect(finished.status).toBe(254);
    });
  }

  test("the old flags are taken, and said to be old; both at once are refused", async () => {
    const name = await tag("old-flags", imageThatSays("one"));
    const finished = await world().rkt(["run", "--net=none", INSECURE, "--no-store", name]);
    expect(succeeded(finished)).toBe("one\n");
    expect(finished.stderr).toContain(
      "Flag --no-store has been deprecated, please use --pull-policy=update\n",
    );
    const both = await world().rkt(["fetch", INSECURE, "--no-store", "--store-only", name]);
    expect(both.stderr).toEndWith("fetch: both --store-only and --no-store specified\n");
  });

  test("another word is refused", async () => {
    const finished = await world().rkt(["fetch", INSECURE, "--pull-policy=sometimes", "x.test/a"]);
    expect(finished.status).toBe(254);
    expect(finished.stderr).toContain('must be one of "new", "never", "update"');
  });
});
