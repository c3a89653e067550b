/** `--stage1-…`: pods under a stage1 that does not come with the program. */
import { beforeAll, expect, test } from "bun:test";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { aciOf, IMAGE_NAME, writeAci } from "./fixtures/aci.ts";
import { architecture } from "./fixtures/busybox.ts";
import { ended, refused, succeeded } from "./harness/expectations.ts";
import { feature } from "./harness/feature.ts";
import { RKT } from "./harness/world.ts";

/** The smallest one: it knows one app, no isolation but a root directory, and its own contract. */
const RUN = `#!/bin/sh
echo "stage1 arguments: $*"
app=$(ls stage1/rootfs/opt/stage2)
mkdir -p stage1/rootfs/rkt/status
echo $$ >ppid
echo $$ >pid
ln -s ready stage1/rootfs/rkt/supervisor-status
chroot stage1/rootfs/opt/stage2/$app/rootfs /bin/sh -c 'echo in the app; exit 7'
status=$?
printf %s $status >stage1/rootfs/rkt/status/$app
exit $status
`;
const GC = '#!/bin/sh\necho "stage1 gives back"\n';

feature("stage1 images", {}, (world) => {
  const NAME = "example.test/stage1";
  let path = "";
  beforeAll(async () => {
    await world().store();
    path = join(world().directory, "stage1.aci");
    const entrypoint = (name: string): object => ({
      name: `coreos.com/rkt/stage1/${name}`,
      value: `/${name}`,
    });
    const manifest = {
      acKind: "ImageManifest",
      acVersion: "0.8.11",
      name: NAME,
      labels: [
        { name: "version", value: "1.0.0" },
        { name: "os", value: "linux" },
        { name: "arch", value: architecture.appc },
      ],
      annotations: [
        ...["run", "gc"].map(entrypoint),
        { name: "coreos.com/rkt/stage1/interface-version", value: "5" },
      ],
    };
    const script = (name: string, bytes: string) =>
      ({ path: `rootfs/${name}`, kind: "file", bytes, mode: 0o755 }) as const;
    const members = [
      { path: "manifest", kind: "file", bytes: JSON.stringify(manifest) } as const,
      { path: "rootfs", kind: "directory" } as const,
      script("run", RUN),
      script("gc", GC),
    ];
    writeFileSync(path, aciOf(members));
  });

  const run = (...argv: string[]) =>
    world().rkt(["--insecure-options=image", "run", "--net=none", ...argv, IMAGE_NAME]);

  test("an archive is proven, stored and run by its own contract", async () => {
    const finished = await run(`--stage1-path=${path}`);
    const output = ended(finished, 7);
    expect(output).toMatch(/^stage1 arguments: --net=none .*\nin the app\n$/);
    expect(output, "interface version 5 knows no --ipc").not.toContain("--ipc");
    const [uuid = ""] = world().pods();
    const status = succeeded(await world().rkt(["status", uuid]));
    expect(status).toContain("state=exited\n");
    expect(status).toContain("app-busybox=7\n");
    const gc = await world().rkt(["gc", "--grace-period=0s"]);
    expect(succeeded(gc)).toContain("stage1 gives back\n");
    expect(world().pods()).toEqual([]);
  });

  test("one without a signature is refused", async () => {
    const finished = await world().rkt(["run", `--stage1-path=${path}`, IMAGE_NAME]);
    expect(refused(finished)).toContain("stage1.aci.asc");
    expect(world().pods()).toEqual([]);
  });

  test("a stored one is named, with its version, or by its id", async () => {
    succeeded(await world().rkt(["fetch", "--insecure-options=image", path]));
    const list = await world().rkt(["image", "list", "--full", "--no-legend", "--fields=id,name"]);
    const line = succeeded(list)
      .split("\n")
      .find((each) => each.includes(NAME));
    const [id = ""] = (line ?? "").split("\t");
    for (const choice of [`--stage1-name=${NAME}:1.0.0`, `--stage1-hash=${id}`]) {
      expect(ended(await run(choice), 7)).toContain("in the app\n");
    }
    const argv = ["--insecure-options=image", "prepare", `--stage1-name=${NAME}:1.0.0`, IMAGE_NAME];
    const uuid = succeeded(await world().rkt(argv)).trim();
    expect(ended(await world().rkt(["run-prepared", uuid]), 7)).toContain("in the app\n");
  });

  test("ours has a name too", async () => {
    const version = /rkt Version: (\S+)/.exec(succeeded(await world().rkt(["version"])))?.[1];
    for (const name of ["coreos.com/rkt/stage1-crun", `coreos.com/rkt/stage1-crun:${version}`]) {
      expect(succeeded(await run(`--stage1-name=${name}`, "--hostname=h"))).toBe("hello from h\n");
    }
  });

  test("the site's own is used where none is asked for, and told by config", async () => {
    mkdirSync(join(world().config, "stage1.d"));
    mkdirSync(join(world().config, "paths.d"));
    const write = (file: string, fields: object): void =>
      writeFileSync(join(world().config, file), JSON.stringify({ rktVersion: "v1", ...fields }));
    const stage1 = { rktKind: "stage1", name: NAME, version: "1.0.0", location: `file://${path}` };
    const paths = { rktKind: "paths", "stage1-images": world().directory };
    write("stage1.d/s.json", stage1);
    write("paths.d/p.json", paths);
    const config = succeeded(await world().rkt(["config", "--pretty-print=false"]));
    expect(config).toBe(
      `{"stage0":[{"rktVersion":"v1","rktKind":"paths","data":"","stage1-images":` +
        `"${world().directory}"},{"rktVersion":"v1","rktKind":"stage1","name":"${NAME}",` +
        `"version":"1.0.0","location":"file://${path}"}]}\n`,
    );
    expect(ended(await run(), 7)).toContain("in the app\n");
    expect(ended(await run("--stage1-from-dir=stage1.aci"), 7)).toContain("in the app\n");
    const data = join(world().directory, "elsewhere");
    write("paths.d/p.json", { rktKind: "paths", data });
    const bare = [RKT, `--local-config=${world().config}`, "list", "--no-legend"];
    succeeded(await world().machine.run([...bare.slice(0, 2), "image", "list", "--no-legend"]));
    expect(existsSync(join(data, "cas/store.db"))).toBe(true);
    expect(succeeded(await world().machine.run(bare))).toBe("");
    write("stage1.d/s.json", { rktKind: "stage1", name: NAME });
    expect(refused(await world().rkt(["config"]))).toBe(
      "config: cannot get configuration: invalid stage1 configuration: " +
        "default stage1 image name specified, but version is missing",
    );
    rmSync(join(world().config, "stage1.d"), { recursive: true });
    rmSync(join(world().config, "paths.d"), { recursive: true });
  });

  test("what is no stage1, or is not there, is refused before a pod is made", async () => {
    const before = world().pods();
    const app = writeAci(world().directory, "no-stage1.aci", { name: "example.test/app" });
    expect(refused(await run(`--stage1-path=${app}`))).toBe(
      'run: image "example.test/app:1.0.0" is no stage1: it has no coreos.com/rkt/stage1/run',
    );
    expect(refused(await run("--stage1-path=/none.aci"))).toContain("/none.aci");
    expect(refused(await run("--stage1-from-dir=none.aci"))).toContain("/stage1-images/none.aci");
    expect(refused(await run("--stage1-hash=sha512-0000"))).toBe("run: no image IDs found");
    expect(world().pods()).toEqual(before);
  });

  test("two of the flags are answered with help", async () => {
    const finished = await run("--stage1-name=x", "--stage1-path=y");
    expect(ended(finished, 254)).toStartWith("NAME:\n\trun - ");
    expect(finished.stderr).toBe(
      'Error: invalid argument "y" for --stage1-path=y: ' +
        "flags --stage1-path and --stage1-name are mutually exclusive\n\n",
    );
  });
});
