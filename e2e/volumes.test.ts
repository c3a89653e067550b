/**
 * `rkt run --volume --mount`: directories of the host and empty ones, and who may write to them.
 */
import { beforeAll, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { IMAGE_NAME } from "./fixtures/aci.ts";
import { refused, succeeded } from "./harness/expectations.ts";
import { feature } from "./harness/feature.ts";

feature("rkt run --volume", {}, (world) => {
  let host = "";
  beforeAll(async () => {
    await world().store();
    host = join(world().directory, "host");
    mkdirSync(host);
    writeFileSync(join(host, "file"), "of the host\n");
  });

  /** One app with the volume `v` mounted at /v. */
  const script = (volume: string, text: string) =>
    world().rkt([
      ...["run", "--net=none", `--volume=v,${volume}`, IMAGE_NAME, "--mount=volume=v,target=/v"],
      ...["--exec=/bin/sh", "--", "-c", text],
    ]);

  test("kind=host: the app reads and writes the host's directory", async () => {
    const text = "cat /v/file; echo of the app >/v/written";
    expect(succeeded(await script(`kind=host,source=${host}`, text))).toBe("of the host\n");
    expect(readFileSync(join(host, "written"), "utf8")).toBe("of the app\n");
  });

  test("kind=host,readOnly=true: the app cannot write", async () => {
    const text = "cat /v/file; echo x 2>/dev/null >/v/refused || echo refused";
    const finished = await script(`kind=host,source=${host},readOnly=true`, text);
    expect(succeeded(finished)).toBe("of the host\nrefused\n");
    expect(existsSync(join(host, "refused"))).toBe(false);
  });

  test("kind=host: a source that does not exist is named", async () => {
    const source = join(host, "none");
    expect(refused(await script(`kind=host,source=${source}`, "true"))).toContain(source);
  });

  test("kind=empty: the apps of a pod share it, with the mode and owner asked for", async () => {
    const finished = await world().rkt([
      ...["run", "--net=none", "--volume=v,kind=empty,mode=0770,uid=1000,gid=100"],
      ...["--mount=volume=v,target=/v", IMAGE_NAME, "--name=writer", "--exec=/bin/sh", "--", "-c"],
      ...["echo shared >/v/new && mv /v/new /v/file", "---", IMAGE_NAME, "--name=reader"],
      ...["--exec=/bin/sh", "--", "-c"],
      "until cat /v/file 2>/dev/null; do sleep 0.05; done; stat -c %a:%u:%g /v",
    ]);
    expect(succeeded(finished)).toBe("reader: shared\nreader: 770:1000:100\n");
  });

  test("a mount point without a volume becomes an empty one, with a warning", async () => {
    const mountPoints = [{ name: "data", path: "/data" }];
    await world().store({ name: "example.test/volume", app: { mountPoints } });
    const finished = await world().rkt([
      ...["run", "--net=none", "example.test/volume", "--exec=/bin/sh", "--", "-c"],
      "echo x >/data/x && ls /data",
    ]);
    expect(succeeded(finished)).toBe("x\n");
    expect(finished.stderr).toContain(
      'warning: no volume specified for mount point "data", implicitly creating an "empty" volume',
    );
  });

  test("a mount of a volume that was not given is refused", async () => {
    const argv = ["run", "--net=none", IMAGE_NAME, "--mount=volume=none,target=/v"];
    expect(refused(await world().rkt(argv))).toContain("none");
  });

  test("a target through a link in the image stays inside the image", async () => {
    const more = [{ path: "rootfs/link", kind: "symlink", target: "/home" } as const];
    await world().store({ name: "example.test/link", more });
    const finished = await world().rkt([
      ...["run", "--net=none", `--volume=v,kind=host,source=${host}`, "example.test/link"],
      ...[
        "--mount=volume=v,target=/link/deep",
        "--exec=/bin/sh",
        "--",
        "-c",
        "cat /link/deep/file",
      ],
    ]);
    expect(succeeded(finished)).toBe("of the host\n");
    expect(existsSync("/home/deep"), "on the host").toBe(false);
  });

  test("a source that is a link is followed on the host", async () => {
    symlinkSync(host, join(world().directory, "to-host"));
    const source = join(world().directory, "to-host");
    expect(succeeded(await script(`kind=host,source=${source}`, "cat /v/file"))).toBe(
      "of the host\n",
    );
  });
});
