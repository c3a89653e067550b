/**
 * ACIs that stand on others: which file of several wins, what path whitelists leave, which version
 * is meant.
 *
 * @see appc 0.8.11, aci.md, "Dependency Matching" and pathWhitelist
 */
import { beforeAll, expect, test } from "bun:test";
import { type AciOptions, writeAci } from "./fixtures/aci.ts";
import type { TarEntry } from "./fixtures/tar.ts";
import { refused, succeeded } from "./harness/expectations.ts";
import { feature } from "./harness/feature.ts";

feature("dependencies of ACIs", {}, (world) => {
  const files = (content: string, ...paths: string[]): readonly TarEntry[] =>
    paths.map((path) => ({ path: `rootfs/${path}`, kind: "file", bytes: content }));
  const needs = (...names: string[]): { imageName: string }[] =>
    names.map((name) => ({ imageName: `example.test/${name}` }));
  const store = (name: string, options: AciOptions): Promise<string> =>
    world().store({ ...options, name: `example.test/${name}` });

  /** What a script prints in a pod of that image. */
  async function inside(image: string, script: string): Promise<string> {
    const argv = ["run", "--net=none", image, "--exec=/bin/sh", "--", "-c", script];
    return succeeded(await world().rkt(argv)).trim();
  }

  // The example of the specification: A needs B and C, and both need D.
  beforeAll(async () => {
    await store("d", { more: files("D", "all", "in-d", "in-d-and-b", "in-d-and-c") });
    await store("b", {
      manifest: { dependencies: needs("d") },
      more: files("B", "all", "in-b", "in-d-and-b", "in-b-and-c"),
    });
    await store("c", {
      manifest: { dependencies: needs("d") },
      more: files("C", "all", "in-c", "in-d-and-c", "in-b-and-c"),
    });
    await store("a", {
      manifest: { dependencies: needs("b", "c") },
      more: files("A", "all", "in-a"),
    });
  });

  const winners: Readonly<Record<string, string>> = {
    all: "A",
    "in-a": "A",
    "in-b": "B",
    "in-c": "C",
    "in-d": "D",
    "in-d-and-b": "D", // D comes again after B, because C needs it
    "in-d-and-c": "C",
    "in-b-and-c": "C",
  };
  test("the order is D, B, D, C, A: a later one wins", async () => {
    const paths = Object.keys(winners);
    const script = `for each in ${paths.join(" ")}; do echo $each $(cat /$each); done`;
    const lines = paths.map((path) => `${path} ${winners[path]}`);
    expect(await inside("example.test/a", script)).toBe(lines.join("\n"));
  });

  /** What a shell needs in a pod. */
  const shell = ["/bin/busybox", "/bin/sh", "/bin/cat", "/bin/ls", "/dev", "/proc", "/sys", "/tmp"];

  test("a whitelist leaves nothing else, of the image and of all that it stands on", async () => {
    await store("listed", {
      manifest: { dependencies: needs("b"), pathWhitelist: [...shell, "/in-b", "/own", "/none"] },
      more: files("L", "own", "hidden"),
    });
    const script = "cat /own /in-b; ls /bin; ls -d /in-d /all /hidden /none /home 2>/dev/null";
    const printed = await inside("example.test/listed", `${script} || :`);
    expect(printed.split("\n")).toEqual(["LBbusybox", "cat", "ls", "sh"]);
  });

  test("a whitelist of a dependency counts on that way only", async () => {
    await store("narrow", {
      manifest: { dependencies: needs("d"), pathWhitelist: ["/in-b", "/in-d-and-b"] },
      more: files("N", "in-b", "in-d-and-b", "unlisted"),
    });
    await store("wide", { manifest: { dependencies: needs("narrow") } });
    await store("both", { manifest: { dependencies: needs("d", "narrow") } });
    const script = "cat /in-b /in-d-and-b; ls -d /in-d /unlisted 2>/dev/null || :";
    expect(await inside("example.test/wide", script)).toBe("NN");
    expect(await inside("example.test/both", script)).toBe("NN/in-d");
  });

  test("layers and whitelists are unpacked once each, and share their files", async () => {
    const layers = (): Promise<string> => world().machine.shell(`ls ${world().data}/cas/layers`);
    const before = (await layers()).split("\n");
    const manifest = { dependencies: needs("b"), pathWhitelist: [...shell, "/in-b", "/own"] };
    await store("once", { manifest, more: files("O", "own") });
    const between = (await layers()).split("\n");
    expect(between.length).toBe(before.length + 3); // B and D as the list has them, and its own
    await store("twice", { manifest, more: files("T", "own") });
    expect((await layers()).split("\n").length).toBe(between.length + 1);
    const links = `find ${world().data}/cas/layers -path '*/bin/busybox' -links +1 | wc -l`;
    expect(Number(await world().machine.shell(links))).toBeGreaterThanOrEqual(4);
  });

  test("labels say which version is meant", async () => {
    for (const version of ["1.0.0", "2.0.0", "3.0.0"]) {
      await store("versions", { version, more: files(version, "version") });
    }
    const dependency = {
      imageName: "example.test/versions",
      labels: [{ name: "version", value: "2.0.0" }],
    };
    await store("chooses", { manifest: { dependencies: [dependency] } });
    expect(await inside("example.test/chooses", "cat /version")).toBe("2.0.0");
    const path = writeAci(world().directory, "none.aci", {
      name: "example.test/none",
      manifest: {
        dependencies: [{ ...dependency, labels: [{ name: "version", value: "9.9.9" }] }],
      },
    });
    const argv = ["fetch", "--insecure-options=image", "--pull-policy=never", path];
    expect(refused(await world().rkt(argv))).toContain(
      'unable to fetch image from image name "example.test/versions:9.9.9"',
    );
  });

  test("when an image goes, layers that another one stands on stay", async () => {
    succeeded(await world().rkt(["gc", "--grace-period=0s"]));
    for (const name of ["once", "listed", "d"]) {
      succeeded(await world().rkt(["image", "rm", `example.test/${name}`]));
    }
    expect(await inside("example.test/twice", "cat /own /in-b")).toBe("TB");
    expect(await inside("example.test/a", "cat /in-d")).toBe("D");
  });
});
