/**
 * `acbuild`: images built step by step by the real executable, whose steps run in pods; what is
 * written is fetched and run by rkt, and read by skopeo and umoci where they are.
 */
import { beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { writeAci } from "./fixtures/aci.ts";
import { createKeyRing } from "./fixtures/keys.ts";
import { layeredOci, writeLayout } from "./fixtures/oci.ts";
import { type Finished, must } from "./fixtures/process.ts";
import { startRegistry } from "./fixtures/registry.ts";
import { succeeded } from "./harness/expectations.ts";
import { feature } from "./harness/feature.ts";

type Acbuild = (...argv: string[]) => Promise<Finished>;

const ACBUILD = join(import.meta.dir, "../dist/acbuild");
const PUSH = join(import.meta.dir, "fixtures/registry.ts");
const REGISTRY = { "docker-registry": "docker-registry" };

feature("acbuild", { programs: REGISTRY }, (world) => {
  let base = "";
  let layout = "";
  let serial = 0;

  beforeAll(() => {
    base = writeAci(world().directory, "base.aci");
    layout = writeLayout(join(world().directory, "layered"), layeredOci());
  });

  /** A directory for one build, and acbuild in it. */
  function workplace(): { readonly directory: string; readonly acbuild: Acbuild } {
    const directory = join(world().directory, `build-${serial++}`);
    mkdirSync(directory);
    const inside = ["env", "-C", directory, ACBUILD];
    return { directory, acbuild: (...argv) => world().machine.run([...inside, ...argv]) };
  }

  async function all(
    acbuild: Acbuild,
    ...commands: readonly (readonly string[])[]
  ): Promise<string> {
    let printed = "";
    for (const argv of commands) printed += succeeded(await acbuild(...argv));
    return printed;
  }

  async function run(image: string, ...argv: string[]): Promise<string> {
    const words = ["run", "--net=none", "--insecure-options=image", image, ...argv];
    return succeeded(await world().rkt(words));
  }

  describe("an ACI", () => {
    test("from busybox: files, a step, settings; the result is fetched and runs", async () => {
      const { directory, acbuild } = workplace();
      writeFileSync(join(directory, "motd"), "copied\n");
      const step = "echo in $(pwd): $GREETING; echo made >/srv/made; rm /etc/owned-by-alice";
      const printed = await all(
        acbuild,
        ["begin", base],
        ["set-name", "example.test/built"],
        ["label", "add", "version", "2.0.0"],
        ["environment", "add", "GREETING", "hello there"],
        ["set-working-directory", "/srv"],
        ["copy", "motd", "/etc/motd"],
        ["copy-to-dir", "motd", "/srv"],
        ["run", "--", "/bin/sh", "-c", step],
        ["set-exec", "--", "/bin/sh", "-c", "cat /etc/motd motd made; echo $GREETING"],
        ["write", "built.aci"],
        ["end"],
      );
      expect(printed).toBe("in /srv: hello there\n");
      expect(readdirSync(directory).sort()).toEqual(["built.aci", "motd"]);
      const path = join(directory, "built.aci");
      expect(await run(path)).toBe("copied\ncopied\nmade\nhello there\n");
      const names = await must(["tar", "-tzf", path]);
      expect(names).not.toContain("owned-by-alice");
      expect(names, "what the runtime mounts on is not the image's").not.toMatch(
        /resolv\.conf|mtab/,
      );
      expect(
        succeeded(await world().rkt(["image", "cat-manifest", "example.test/built:2.0.0"])),
      ).toContain('"name": "example.test/built"');
    });

    test("every setting is in the manifest, and can be taken away", async () => {
      const { directory, acbuild } = workplace();
      writeFileSync(join(directory, "memory.json"), '{"limit":"64M"}');
      await all(
        acbuild,
        ["begin"],
        ["set-name", "example.test/settings"],
        ["annotation", "add", "authors", "A <a@example.test>"],
        ["dependency", "add", "example.test/base", "--label", "version=1", "--size", "7"],
        ["environment", "add", "A", "b c"],
        ["isolator", "add", "resource/memory", "memory.json"],
        ["mount", "add", "data", "/data", "--read-only"],
        ["port", "add", "http", "tcp", "80", "--count", "2", "--socket-activated"],
        ["set-event-handler", "pre-start", "--", "/bin/prepare", "-x"],
        ["set-exec", "/bin/app", "--flag"],
        ["set-user", "alice"],
        ["set-group", "users"],
        ["set-supp-groups", "10", "20"],
      );
      const manifest = async (): Promise<object> =>
        JSON.parse(succeeded(await acbuild("cat-manifest"))) as object;
      expect(await manifest()).toMatchObject({
        name: "example.test/settings",
        labels: [{ name: "arch" }, { name: "os", value: "linux" }],
        app: {
          exec: ["/bin/app", "--flag"],
          eventHandlers: [{ name: "pre-start", exec: ["/bin/prepare", "-x"] }],
          user: "alice",
          group: "users",
          supplementaryGIDs: [10, 20],
          environment: [{ name: "A", value: "b c" }],
          mountPoints: [{ name: "data", path: "/data", readOnly: true }],
          ports: [{ name: "http", protocol: "tcp", port: 80, count: 2, socketActivated: true }],
          isolators: [{ name: "resource/memory", value: { limit: "64M" } }],
        },
        annotations: [{ name: "authors", value: "A <a@example.test>" }],
        dependencies: [
          { imageName: "example.test/base", labels: [{ name: "version", value: "1" }], size: 7 },
        ],
      });
      await all(
        acbuild,
        ["annotation", "remove", "authors"],
        ["dependency", "remove", "example.test/base"],
        ["environment", "remove", "A"],
        ["isolator", "remove", "resource/memory"],
        ["mount", "remove", "data"],
        ["port", "remove", "http"],
        ["label", "remove", "arch"],
      );
      const rest = (await manifest()) as { app: object };
      expect(Object.keys(rest)).toEqual(["acKind", "acVersion", "name", "labels", "app"]);
      expect(Object.keys(rest.app)).toEqual([
        ...["exec", "eventHandlers", "user", "group", "supplementaryGIDs"],
      ]);
      const again = await acbuild("port", "remove", "http");
      expect(again).toMatchObject({ status: 1, stdout: "" });
      expect(again.stderr).toBe('remove: remove port "http": there is none of that name\n');
    });

    test("a step sees dependencies, and the image hides what it removed of them", async () => {
      const { directory, acbuild } = workplace();
      await all(
        acbuild,
        ["begin", base],
        ["set-name", "example.test/below"],
        ["write", "below.aci"],
        ["end"],
      );
      const below = join(directory, "below.aci");
      succeeded(await world().rkt(["fetch", "--insecure-options=image", below]));
      await all(
        acbuild,
        ["begin"],
        ["set-name", "example.test/above"],
        ["set-exec", "/bin/sh", "-c", "ls /etc /srv"],
        ["dependency", "add", "example.test/below"],
      );
      // The build has a store of its own: it is given the image as rkt would find it.
      const data = join(directory, ".acbuild/data");
      succeeded(await world().rkt(["fetch", "--insecure-options=image", below], { data }));
      await all(
        acbuild,
        ["run", "--", "/bin/sh", "-c", "rm /etc/group; echo x >/srv/above"],
        ["write", "above.aci"],
        ["end"],
      );
      expect(await run(join(directory, "above.aci"))).toBe(
        ["/etc:", "hosts", "owned-by-alice", "passwd", "", "/srv:", "above", ""].join("\n"),
      );
    });

    test("write --sign: rkt takes the image by its signature", async () => {
      const { directory, acbuild } = workplace();
      await using keys = await createKeyRing(directory);
      const signer = await keys.addSigner("Builder <builder@example.test>", "ed25519");
      writeFileSync(join(directory, "key.asc"), signer.publicKey);
      const name = "example.test/signed-build";
      const gpg = ["--homedir", join(directory, "gnupg"), "--pinentry-mode", "loopback"];
      await all(
        acbuild,
        ["begin", base],
        ["set-name", name],
        ["write", "--sign", "signed.aci", "--", ...gpg, "--passphrase", ""],
      );
      const trust = ["trust", `--prefix=${name}`, "--skip-fingerprint-review"];
      succeeded(await world().rkt([...trust, join(directory, "key.asc")]));
      expect(succeeded(await world().rkt(["fetch", join(directory, "signed.aci")]))).toMatch(
        /^sha512-/,
      );
    });

    test("--modify changes an ACI in its place", async () => {
      const { directory, acbuild } = workplace();
      const path = writeAci(directory, "changed.aci", { name: "example.test/changed" });
      await all(acbuild, [`--modify=${path}`, "set-exec", "--", "/bin/echo", "changed"]);
      expect(await run(path)).toBe("changed\n");
      expect(readdirSync(directory)).toEqual(["changed.aci"]);
    });
  });

  describe("links inside the image", () => {
    test("a copy follows them, and stays inside", async () => {
      const { directory, acbuild } = workplace();
      mkdirSync(join(directory, "tree/real"), { recursive: true });
      writeFileSync(join(directory, "file"), "x\n");
      await must(["ln", "-s", "/real", join(directory, "tree/absolute")]);
      await must(["ln", "-s", "../../../../../real", join(directory, "tree/outside")]);
      await all(
        acbuild,
        ["begin", "./tree"],
        ["set-name", "example.test/links"],
        ["copy", "file", "/absolute/one"],
        ["copy", "file", "/outside/two"],
        ["copy", "file", "/../../three"],
        ["write", "links.aci"],
      );
      const names = (await must(["tar", "-tzf", join(directory, "links.aci")])).trim().split("\n");
      expect(names.sort()).toEqual([
        "manifest",
        "rootfs/",
        "rootfs/absolute",
        "rootfs/outside",
        "rootfs/real/",
        "rootfs/real/one",
        "rootfs/real/two",
        "rootfs/three",
      ]);
      expect(existsSync("/real")).toBe(false);
    });
  });

  describe("begun with what is fetched", () => {
    test("docker://, from a registry: its layers stay, in either form", async () => {
      const { directory, machine } = world();
      await using registry = await startRegistry({ directory, within: machine.beside });
      const push = [process.execPath, "run", PUSH, registry.address, "team/app", "v1", layout];
      expect(await machine.run(push)).toMatchObject({ status: 0 });
      const reference = `docker://${registry.address}/team/app:v1`;
      const place = workplace();
      const unproven = await place.acbuild("--insecure-options=http", "begin", reference);
      expect(unproven).toMatchObject({ status: 1, stdout: "" });
      expect(unproven.stderr).toContain("has no proof of origin");
      const insecure = "--insecure-options=image,http";
      await all(place.acbuild, [insecure, "begin", "--build-mode=oci", reference]);
      await all(place.acbuild, ["set-tag", "v2"], ["write", "image.oci"], ["end"]);
      const show = ["--exec=/bin/cat", "--", "/data/replaced"];
      expect(await run(`oci-archive:${place.directory}/image.oci`, ...show)).toBe("new\n");
      const appc = workplace();
      await all(appc.acbuild, [insecure, "begin", reference], ["write", "image.aci"], ["end"]);
      expect(await run(`${appc.directory}/image.aci`, ...show)).toBe("new\n");
    });

    test("a step has the network that it is given", async () => {
      const { acbuild } = workplace();
      await all(acbuild, ["begin", base]);
      const which = ["--", "/bin/readlink", "/proc/self/ns/net"];
      const ofMachine = await world().machine.shell("readlink /proc/self/ns/net");
      expect(await all(acbuild, ["run", ...which])).toBe(ofMachine);
      expect(await all(acbuild, ["run", "--net=none", ...which])).not.toBe(ofMachine);
      await all(acbuild, ["end"]);
    });
  });

  describe("an OCI image", () => {
    const SCRIPT = `
      # one image from another
      begin --build-mode=oci oci:LAYOUT
      set-tag v1
      label add vendor "me too"
      environment add GREETING 'hi there'
      set-exec -- /bin/sh -c "ls /data /data/opaque; cat /data/new; echo \\$GREETING"
      run -- /bin/sh -c "echo new >/data/new; rm /data/first /data/second"
      run -- /bin/sh -c "rm -r /data/opaque; mkdir /data/opaque; echo z >/data/opaque/z"
      layer
      copy script /data/opaque/copied
      port add http tcp 80
      write image.oci
      write layout/
      end
    `;
    const SHOWN = [
      ...["/data:", "new", "opaque", "pipe", "replaced", "setuid", "turned", ""],
      ...["/data/opaque:", "copied", "z", "new", "hi there", ""],
    ].join("\n");
    let directory = "";

    beforeAll(async () => {
      const place = workplace();
      directory = place.directory;
      writeFileSync(join(directory, "script"), SCRIPT.replace("LAYOUT", layout));
      succeeded(await place.acbuild("script", "script"));
    });

    test("a script builds it; nothing but the result is left", () => {
      expect(readdirSync(directory).sort()).toEqual(["image.oci", "layout", "script"]);
    });

    test("rkt runs it from the layout and from the archive", async () => {
      expect(await run(`oci:${join(directory, "layout")}`)).toBe(SHOWN);
      expect(await run(`oci-archive:${join(directory, "image.oci")}`)).toBe(SHOWN);
    });

    test("the layers of the image that it began with are its own, unchanged", async () => {
      const text = await must(["sh", "-c", `cat ${directory}/layout/blobs/sha256/*`]);
      for (const { digest } of layeredOci().layers) expect(text).toContain(digest);
      const history = await world().rkt([
        "image",
        "history",
        "--no-legend",
        `oci:${directory}/layout`,
      ]);
      expect(succeeded(history).trim().split("\n")).toHaveLength(5);
    });

    const programs: readonly (readonly [string, (file: string) => string[], RegExp])[] = [
      [
        "skopeo",
        (at) => ["skopeo", "inspect", `oci-archive:${at}/image.oci:v1`],
        /"vendor": "me too"/,
      ],
      [
        "skopeo",
        (at) => ["skopeo", "inspect", "--config", `oci:${at}/layout:v1`],
        /"GREETING=hi there"/,
      ],
      ["umoci", (at) => ["umoci", "stat", "--image", `${at}/layout:v1`], /acbuild/],
    ];
    for (const [program, argv, words] of programs) {
      const reads = argv("DIR").slice(0, 3).join(" ");
      test.skipIf(Bun.which(program) === null)(
        `${reads} (skipped where it is not installed)`,
        async () => {
          expect(await must(argv(directory))).toMatch(words);
        },
      );
    }
  });

  describe("refuses, with status 1 and one line", () => {
    const REFUSED: readonly (readonly [string, readonly string[][], string[], string])[] = [
      [
        "a step without a build",
        [],
        ["set-name", "x"],
        "set-name: no build in progress in this working dir",
      ],
      [
        "a second build",
        [["begin"]],
        ["begin"],
        "begin: build already in progress in this working dir",
      ],
      [
        "an image without a name",
        [["begin"]],
        ["write", "x.aci"],
        "write: can't write ACI, name was never set",
      ],
      [
        "a name that is none",
        [["begin"]],
        ["set-name", "Upper"],
        "set-name: ACIdentifier must contain only",
      ],
      ["what is not there", [["begin"]], ["copy", "none", "/x"], 'copy: copy "none": '],
      ["a layer of an ACI", [["begin"]], ["layer"], "layer: close a layer: an ACI has only one"],
      [
        "a dependency of an OCI image",
        [["begin", "--build-mode=oci"]],
        ["dependency", "add", "example.test/a"],
        "add: dependency: an OCI image has no such thing",
      ],
      ["a directory that is not there", [], ["begin", "./none"], 'begin: begin with "./none"'],
      [
        "a command that is not there",
        [],
        ["nothing"],
        'Error: unknown command "nothing" for "acbuild"',
      ],
    ];
    for (const [what, before, argv, words] of REFUSED) {
      test(what, async () => {
        const { acbuild } = workplace();
        await all(acbuild, ...before);
        const finished = await acbuild(...argv);
        expect(finished).toMatchObject({ status: 1, stdout: "" });
        expect(finished.stderr).toStartWith(words);
      });
    }

    test("a step that fails ends with its status, and the build goes on", async () => {
      const { acbuild } = workplace();
      await all(acbuild, ["begin", base]);
      expect((await acbuild("run", "--", "/bin/sh", "-c", "exit 7")).status).toBe(7);
      await all(acbuild, ["run", "--", "/bin/true"], ["end"]);
    });

    test("a script ends at the first failure, and its build with it", async () => {
      const { directory, acbuild } = workplace();
      writeFileSync(join(directory, "script"), "begin\nset-name Upper\nset-name lower\n");
      const finished = await acbuild("script", "script");
      expect(finished).toMatchObject({ status: 1, stdout: "" });
      expect(finished.stderr).toContain('script: script:2: "set-name" failed\n');
      expect(readdirSync(directory)).toEqual(["script"]);
    });
  });
});
