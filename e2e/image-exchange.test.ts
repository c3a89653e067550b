/**
 * Container images on their way between stores: archives, registries, other tools. What we write is
 * read by skopeo, umoci and podman, and the reverse, where they are installed.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { busyboxOci, layeredOci, writeLayout, writeTwoPlatformLayout } from "./fixtures/oci.ts";
import { type Registry, startRegistry } from "./fixtures/registry.ts";
import { expectEmptyStore, refused, succeeded } from "./harness/expectations.ts";
import { feature } from "./harness/feature.ts";

const REGISTRY = { "docker-registry": "docker-registry" };
const INSECURE = "--insecure-options=image,http";

feature("images between stores", { programs: REGISTRY }, (world) => {
  let registry: Registry;
  /** ID of the layered image. */
  let id = "";
  let stores = 0;

  const path = (name: string): string => join(world().directory, name);
  const newStore = (): string => path(`other-${stores++}`);
  const rkt = async (argv: readonly string[], data?: string): Promise<string> =>
    succeeded(await world().rkt(argv, data === undefined ? {} : { data }));
  const names = async (data?: string): Promise<string[]> =>
    (await rkt(["image", "list", "--no-legend", "--fields=name"], data))
      .split("\n")
      .filter(Boolean);

  beforeAll(async () => {
    const { directory, machine } = world();
    registry = await startRegistry({ directory, within: machine.beside });
    const layout = writeLayout(path("layered"), layeredOci());
    id = (await rkt(["fetch", INSECURE, `oci:${layout}`])).trim();
    await rkt(["image", "tag", id, "docker://reg.test/team/app:v1"]);
    for (const format of ["oci-archive", "docker-archive"]) {
      const output = `--output=${path(`${format}.tar`)}`;
      await rkt(["image", "save", `--format=${format}`, output, "reg.test/team/app:v1"]);
    }
  });

  afterAll(async () => {
    await registry[Symbol.asyncDispose]();
  });

  describe("tag", () => {
    test("the new name is listed and means the image", async () => {
      expect(await names()).toContain("reg.test/team/app:v1");
      const run = [
        "run",
        "--net=none",
        "docker://reg.test/team/app:v1",
        "--exec=/bin/echo",
        "--",
        "x",
      ];
      expect(await rkt(run)).toBe("x\n");
    });
    test("the name before still means it", async () => {
      await rkt(["image", "tag", id, "docker://reg.test/team/app:v2"]);
      expect(await rkt(["fetch", "--pull-policy=never", "docker://reg.test/team/app:v1"])).toBe(
        `${id}\n`,
      );
      expect(await rkt(["fetch", "--pull-policy=never", "docker://reg.test/team/app:v2"])).toBe(
        `${id}\n`,
      );
      await rkt(["image", "tag", id, "docker://reg.test/team/app:v1"]);
    });
    test("an ACI has its name in itself", async () => {
      const name = await world().store();
      const line = refused(await world().rkt(["image", "tag", name, "docker://reg.test/x"]));
      expect(line).toContain("is an ACI");
    });
    test("a digest cannot be given", async () => {
      const target = `docker://reg.test/x@sha256:${"0".repeat(64)}`;
      expect(refused(await world().rkt(["image", "tag", id, target]))).toContain("digest");
    });
  });

  describe("push", () => {
    const target = (): string => `docker://${registry.address}/pushed/app:1`;
    test("the registry has exactly this image; nothing is sent twice", async () => {
      const first = await world().rkt(["image", "push", INSECURE, id, target()]);
      expect(succeeded(first)).toBe(`${layeredOci().manifest.digest}\n`);
      expect(first.stderr.match(/image: pushing/g)).toHaveLength(4);
      const again = await world().rkt(["image", "push", INSECURE, id, target()]);
      expect(succeeded(again)).toBe(`${layeredOci().manifest.digest}\n`);
      expect(again.stderr).not.toContain("image: pushing");
      expect(await rkt(["fetch", INSECURE, target()], newStore())).toBe(`${id}\n`);
    });
    test("plain HTTP only when it is waived", async () => {
      refused(await world().rkt(["image", "push", id, target()]));
    });
    test("what is no name in a registry", async () => {
      expect(refused(await world().rkt(["image", "push", id, "oci:x"]))).toContain(
        '"oci:x" is not',
      );
    });
  });

  describe("save and load", () => {
    test("oci-archive: the same image comes back, under its name", async () => {
      const data = newStore();
      expect(await rkt(["image", "load", INSECURE, path("oci-archive.tar")], data)).toBe(`${id}\n`);
      expect(await names(data)).toEqual(["reg.test/team/app:v1"]);
    });
    test("docker-archive: the same files come back, under its name", async () => {
      const data = newStore();
      await rkt(["image", "load", INSECURE, path("docker-archive.tar")], data);
      expect(await names(data)).toEqual(["reg.test/team/app:v1"]);
      const look = ["--exec=/bin/sh", "--", "-c", "ls /data/opaque; stat -c %a:%u /data/replaced"];
      const run = ["run", "--net=none", "docker://reg.test/team/app:v1", ...look];
      expect(await rkt(run, data)).toBe("new\n640:1000\n");
    });
    test("compressed archives too", async () => {
      const bytes = await Bun.file(path("oci-archive.tar")).bytes();
      for (const [name, packed] of [
        ["a.tar.gz", gzipSync(bytes)],
        ["a.tar.zst", zstdCompressSync(bytes)],
      ] as const) {
        writeFileSync(path(name), packed);
        expect(await rkt(["image", "load", INSECURE, path(name)], newStore())).toBe(`${id}\n`);
      }
    });
    test("several images in one archive share their layers", async () => {
      const more = writeLayout(path("more"), busyboxOci());
      const other = (await rkt(["fetch", INSECURE, `oci:${more}`])).trim();
      await rkt(["image", "tag", other, "docker://reg.test/team/other:v1"]);
      for (const format of ["oci-archive", "docker-archive"]) {
        const file = path(`two-${format}.tar`);
        await rkt(["image", "save", `--format=${format}`, `--output=${file}`, id, other]);
        const data = newStore();
        await rkt(["image", "load", INSECURE, file], data);
        expect((await names(data)).sort()).toEqual([
          "reg.test/team/app:v1",
          "reg.test/team/other:v1",
        ]);
        expect(readdirSync(join(data, "cas/layers"))).toHaveLength(3);
      }
    });
    test("a layer that came compressed in another way is taken from there", async () => {
      const data = newStore();
      await rkt(["image", "load", INSECURE, path("oci-archive.tar")], data);
      const [second = ""] = (
        await rkt(["image", "load", INSECURE, path("docker-archive.tar")], data)
      ).split("\n");
      const file = path("mixed.tar");
      await rkt(["image", "save", `--output=${file}`, second], data);
      await rkt(["image", "load", INSECURE, file], newStore());
    });
    test("a file that is there is kept, unless it is said", async () => {
      const argv = ["image", "save", `--output=${path("oci-archive.tar")}`, id];
      expect(refused(await world().rkt(argv))).toContain("try --overwrite");
      await rkt([...argv, "--overwrite"]);
    });
    test("without proof it is refused, and nothing is left", async () => {
      const data = newStore();
      refused(await world().rkt(["image", "load", path("oci-archive.tar")], { data }));
      await expectEmptyStore(world(), data);
    });
    test("what is no archive of images", async () => {
      const data = newStore();
      writeFileSync(path("empty.tar"), Buffer.alloc(1024));
      const line = refused(
        await world().rkt(["image", "load", INSECURE, path("empty.tar")], { data }),
      );
      expect(line).toContain("no container image");
      writeFileSync(path("noise.tar"), Buffer.alloc(2048, 7));
      refused(await world().rkt(["image", "load", INSECURE, path("noise.tar")], { data }));
      await expectEmptyStore(world(), data);
    });
  });

  describe("oci-archive: and docker-archive: references", () => {
    const table: readonly (readonly [string, string])[] = [
      ["the only image", ""],
      ["by its name", ":reg.test/team/app:v1"],
    ];
    for (const [what, suffix] of table) {
      test(`${what}, fetched and run`, async () => {
        for (const format of ["oci-archive", "docker-archive"]) {
          const reference = `${format}:${path(`${format}.tar`)}${suffix}`;
          const run = ["run", "--net=none", INSECURE, reference, "--exec=/bin/echo", "--", "x"];
          expect(await rkt(run, newStore())).toBe("x\n");
        }
      });
    }
    test("a name that is not in it: the hint says what is", async () => {
      for (const format of ["oci-archive", "docker-archive"]) {
        const reference = `${format}:${path(`${format}.tar`)}:none`;
        const finished = await world().rkt(["fetch", INSECURE, reference]);
        expect(refused(finished)).toContain("find");
        expect(finished.stderr).toContain("reg.test/team/app:v1");
      }
    });
  });

  describe("forms of images in a registry", () => {
    for (const form of ["oci", "oci-zstd", "docker"] as const) {
      test(`${form}: pushed, fetched and run`, async () => {
        const layers = [[{ path: "form", kind: "file", bytes: form } as const]];
        const layout = writeLayout(path(`form-${form}`), busyboxOci({ form, layers }));
        const own = (await rkt(["fetch", INSECURE, `oci:${layout}`])).trim();
        const target = `docker://${registry.address}/form/${form}`;
        await rkt(["image", "push", INSECURE, own, target]);
        const run = ["run", "--net=none", INSECURE, target, "--exec=/bin/cat", "--", "/form"];
        expect(await rkt(run, newStore())).toBe(form);
      });
    }

    const list = "application/vnd.docker.distribution.manifest.list.v2+json";
    const index = "application/vnd.oci.image.index.v1+json";
    for (const [what, form, mediaType] of [
      ["a manifest list", "docker", list],
      ["an index", "oci", index],
    ] as const) {
      test(`${what}: platforms and variants`, async () => {
        const platforms = [
          { architecture: "s390x" },
          { architecture: "arm", variant: "v6" },
          { architecture: "arm", variant: "v7" },
        ];
        const manifests: unknown[] = [];
        const ids: string[] = [];
        for (const platform of platforms) {
          const name = Object.values(platform).join("");
          const image = busyboxOci({ form, platform, config: { Cmd: [name] } });
          const layout = writeLayout(path(`${form}-${name}`), image);
          ids.push(await rkt(["fetch", INSECURE, `oci:${layout}`]));
          const target = `docker://${registry.address}/list/${form}:${name}`;
          await rkt(["image", "push", INSECURE, ids.at(-1)?.trim() ?? "", target]);
          const { mediaType: type, digest, bytes } = image.manifest;
          const described = { os: "linux", ...platform };
          manifests.push({ mediaType: type, digest, size: bytes.length, platform: described });
        }
        const body = JSON.stringify({ schemaVersion: 2, mediaType, manifests });
        await putManifest(`list/${form}`, mediaType, body);
        const target = `docker://${registry.address}/list/${form}:all`;
        const data = newStore();
        const fetched = (platform: string): Promise<string> =>
          rkt(["fetch", INSECURE, "--pull-policy=new", `--platform=${platform}`, target], data);
        expect(await fetched("linux/s390x")).toBe(ids[0] ?? "");
        expect(await fetched("linux/arm/v6")).toBe(ids[1] ?? "");
        expect(await fetched("linux/arm/v7")).toBe(ids[2] ?? "");
        const line = refused(await world().rkt(["fetch", INSECURE, target], { data }));
        expect(line).toContain("in the index");
      });
    }

    async function putManifest(repository: string, type: string, body: string): Promise<void> {
      const url = `http://${registry.address}/v2/${repository}/manifests/all`;
      const request = { method: "PUT", headers: { "content-type": type }, body };
      const words = [url, request].map((each) => JSON.stringify(each)).join(", ");
      const script = `process.exit((await fetch(${words})).status === 201 ? 0 : 1);`;
      const { status, stderr } = await world().machine.run([process.execPath, "-e", script]);
      expect(status, stderr).toBe(0);
    }
  });

  describe("--platform", () => {
    test("of an index: ours is found, one that it lacks is missed", async () => {
      const two = writeTwoPlatformLayout(path("two"), layeredOci());
      const data = newStore();
      const fetch = (...argv: string[]): string[] => ["fetch", INSECURE, ...argv, `oci:${two}`];
      const ours = process.arch === "arm64" ? "linux/arm64" : "linux/amd64";
      expect(await rkt(fetch(`--platform=${ours}`), data)).toBe(`${id}\n`);
      const line = refused(await world().rkt(fetch("--platform=plan9/vax"), { data }));
      expect(line).toContain("find an image for plan9/vax in the index");
    });
    test("a single image for another platform is refused when one is named", async () => {
      const argv = ["fetch", INSECURE, "--platform=linux/s390x", `oci:${path("layered")}`];
      expect(refused(await world().rkt(argv))).toContain("not for linux/s390x");
    });
    test("the store does not answer with another one's image", async () => {
      const target = `docker://${registry.address}/platform/app`;
      await rkt(["image", "push", INSECURE, id, target]);
      const data = newStore();
      const fetch = ["fetch", INSECURE, "--pull-policy=new", target];
      await rkt(fetch, data);
      expect(await rkt(fetch, data)).toBe(`${id}\n`);
      const line = refused(await world().rkt([...fetch, "--platform=linux/s390x"], { data }));
      expect(line).toContain("not for linux/s390x");
    });
    test("what is no platform", async () => {
      const argv = ["fetch", INSECURE, "--platform=linux", `oci:${path("layered")}`];
      const { status, stderr } = await world().rkt(argv);
      expect(status).toBe(254);
      expect(stderr).toContain("want OS/ARCH");
    });
  });

  const lacks = (program: string): boolean => !existsSync(`/usr/bin/${program}`);
  const other = (program: string, name: string, body: () => Promise<void>): void => {
    test.skipIf(lacks(program))(lacks(program) ? `${name} (it needs ${program})` : name, body);
  };

  describe("other tools", () => {
    const tool = (...argv: string[]): Promise<string> =>
      world().machine.shell(argv.map((word) => `'${word}'`).join(" "));

    other("skopeo", "skopeo reads what we write, and we what it writes", async () => {
      const copy = (from: string, to: string): Promise<string> =>
        tool("skopeo", "copy", "--quiet", "--insecure-policy", from, to);
      await copy(`oci-archive:${path("oci-archive.tar")}`, `docker-archive:${path("s.tar")}:a/b:1`);
      await copy(
        `docker-archive:${path("docker-archive.tar")}`,
        `oci-archive:${path("so.tar")}:one`,
      );
      const data = newStore();
      await rkt(["fetch", INSECURE, `docker-archive:${path("s.tar")}:a/b:1`], data);
      await rkt(["fetch", INSECURE, `oci-archive:${path("so.tar")}:one`], data);
      await rkt(["image", "load", INSECURE, path("s.tar")], data);
      expect(await names(data)).toContain("registry-1.docker.io/a/b:1");
    });
    other("umoci", "umoci unpacks what we saved", async () => {
      await world().machine.shell(
        `mkdir ${path("unpacked")}; tar -xf ${path("oci-archive.tar")} -C ${path("unpacked")}`,
      );
      const image = `${path("unpacked")}:reg.test/team/app:v1`;
      await tool("umoci", "unpack", "--image", image, path("bundle"));
      const data = path("bundle/rootfs/data");
      expect(await world().machine.shell(`cat ${data}/replaced; ls ${data}/opaque`)).toBe(
        "new\nnew\n",
      );
    });
    other("podman", "podman loads what we saved, and we what it saves", async () => {
      const podman = (...argv: string[]): Promise<string> => {
        const places = ["--root", path("podman"), "--runroot", path("podman-run")];
        return tool("podman", ...places, "--storage-driver=vfs", ...argv);
      };
      await podman("load", "--quiet", "--input", path("oci-archive.tar"));
      await podman("load", "--quiet", "--input", path("docker-archive.tar"));
      for (const format of ["oci-archive", "docker-archive"]) {
        const file = path(`podman-${format}.tar`);
        await podman(
          "save",
          "--quiet",
          `--format=${format}`,
          "--output",
          file,
          "reg.test/team/app:v1",
        );
        const data = newStore();
        await rkt(["image", "load", INSECURE, file], data);
        expect(await names(data)).toEqual(["reg.test/team/app:v1"]);
      }
    });
    afterAll(async () => {
      // What these tools keep for themselves; both are the machine's own.
      await world().machine.shell("rm -rf /run/libpod /run/containers /var/lib/containers");
    });
  });
});
