/**
 * `rkt image export|extract|render|verify|history|gc --keep`: what is stored comes out again, whole
 * and unchanged, and what is removed frees the disk.
 */
import { beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { writeAci } from "./fixtures/aci.ts";
import { busyboxOci, layeredOci, writeLayout } from "./fixtures/oci.ts";
import { must } from "./fixtures/process.ts";
import { eventually } from "./harness/background.ts";
import { refused, succeeded } from "./harness/expectations.ts";
import { feature } from "./harness/feature.ts";

const NAME = "example.test/files";
const FETCH = ["fetch", "--insecure-options=image"];

feature("rkt image: files of images", { programs: { setcap: "libcap2-bin" } }, (world) => {
  const image = (...argv: string[]) => world().rkt(["image", ...argv]);
  const at = (name: string): string => join(world().directory, name);
  const shell = (script: string): Promise<string> =>
    must(["sh", "-euc", `cd "$0"; ${script}`, world().directory]);
  let archive = "";
  let layout = "";

  beforeAll(async () => {
    archive = writeAci(world().directory, "files.aci", { name: NAME });
    layout = writeLayout(at("layered"), layeredOci());
    succeeded(await world().rkt([...FETCH, archive, `oci:${layout}`]));
  });

  describe("export", () => {
    test("an ACI comes out as it was before compression", async () => {
      expect(succeeded(await image("export", NAME, at("out.aci")))).toBe("");
      const uncompressed = gunzipSync(readFileSync(archive));
      expect(readFileSync(at("out.aci")).equals(uncompressed)).toBe(true);
    });

    test("what is there is only overwritten if told", async () => {
      const again = await image("export", NAME, at("out.aci"));
      expect(refused(again)).toBe("export: output ACI file exists (try --overwrite)");
      succeeded(await image("export", "--overwrite", NAME, at("out.aci")));
    });

    test("an image or a directory that is not there", async () => {
      expect(refused(await image("export", "example.test/none", at("p.aci")))).toBe(
        'export: cannot find aci satisfying name: "example.test/none" and labels: [] ' +
          "in the local store",
      );
      expect(refused(await image("export", NAME, "/none/p.aci"))).toBe(
        "export: unable to open output ACI file /none/p.aci: " +
          "open /none/p.aci: no such file or directory",
      );
    });

    test("a container image becomes one ACI, which runs", async () => {
      succeeded(await image("export", layout, at("squashed.aci")));
      succeeded(await image("export", layout, at("again.aci")));
      await shell("cmp squashed.aci again.aci");
      const names = await shell("tar -tf squashed.aci | grep ^rootfs/data/");
      expect(names.split("\n").filter(Boolean).sort()).toEqual([
        "rootfs/data/",
        "rootfs/data/first",
        "rootfs/data/opaque/",
        "rootfs/data/opaque/new",
        "rootfs/data/pipe",
        "rootfs/data/replaced",
        "rootfs/data/second",
        "rootfs/data/setuid",
        "rootfs/data/turned",
      ]);
      const run = ["run", "--net=none", "--insecure-options=image", at("squashed.aci")];
      const finished = await world().rkt([
        ...run,
        "--exec=/bin/sh",
        "--",
        "-c",
        "cat /data/replaced",
      ]);
      expect(succeeded(finished)).toBe("new\n");
    });
  });

  describe("extract and render", () => {
    test("extract writes manifest and rootfs", async () => {
      expect(succeeded(await image("extract", NAME, at("deep/extracted")))).toBe("");
      expect(
        await shell("ls deep/extracted; stat -c '%u:%g' deep/extracted/rootfs/home/alice"),
      ).toBe("manifest\nrootfs\n1000:100\n");
      const manifest = JSON.parse(readFileSync(at("deep/extracted/manifest"), "utf8")) as object;
      expect(manifest).toMatchObject({ name: NAME });
    });

    test("an existing directory is only replaced if told", async () => {
      for (const verb of ["extract", "render"]) {
        expect(refused(await image(verb, NAME, at("deep/extracted")))).toBe(
          `${verb}: output directory exists (try --overwrite)`,
        );
        succeeded(await image(verb, "--overwrite", NAME, at("deep/extracted")));
      }
    });

    test("render applies layers, whiteouts, links and capabilities", async () => {
      succeeded(await image("render", "--rootfs-only", layout, at("rendered")));
      const script = `
        cd rendered; ls -A data data/opaque; cat data/turned data/replaced
        test data/first -ef data/second; test -p data/pipe
        stat -c '%a %u:%g' data/replaced data/setuid
        ! find . -name '.wh.*' | grep .; getcap capable/cat`;
      expect(await shell(script)).toBe(
        [
          ...["data:", "first", "opaque", "pipe", "replaced", "second", "setuid", "turned", ""],
          ...["data/opaque:", "new", "a file now", "new", "640 1000:100", "4755 0:0"],
          "capable/cat cap_net_raw=ep\n",
        ].join("\n"),
      );
    });

    test("render has the dependencies, extract has not", async () => {
      const more = [{ path: "rootfs/only-here", kind: "file", bytes: "x" }] as const;
      const dependent = {
        name: "example.test/dependent",
        manifest: { dependencies: [{ imageName: NAME }] },
        more,
      };
      succeeded(
        await world().rkt([...FETCH, writeAci(world().directory, "dependent.aci", dependent)]),
      );
      succeeded(await image("render", "example.test/dependent", at("with")));
      expect(await shell("ls with/rootfs | grep -c . ; ls with/rootfs/only-here")).toEndWith(
        "with/rootfs/only-here\n",
      );
    });
  });

  describe("verify", () => {
    const layer = async (): Promise<string> => {
      const list = succeeded(await image("list", "--full", "--no-legend", "--fields=id,name"));
      const id = new RegExp(`^(sha512-[0-9a-f]{64})\t+${NAME}:`, "m").exec(list)?.[1] ?? "none";
      return join(world().data, "cas/layers", id);
    };
    const done = (text: string): RegExp =>
      new RegExp(
        `^successfully verified checksum for image: "${text}" \\("sha512-[0-9a-f]{64}"\\)\n$`,
      );

    test("what is as it was", async () => {
      const both = succeeded(await image("verify", NAME, layout)).split("\n");
      expect(both).toHaveLength(3);
      expect(`${both[0]}\n`).toMatch(done(NAME));
    });

    const DAMAGES: readonly (readonly [string, string, string])[] = [
      [
        "content, with the time as before",
        "t=$(stat -c %Y etc/group); echo x >>etc/group; touch -d @$t etc/group",
        '"/etc/group" differs in its size',
      ],
      [
        "one byte, with the time as before",
        "printf R | dd of=etc/passwd bs=1 seek=1 conv=notrunc 2>/dev/null; " +
          "touch -d @1577836800 etc/passwd",
        '"/etc/passwd" differs in its content',
      ],
      ["a mode", "chmod 4755 bin/busybox", '"/bin/busybox" differs in its mode'],
      ["an owner", "chown 7:8 home/alice", '"/home/alice" differs in its owner'],
      [
        "a new file",
        "touch -d @1577836800 etc/new; touch -d @1577836800 etc",
        '"/etc/new" is too much',
      ],
      ["a missing file", "rm etc/group; touch -d @1577836800 etc", '"/etc/group" is missing'],
      [
        "an attribute",
        "setcap cap_net_raw+ep bin/busybox",
        '"/bin/busybox" differs in its attributes',
      ],
      [
        "a link",
        "ln -sfn sh bin/cat; touch -h -d @1577836800 bin/cat; touch -d @1577836800 bin",
        '"/bin/cat" differs in its target',
      ],
    ]; // prettier-ignore
    for (const [what, script, words] of DAMAGES) {
      test(`${what}: said, and made again`, async () => {
        await shell(`cd ${await layer()}; ${script}`);
        const finished = await image("verify", NAME);
        expect(finished.stderr).toContain(`verify: image "${NAME}": ${words}; rebuilt sha512-`);
        expect(succeeded(finished)).toMatch(done(NAME));
        const again = await image("verify", NAME);
        expect(again.stderr).toBe("");
        expect(succeeded(again)).toMatch(done(NAME));
      });
    }

    test("a layer that a pod uses stays as it is", async () => {
      const command = [NAME, "--exec=/bin/sleep", "--", "60"];
      const pod = await world().start(["run", "--net=none", ...command]);
      const uuid = await eventually("the pod runs", async () => {
        const { stdout } = await world().rkt(["list", "--full", "--no-legend"]);
        return /^([0-9a-f-]{36})\t.*\trunning\t/m.exec(stdout)?.[1];
      });
      await shell(`chmod 700 ${await layer()}/home`);
      expect(refused(await image("verify", NAME))).toBe(
        `verify: image "${NAME}": "/home" differs in its mode; a pod uses it, so it stays as it is`,
      );
      succeeded(await world().rkt(["stop", "--force", uuid]));
      await pod.finished;
      succeeded(await world().rkt(["rm", uuid]));
      expect((await image("verify", NAME)).stderr).toContain("; rebuilt sha512-");
    });

    test("an archive that is damaged itself", async () => {
      const hex = layeredOci().layers[1]?.digest.slice("sha256:".length) ?? "";
      const blob = join(world().data, "cas/blob/sha256", hex.slice(0, 2), `sha256-${hex}`);
      await shell(`cp -a ${blob} saved; printf XX | dd of=${blob} bs=1 seek=7000 conv=notrunc`);
      const finished = await image("verify", layout);
      expect(refused(finished)).toMatch(
        /^verify: check blob "sha256:[0-9a-f]{64}": its digest is sha256:/,
      );
      await shell(`mv saved ${blob}`);
      succeeded(await image("verify", layout));
    });

    test("an image that is not there", async () => {
      expect(refused(await image("verify", "example.test/none"))).toBe(
        "verify: unable to resolve store key for image example.test/none: cannot find image",
      );
    });
  });

  test("history of a container image, newest step first", async () => {
    const lines = succeeded(await image("history", layout))
      .trimEnd()
      .split("\n");
    expect(lines[0]).toMatch(/^CREATED\t+CREATED BY\t+SIZE\t+COMMENT$/);
    expect(lines).toHaveLength(4);
    const steps = JSON.parse(succeeded(await image("history", "--format=json", layout))) as {
      layer: string;
    }[];
    const digests = layeredOci().layers.map(({ digest }) => digest);
    expect(steps.map(({ layer }) => layer)).toEqual(digests.toReversed());
  });

  describe("gc", () => {
    const versions = async (name: string): Promise<string[]> => {
      const list = succeeded(await image("list", "--no-legend", "--fields=name"));
      return list.split("\n").filter((line) => line.startsWith(`${name}:`));
    };

    test("--keep spares the newest of each name", async () => {
      for (const version of ["1", "2", "3"]) {
        await world().store({ name: "example.test/kept", version });
      }
      succeeded(await world().rkt(["gc", "--grace-period=0s"]));
      succeeded(await image("gc", "--grace-period=0s", "--keep=2"));
      expect(await versions("example.test/kept")).toEqual([
        "example.test/kept:2",
        "example.test/kept:3",
      ]);
      expect(await versions(NAME)).toHaveLength(1);
    });

    test("a wrong count is refused", async () => {
      const finished = await image("gc", "--keep=-1");
      expect(finished.status).toBe(254);
      expect(finished.stderr).toContain("want a whole number that is not negative");
    });

    test("an image that was used of late stays; what is removed frees its disk", async () => {
      const bytes = async (): Promise<number> =>
        Number(await shell("sync; du -s --block-size=1 data/cas | cut -f1"));
      const zeros = Buffer.alloc(4 << 20, "data that no other image has\n");
      const layers = [[{ path: "big", kind: "file", bytes: zeros }]] as const;
      const big = writeLayout(at("big"), busyboxOci({ layers }));
      const before = await bytes();
      succeeded(await world().rkt([...FETCH, `oci:${big}`]));
      expect(await bytes()).toBeGreaterThan(before + zeros.length);
      succeeded(await image("gc", "--grace-period=1h"));
      succeeded(await image("verify", big));
      succeeded(await image("rm", big));
      expect(await bytes()).toBeLessThan(before + zeros.length / 8);
    });
  });
});
