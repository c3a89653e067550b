/**
 * `rkt fetch` and `rkt run` of images in OCI's form, from Debian's docker-registry and from layout
 * directories.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  busyboxOci,
  layeredOci,
  type OciImage,
  writeLayout,
  writeTwoPlatformLayout,
} from "./fixtures/oci.ts";
import { type Registry, startRegistry } from "./fixtures/registry.ts";
import { expectEmptyStore, refused, succeeded } from "./harness/expectations.ts";
import { feature } from "./harness/feature.ts";

const REGISTRY = { "docker-registry": "docker-registry" };
const PUSH = join(import.meta.dir, "fixtures/registry.ts");

feature("OCI images", { programs: REGISTRY }, (world) => {
  let registry: Registry;
  /** Directory of the layout of the layered image. */
  let layout = "";

  beforeAll(async () => {
    const { directory, machine } = world();
    registry = await startRegistry({ directory, within: machine.beside });
    layout = writeLayout(join(directory, "layered"), layeredOci());
    await push("test/layered", layeredOci());
  });

  afterAll(async () => {
    await registry[Symbol.asyncDispose]();
  });

  async function push(repository: string, image: OciImage, tag = "latest"): Promise<void> {
    const path = writeLayout(join(world().directory, "push", repository, tag), image);
    const program = [process.execPath, "run", PUSH, registry.address, repository, tag, path];
    const { status, stderr } = await world().machine.run(program);
    if (status !== 0) throw new Error(`push ${repository}: ${stderr}`);
  }

  const insecure = "--insecure-options=image,http";
  const reference = (repository: string): string => `docker://${registry.address}/${repository}`;

  test("docker://: fetched once, then used from the store", async () => {
    const first = await world().rkt(["fetch", insecure, reference("test/layered")]);
    expect(succeeded(first)).toMatch(/^sha512-[0-9a-f]{32}\n$/);
    expect(first.stderr).toContain(
      `image: remote fetching from URL "${reference("test/layered")}"`,
    );
    const run = ["run", "--net=none", insecure, reference("test/layered"), "--exec=/bin/true"];
    const second = await world().rkt(run);
    succeeded(second);
    expect(second.stderr).not.toContain("remote fetching");
  });

  test("oci:DIR is the same image as from the registry", async () => {
    const fromLayout = await world().rkt(["fetch", "--insecure-options=image", `oci:${layout}`]);
    const fromRegistry = await world().rkt(["fetch", insecure, reference("test/layered")]);
    expect(succeeded(fromLayout)).toBe(succeeded(fromRegistry));
  });

  test("of an index with several platforms, this machine's", async () => {
    const two = writeTwoPlatformLayout(join(world().directory, "two"), layeredOci());
    const ours = await world().rkt(["fetch", "--insecure-options=image", `oci:${two}`]);
    const direct = await world().rkt(["fetch", "--insecure-options=image", `oci:${layout}`]);
    expect(succeeded(ours)).toBe(succeeded(direct));
  });

  test("a digest instead of a tag", async () => {
    const { digest } = layeredOci().manifest;
    const finished = await world().rkt([
      "fetch",
      insecure,
      `${reference("test/layered")}@${digest}`,
    ]);
    expect(succeeded(finished)).toMatch(/^sha512-/);
  });

  describe("the layers, stacked", () => {
    const inside = async (script: string, ...flags: string[]): Promise<string> =>
      succeeded(
        await world().rkt([
          ...["run", "--net=none", insecure, reference("test/layered"), ...flags],
          ...["--exec=/bin/sh", "--", "-c", script],
        ]),
      );

    const expectations: readonly (readonly [string, string, string])[] = [
      ["a whiteout hides a file", "ls /data/removed 2>&1 | grep -c 'No such'", "1"],
      ["an upper file replaces a lower one", "cat /data/replaced", "new"],
      ["with its own mode and owner", "stat -c %a:%u:%g /data/replaced", "640:1000:100"],
      ["a file replaces a directory", "cat /data/turned", "a file now"],
      ["an opaque directory hides what is below", "ls /data/opaque", "new"],
      ["and has its own mode", "stat -c %a /data/opaque", "700"],
      ["hard links are one file", "stat -c %h /data/first", "2"],
      ["setuid stays", "stat -c %a /data/setuid", "4755"],
      ["a fifo is a fifo", "stat -c %F /data/pipe", "fifo"],
      ["parents that are not listed exist", "stat -c %a /implicit/parent", "755"],
      ["no whiteout file is visible", "find / -xdev -name '.wh*' | wc -l", "0"],
      ["times are the archive's", "stat -c %Y /data/first", "1577836800"],
    ];
    for (const [name, script, answer] of expectations) {
      test(name, async () => expect((await inside(script)).trim()).toBe(answer));
    }

    test("file capabilities are in force", async () => {
      const status = "/capable/cat /proc/self/status | grep CapEff";
      expect(await inside(status, "--user=1000", "--group=100")).toContain("0000000000002000");
    });
  });

  test("the configuration becomes the app: command, environment, user, directory", async () => {
    await push(
      "test/configured",
      busyboxOci({
        config: {
          Entrypoint: ["/bin/sh", "-c", 'echo "$0 $GREETING $(id -u):$(id -g) $(pwd)"'],
          Cmd: ["argument"],
          Env: ["GREETING=hello", "PATH=/bin"],
          User: "alice:users",
          WorkingDir: "/home/alice",
        },
      }),
    );
    const finished = await world().rkt([
      "run",
      "--net=none",
      insecure,
      reference("test/configured"),
    ]);
    expect(succeeded(finished)).toBe("argument hello 1000:100 /home/alice\n");
  });

  test("images share layers: the second one adds only what is its own", async () => {
    const more = [[{ path: "only-here", kind: "file", bytes: "x" } as const]];
    await push("test/shared", busyboxOci({ layers: more }));
    const layers = (): Promise<string> =>
      world().machine.shell(`ls ${world().data}/cas/layers | wc -l`);
    const before = Number(await layers());
    succeeded(await world().rkt(["fetch", insecure, reference("test/shared")]));
    expect(Number(await layers())).toBe(before + 1);
  });

  test("image list shows the name as it was asked for", async () => {
    const list = succeeded(await world().rkt(["image", "list", "--no-legend", "--fields=name"]));
    expect(list).toContain("test/layered:latest");
  });

  describe("refuses", () => {
    test("an image without proof, unless it is waived", async () => {
      const finished = await world().rkt(["fetch", reference("test/layered")]);
      const name = `${registry.address}/test/layered`;
      expect(refused(finished)).toBe(
        `fetch: image "${name}" has no proof of origin: no key is trusted for it`,
      );
      expect(finished.stderr).toContain(`rkt trust --prefix ${name} --cosign-key KEY.pub`);
      expect(finished.stderr).toContain("--insecure-options=image");
    });

    test("a registry without TLS, unless it is waived", async () => {
      const argv = [
        "fetch",
        "--insecure-options=image",
        "--pull-policy=update",
        reference("test/layered"),
      ];
      expect(refused(await world().rkt(argv))).toContain(registry.address);
    });

    const empty = (name: string): string => join(world().directory, `data-${name}`);

    for (const wrong of ["test/none", "test/layered:none"]) {
      test(`${wrong}, which the registry does not have`, async () => {
        const argv = ["fetch", insecure, reference(wrong)];
        const line = refused(await world().rkt(argv, { data: empty("none") }));
        expect(line).toContain("test/");
        await expectEmptyStore(world(), empty("none"));
      });
    }

    /** Damages the top layer of a pushed image in the registry's own storage. */
    async function damaged(name: string, damage: (path: string) => void): Promise<string> {
      const layers = [[{ path: name, kind: "file", bytes: name.repeat(5000) } as const]];
      const image = busyboxOci({ layers });
      await push(`test/${name}`, image);
      const hex = image.layers[1]?.digest.slice("sha256:".length) ?? "";
      const blobs = join(registry.storage, "docker/registry/v2/blobs/sha256");
      damage(join(blobs, hex.slice(0, 2), hex, "data"));
      const argv = ["fetch", insecure, reference(`test/${name}`)];
      const line = refused(await world().rkt(argv, { data: empty(name) }));
      const list = await world().rkt(["image", "list", "--no-legend"], { data: empty(name) });
      expect(succeeded(list)).toBe("");
      return line;
    }

    test("a layer whose bytes are not what its digest says", async () => {
      const line = await damaged("tampered", (path) => {
        const bytes = readFileSync(path);
        bytes.writeUInt8((bytes.at(-9) ?? 0) ^ 1, bytes.length - 9);
        writeFileSync(path, bytes);
      });
      expect(line).toContain("sha256:");
    });

    test("a layer that is shorter than its digest's", async () => {
      await damaged("truncated", (path) => truncateSync(path, 100));
    });

    test("a layout directory that is none", async () => {
      const argv = ["fetch", "--insecure-options=image", `oci:${world().directory}`];
      expect(refused(await world().rkt(argv))).toContain(world().directory);
    });

    test("a name that no registry can have", async () => {
      const line = refused(await world().rkt(["fetch", insecure, "docker://Bad/NAME"]));
      expect(line).toContain("repository name must be lowercase");
    });
  });
});
