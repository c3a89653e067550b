/** `rkt image`: what is in the store, what an image says of itself, and what removal frees. */
import { beforeAll, describe, expect, test } from "bun:test";
import { aciManifest, IMAGE_NAME } from "./fixtures/aci.ts";
import { eventually } from "./harness/background.ts";
import { expectEmptyStore, succeeded } from "./harness/expectations.ts";
import { feature } from "./harness/feature.ts";

feature("rkt image", {}, (world) => {
  const image = (...argv: string[]) => world().rkt(["image", ...argv]);

  beforeAll(async () => {
    await world().store();
    await world().store({ name: "example.test/another", version: "2.0.0" });
  });

  const idOf = async (name: string): Promise<string> => {
    const list = succeeded(await image("list", "--full", "--no-legend", "--fields=id,name"));
    return new RegExp(`^(sha512-[0-9a-f]{64})\t+${name}$`, "m").exec(list)?.[1] ?? "";
  };

  describe("list", () => {
    test("shows id, name, size and times", async () => {
      const lines = succeeded(await image("list")).split("\n");
      expect(lines[0]).toMatch(/^ID\t+NAME\t+SIZE\t+IMPORT TIME\t+LAST USED\t+VERIFICATION$/);
      expect(lines[1]).toMatch(
        /^sha512-[0-9a-f]{12}\texample\.test\/busybox:1\.0\.0\t+[0-9.]+[KM]iB\t/,
      );
      expect(lines).toHaveLength(4);
    });

    test("--fields and --sort choose", async () => {
      const argv = ["list", "--no-legend", "--fields=name", "--sort=name"];
      expect(succeeded(await image(...argv))).toBe(
        "example.test/another:2.0.0\nexample.test/busybox:1.0.0\n",
      );
      expect(succeeded(await image(...argv, "--order=desc"))).toMatch(/^example\.test\/busybox/);
    });

    test("--format=json has the same images", async () => {
      const text = succeeded(await image("list", "--format=json"));
      const images = JSON.parse(text) as { id: string; name: string; size: number }[];
      expect(images.map(({ name }) => name).sort()).toEqual([
        "example.test/another:2.0.0",
        "example.test/busybox:1.0.0",
      ]);
      for (const { id, size } of images) {
        expect(id).toMatch(/^sha512-[0-9a-f]{64}$/);
        expect(size).toBeGreaterThan(100_000);
      }
    });
  });

  describe("cat-manifest", () => {
    test("by name, by name and version, by id and by the beginning of an id", async () => {
      const id = await idOf("example.test/busybox:1.0.0");
      for (const key of [IMAGE_NAME, `${IMAGE_NAME}:1.0.0`, id, id.slice(0, 20)]) {
        const text = succeeded(await image("cat-manifest", "--pretty-print=false", key));
        expect(JSON.parse(text)).toMatchObject(aciManifest({}));
      }
    });

    test("is indented by tabs unless told otherwise", async () => {
      expect(succeeded(await image("cat-manifest", IMAGE_NAME))).toStartWith(
        '{\n\t"acKind": "ImageManifest",\n',
      );
    });

    test("an image that is not there", async () => {
      const finished = await image("cat-manifest", "example.test/none");
      expect(finished.status).toBe(254);
      expect(finished.stderr).toContain("example.test/none");
    });
  });

  describe("rm", () => {
    test("an image that is not there changes nothing", async () => {
      const finished = await image("rm", "example.test/none");
      expect(finished.stderr).toContain(
        'rm: cannot find aci satisfying name: "example.test/none" and labels: []',
      );
      expect(finished.stdout).toBe("");
    });

    test("while a pod runs of it, the pod goes on", async () => {
      await world().store({ name: "example.test/used", version: "3.0.0" });
      const pod = await world().start([
        ...["run", "--net=none", "example.test/used", "--exec=/bin/sh", "--", "-c"],
        "trap 'cat /etc/owned-by-alice; exit' TERM; while :; do sleep 0.1; done",
      ]);
      const uuid = await eventually("the pod runs", async () => {
        const { stdout } = await world().rkt(["list", "--full", "--no-legend"]);
        return /^([0-9a-f-]{36})\t.*\trunning\t/m.exec(stdout)?.[1];
      });
      succeeded(await image("rm", "example.test/used"));
      succeeded(await world().rkt(["stop", uuid]));
      expect((await pod.finished).stdout).toContain("alice's");
    });

    test("frees everything that only this image used", async () => {
      succeeded(await world().rkt(["gc", "--grace-period=0s"]));
      const id = await idOf("example.test/another:2.0.0");
      const removed = await image("rm", id);
      expect(succeeded(removed)).toBe(`successfully removed aci for image: "${id}"\n`);
      expect(removed.stderr).toContain("rm: 1 image(s) successfully removed");
      succeeded(await image("rm", IMAGE_NAME));
      succeeded(await world().rkt(["gc", "--grace-period=0s"]));
      await expectEmptyStore(world());
    });
  });
});
