/**
 * `docker2aci`: images of a real registry and of archives become ACIs, which rkt fetches and runs
 * as it runs the image itself.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { architecture } from "./fixtures/busybox.ts";
import { busyboxOci, layeredOci, type OciImage, writeLayout } from "./fixtures/oci.ts";
import type { Finished } from "./fixtures/process.ts";
import { type Registry, startRegistry } from "./fixtures/registry.ts";
import { succeeded } from "./harness/expectations.ts";
import { feature } from "./harness/feature.ts";

const DOCKER2ACI = join(import.meta.dir, "../dist/docker2aci");
const PUSH = join(import.meta.dir, "fixtures/registry.ts");

const CONFIG = {
  Entrypoint: ["/bin/sh", "-c"],
  Cmd: ["echo $GREETING; cat /etc/owned-by-alice"],
  Env: ["PATH=/bin", "GREETING=hello there"],
  ExposedPorts: { "80/tcp": {}, "53/udp": {} },
  Volumes: { "/data": {}, "/var/cache": {} },
  User: "alice",
  WorkingDir: "/srv",
  Labels: { vendor: "test" },
};

feature("docker2aci", { programs: { "docker-registry": "docker-registry" } }, (world) => {
  let registry: Registry;
  let serial = 0;

  beforeAll(async () => {
    const { directory, machine } = world();
    registry = await startRegistry({ directory, within: machine.beside });
    await push("library/app", busyboxOci({ config: CONFIG }), "v1");
    await push("library/layered", layeredOci(), "latest");
  });

  afterAll(async () => {
    await registry[Symbol.asyncDispose]();
  });

  async function push(repository: string, image: OciImage, tag: string): Promise<void> {
    const path = writeLayout(join(world().directory, "push", repository, tag), image);
    const program = [process.execPath, "run", PUSH, registry.address, repository, tag, path];
    const { status, stderr } = await world().machine.run(program);
    if (status !== 0) throw new Error(`push ${repository}: ${stderr}`);
  }

  /** Runs docker2aci in a directory of its own. */
  async function convert(...argv: string[]): Promise<Finished & { readonly directory: string }> {
    const directory = join(world().directory, `converted-${serial++}`);
    mkdirSync(directory);
    const inside = ["env", "-C", directory, `TMPDIR=${directory}`, DOCKER2ACI];
    return { ...(await world().machine.run([...inside, ...argv])), directory };
  }

  const reference = (name: string): string => `docker://${registry.address}/library/${name}`;
  const HTTP = "--insecure-allow-http";

  async function run(path: string, ...argv: string[]): Promise<string> {
    const words = ["run", "--net=none", "--insecure-options=image", path, ...argv];
    return succeeded(await world().rkt(words));
  }

  test("one file, named after repository and tag, with the image's settings", async () => {
    const done = await convert(HTTP, reference("app:v1"));
    expect(succeeded(done)).toBe("\nGenerated ACI(s):\nlibrary-app-v1.aci\n");
    expect(readdirSync(done.directory), "nothing else stays").toEqual(["library-app-v1.aci"]);
    const path = join(done.directory, "library-app-v1.aci");
    const id = succeeded(await world().rkt(["fetch", "--insecure-options=image", path])).trim();
    const text = succeeded(await world().rkt(["image", "cat-manifest", id]));
    const { manifest, config } = busyboxOci({ config: CONFIG });
    expect(JSON.parse(text)).toEqual({
      acKind: "ImageManifest",
      acVersion: "0.8.11",
      name: `${registry.address.replace(":", "_")}/library/app`,
      labels: [
        { name: "arch", value: architecture.appc },
        { name: "os", value: "linux" },
        { name: "version", value: "v1" },
      ],
      app: {
        exec: [...CONFIG.Entrypoint, ...CONFIG.Cmd],
        user: "alice",
        group: "alice",
        workingDirectory: "/srv",
        environment: [
          { name: "PATH", value: "/bin" },
          { name: "GREETING", value: "hello there" },
        ],
        mountPoints: [
          { name: "volume-data", path: "/data" },
          { name: "volume-var-cache", path: "/var/cache" },
        ],
        ports: [
          { name: "53-udp", protocol: "udp", port: 53, count: 1, socketActivated: false },
          { name: "80-tcp", protocol: "tcp", port: 80, count: 1, socketActivated: false },
        ],
        userLabels: { vendor: "test" },
      },
      annotations: [
        { name: "created", value: "2020-01-01T00:00:00Z" },
        { name: "appc.io/docker/originalname", value: `${registry.address}/library/app:v1` },
        { name: "appc.io/docker/registryurl", value: registry.address },
        { name: "appc.io/docker/repository", value: "library/app" },
        { name: "appc.io/docker/imageid", value: config.digest },
        { name: "appc.io/docker/manifesthash", value: manifest.digest },
        { name: "appc.io/docker/entrypoint", value: JSON.stringify(CONFIG.Entrypoint) },
        { name: "appc.io/docker/cmd", value: JSON.stringify(CONFIG.Cmd) },
      ],
    });
    expect(await run(path, "--group=100")).toBe("hello there\nalice's\n");
  });

  const SHOW = ["--exec=/bin/sh", "--", "-c", "cd /data; ls -A . opaque; cat replaced turned"];
  const SHOWN = [
    ...[".:", "first", "opaque", "pipe", "replaced", "second", "setuid", "turned", ""],
    ...["opaque:", "new", "new", "a file now", ""],
  ].join("\n");

  test("layers are squashed, with what they hide left out", async () => {
    const { directory } = await convert(HTTP, "--compression=none", reference("layered"));
    expect(await run(join(directory, "library-layered-latest.aci"), ...SHOW)).toBe(SHOWN);
  });

  test("links of /dev to standard streams are those that rkt's programs can open", async () => {
    const target = "/proc/self/fd/1";
    const links = ["stdin", "stdout", "stderr", "fd", "core"].map(
      (name) => ({ path: `dev/${name}`, kind: "symlink", target }) as const,
    );
    const layers = [[{ path: "dev", kind: "directory" } as const, ...links]];
    await push("library/streams", busyboxOci({ layers }), "latest");
    const { directory } = await convert(HTTP, reference("streams"));
    const list = `tar -tvzf ${directory}/library-streams-latest.aci | sed -n 's/.* rootfs.dev.//p'`;
    expect((await world().machine.shell(list)).trim().split("\n").filter(Boolean).sort()).toEqual([
      `core -> ${target}`,
      "fd -> /proc/self/fd",
      "stderr -> /dev/console",
      "stdin -> /proc/self/fd/0",
      "stdout -> /dev/console",
    ]);
  });

  test("--nosquash: one for each layer; together they are the image", async () => {
    const done = await convert(HTTP, "--nosquash", reference("layered"));
    const stem = `library-layered-latest-linux-${architecture.appc}`;
    const files = [0, 1, 2].map((index) => `${stem}-${index}.aci`);
    expect(succeeded(done)).toBe(`\nGenerated ACI(s):\n${files.join("\n")}\n`);
    const paths = files.map((file) => join(done.directory, file));
    for (const path of paths) {
      succeeded(await world().rkt(["fetch", "--insecure-options=image", path]));
    }
    expect(await run(paths.at(-1) ?? "", ...SHOW)).toBe(SHOWN);
  });

  /** What docker save writes: each image under its name, layers uncompressed beside a table. */
  async function savedArchive(
    name: string,
    images: Readonly<Record<string, OciImage>>,
  ): Promise<string> {
    const directory = join(world().directory, name);
    mkdirSync(directory);
    const table = Object.entries(images).map(([tag, { config, layers }], at) => {
      const names = layers.map((_, index) => `${at}-${index}.tar`);
      writeFileSync(join(directory, `${at}.json`), config.bytes);
      for (const [index, { bytes }] of layers.entries()) {
        writeFileSync(join(directory, `${at}-${index}.tar`), gunzipSync(bytes));
      }
      return { Config: `${at}.json`, RepoTags: [tag], Layers: names };
    });
    writeFileSync(join(directory, "manifest.json"), JSON.stringify(table));
    await world().machine.shell(`tar -C ${directory} -cf ${directory}.tar .`);
    return `${directory}.tar`;
  }

  test("what docker save wrote, under the name that it has there", async () => {
    const file = await savedArchive("saved", { "layered:v3": layeredOci() });
    const done = await convert(file);
    expect(succeeded(done)).toBe("\nGenerated ACI(s):\nlibrary-layered-v3.aci\n");
    expect(await run(join(done.directory, "library-layered-v3.aci"), ...SHOW)).toBe(SHOWN);
  });

  test("--image chooses one of several", async () => {
    const images = { "registry.test/a:1": busyboxOci(), "layered:v3": layeredOci() };
    const file = await savedArchive("several", images);
    const which = await convert(file);
    expect(which).toMatchObject({ status: 1, stdout: "" });
    expect(which.stderr).toStartWith(`docker2aci: convert "${file}": it holds 2 images\n`);
    const done = await convert("--image=layered:v3", file);
    expect(succeeded(done)).toBe("\nGenerated ACI(s):\nlibrary-layered-v3.aci\n");
  });

  test("an archive of an OCI layout", async () => {
    const layout = writeLayout(join(world().directory, "archived"), layeredOci());
    const file = `${layout}.tar`;
    await world().machine.shell(`tar -C ${layout} -cf ${file} .`);
    const done = await convert(`oci-archive:${file}`);
    const [name = ""] = readdirSync(done.directory);
    expect(await run(join(done.directory, name), ...SHOW)).toBe(SHOWN);
  });

  describe("refuses, with status 1 and nothing left", () => {
    const REFUSED: readonly (readonly [string, string[], string])[] = [
      ["plain HTTP unless allowed", [], "docker2aci: "],
      ["an image that is not there", [HTTP], "docker2aci: find image"],
    ];
    for (const [what, argv, words] of REFUSED) {
      test(what, async () => {
        const done = await convert(...argv, reference("none"));
        expect(done).toMatchObject({ status: 1, stdout: "" });
        expect(done.stderr).toContain(words);
        expect(readdirSync(done.directory)).toEqual([]);
      });
    }

    test("a file that is not there", async () => {
      const done = await convert("none.tar");
      expect(done).toMatchObject({ status: 1, stdout: "" });
      expect(done.stderr).toStartWith("docker2aci: open none.tar: no such file or directory\n");
    });
  });
});
