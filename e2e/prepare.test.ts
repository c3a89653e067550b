/** `rkt prepare` and `rkt run-prepared`, and pods that a manifest describes. */
import { beforeAll, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { IMAGE_NAME } from "./fixtures/aci.ts";
import { ended, refused, succeeded } from "./harness/expectations.ts";
import { feature } from "./harness/feature.ts";

const UUID_LINE = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\n$/;

feature("prepared pods", {}, (world) => {
  let imageId = "";
  beforeAll(async () => {
    await world().store();
    const list = await world().rkt(["image", "list", "--full", "--no-legend", "--fields=id"]);
    imageId = succeeded(list).trim();
  });

  /** A prepared pod of the test image; words after it. */
  async function prepare(...argv: string[]): Promise<string> {
    const output = succeeded(await world().rkt(["prepare", IMAGE_NAME, ...argv]));
    expect(output).toMatch(UUID_LINE);
    return output.trim();
  }

  const runPrepared = (...argv: string[]) => world().rkt(["run-prepared", "--net=none", ...argv]);

  test("prepare prints the UUID alone, run-prepared runs that pod", async () => {
    const uuid = await prepare("--exec=/bin/sh", "--", "-c", "echo out; echo err >&2; exit 3");
    const list = succeeded(await world().rkt(["list", "--full", "--no-legend"]));
    expect(list).toMatch(new RegExp(`^${uuid}\\tbusybox\\t.*\\tprepared\\t.*\\t\\t\\n`, "m"));
    const finished = await runPrepared(uuid);
    expect(ended(finished, 3)).toBe("out\n");
    expect(finished.stderr).toContain("err\n");
    const status = succeeded(await world().rkt(["status", uuid]));
    expect(status).toContain("state=exited\n");
    expect(status).toContain("app-busybox=3\n");
  });

  test("what prepare was told holds, and the start adds its own", async () => {
    const uuid = await prepare(
      "--set-env=A=b",
      "--exec=/bin/sh",
      "--",
      "-c",
      "echo $A $(hostname)",
    );
    expect(succeeded(await runPrepared("--hostname=chosen", uuid))).toBe("b chosen\n");
  });

  test("--quiet leaves out progress", async () => {
    const finished = await world().rkt(["prepare", "--quiet", IMAGE_NAME]);
    expect(succeeded(finished)).toMatch(UUID_LINE);
    expect(finished.stderr).toBe("");
  });

  test("a pod runs once", async () => {
    const uuid = await prepare("--exec=/bin/true");
    succeeded(await runPrepared(uuid));
    const again = refused(await runPrepared(uuid));
    expect(again).toBe(`run-prepared: pod "${uuid}" is not prepared`);
  });

  test("of two that run the same pod at once, one runs it", async () => {
    const uuid = await prepare("--exec=/bin/echo", "--", "ran");
    const both = await Promise.all([runPrepared(uuid), runPrepared(uuid)]);
    expect(both.map(({ stdout }) => stdout).sort()).toEqual(["", "ran\n"]);
    const [loser] = both.filter(({ stdout }) => stdout === "");
    expect(loser && refused(loser)).toBe(`run-prepared: pod "${uuid}" is not prepared`);
  });

  test("what cannot be prepared leaves no pod", async () => {
    const before = world().pods();
    const twice = await world().rkt(["prepare", IMAGE_NAME, IMAGE_NAME]);
    expect(refused(twice)).toBe(
      "prepare: error setting up stage0: error: multiple apps with name busybox",
    );
    const port = await world().rkt(["prepare", "--port=none:1", IMAGE_NAME]);
    expect(refused(port)).toBe(
      'prepare: error setting up stage0: port name "none" could not be found in any apps',
    );
    const nothing = await world().rkt(["prepare"]);
    expect(refused(nothing)).toBe(
      "prepare: must provide at least one image or specify the pod manifest",
    );
    expect(world().pods()).toEqual(before);
  });

  test("run-prepared without a pod, or with two, is answered with help", async () => {
    for (const argv of [[], ["a", "b"]]) {
      const finished = await world().rkt(["run-prepared", ...argv]);
      expect(ended(finished, 254)).toStartWith("NAME:\n\trun-prepared - ");
    }
    const none = await runPrepared("00000000-0000-0000-0000-000000000000");
    expect(refused(none)).toBe(
      "run-prepared: problem retrieving pod: no matches found for " +
        '"00000000-0000-0000-0000-000000000000"',
    );
  });

  test("an image stays while a prepared pod needs it", async () => {
    await world().store({ name: "example.test/kept" });
    const kept = await world().rkt([
      "prepare",
      "example.test/kept",
      "--exec=/bin/echo",
      "--",
      "kept",
    ]);
    const uuid = succeeded(kept).trim();
    await world().rkt(["image", "rm", "example.test/kept"]);
    expect(succeeded(await runPrepared(uuid))).toBe("kept\n");
  });

  test("rm takes a prepared pod at once, gc when it has waited for too long", async () => {
    const removed = await prepare();
    const finished = await world().rkt(["rm", removed]);
    expect(succeeded(finished)).toBe(`"${removed}"\n`);
    expect(finished.stderr).toBe(`rm: moving expired prepared pod "${removed}" to garbage\n`);
    const waiting = await prepare();
    succeeded(await world().rkt(["gc", "--expire-prepared=1h"]));
    expect(world().pods()).toContain(waiting);
    const swept = await world().rkt(["gc", "--expire-prepared=0s"]);
    expect(succeeded(swept)).toContain(`Garbage collecting pod "${waiting}"\n`);
    expect(swept.stderr).toContain(`gc: moving expired prepared pod "${waiting}" to garbage\n`);
    expect(world().pods()).not.toContain(waiting);
  });

  describe("--pod-manifest", () => {
    const app = (more: object = {}): object => ({
      exec: ["/bin/sh", "-c", "echo $M"],
      user: "0",
      group: "0",
      environment: [{ name: "M", value: "manifest" }],
      ...more,
    });

    /** Path of a manifest with these fields over the usual ones. */
    function manifest(name: string, fields: object): string {
      const path = join(world().directory, name);
      const document = { acVersion: "0.8.11", acKind: "PodManifest", ...fields };
      writeFileSync(path, JSON.stringify(document));
      return path;
    }

    const one = (more: object = {}): object => ({
      apps: [{ name: "one", image: { id: imageId }, app: app(more) }],
    });

    const run = (path: string, ...argv: string[]) =>
      world().rkt(["run", "--net=none", `--pod-manifest=${path}`, ...argv]);

    test("is run as it is written", async () => {
      const path = manifest("as-written.json", {
        ...one(),
        annotations: [{ name: "golden", value: "yes" }],
      });
      expect(succeeded(await run(path))).toBe("manifest\n");
      const prepared = await world().rkt(["prepare", `--pod-manifest=${path}`]);
      const uuid = succeeded(prepared).trim();
      const seen = succeeded(await world().rkt(["cat-manifest", uuid]));
      expect(JSON.parse(seen)).toMatchObject({
        apps: [{ name: "one", image: { id: imageId }, app: app() }],
      });
      expect(seen).toContain('"golden"');
      expect(succeeded(await runPrepared(uuid))).toBe("manifest\n");
    });

    test("without an app section takes the image's", async () => {
      const path = manifest("no-app.json", { apps: [{ name: "bare", image: { id: imageId } }] });
      expect(succeeded(await run(path, "--hostname=here"))).toBe("hello from here\n");
    });

    test("gets an empty volume for a mount point that has none, with a warning", async () => {
      const point = { mountPoints: [{ name: "v", path: "/v" }], exec: ["/bin/ls", "-d", "/v"] };
      const finished = await run(manifest("point.json", one(point)));
      expect(succeeded(finished)).toBe("/v\n");
      expect(finished.stderr).toContain('warning: no volume specified for mount point "v"');
    });

    const wrong: readonly [why: string, fields: () => object, line: string][] = [
      ["no apps", () => ({ apps: [] }), "pod must contain at least one application"],
      [
        "another kind",
        () => ({ acKind: "ImageManifest", apps: [] }),
        'error setting up stage0: missing or bad ACKind (must be "PodManifest")',
      ],
      [
        "two apps of one name",
        () => ({ apps: [1, 2].map(() => ({ name: "same", image: { id: imageId }, app: app() })) }),
        'error setting up stage0: duplicate apps of name "same"',
      ],
      [
        "an image that is not stored",
        () => ({ apps: [{ name: "x", image: { id: `sha512-${"0".repeat(128)}` } }] }),
        "error setting up stage0: no image IDs found",
      ],
    ];
    for (const [why, fields, line] of wrong) {
      test(`with ${why} is refused`, async () => {
        expect(refused(await run(manifest("wrong.json", fields())))).toBe(`run: ${line}`);
      });
    }

    test("that is not there, or no JSON, is refused", async () => {
      expect(refused(await run("/none.json"))).toBe(
        'run: error setting up stage0: open "/none.json": no such file or directory',
      );
      const cut = join(world().directory, "cut.json");
      writeFileSync(cut, '{"acVersion":\n');
      expect(refused(await run(cut))).toBe(
        "run: error setting up stage0: parse pod manifest: line 2, column 1: " +
          "unexpected end of JSON input",
      );
    });

    const conflicts: readonly [argv: string[], line: string][] = [
      [[IMAGE_NAME], "conflicting flags set with --pod-manifest (see --help)"],
      [["--volume=v,kind=empty"], "conflicting flags set with --pod-manifest (see --help)"],
      [["--inherit-env"], "conflicting flags set with --pod-manifest (see --help)"],
      [["--set-env=A=b"], "conflicting flags set with --pod-manifest (see --help)"],
      [["--port=web:1"], "--port flag does not work with 'none' networking"],
      [
        ["--mount=volume=v,target=/v"],
        'error parsing app image arguments: dangling mount point "/v": volume "v" not found',
      ],
    ];
    for (const [argv, line] of conflicts) {
      test(`does not go with ${argv.join(" ")}`, async () => {
        const path = manifest("good.json", one());
        expect(refused(await run(path, ...argv))).toBe(`run: ${line}`);
      });
    }
  });
});
