/** `rkt export` of what an app left, and pods without overlayfs. */
import { beforeAll, expect, test } from "bun:test";
import { mkdtempSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { IMAGE_NAME } from "./fixtures/aci.ts";
import { run } from "./fixtures/process.ts";
import { eventually } from "./harness/background.ts";
import { ended, refused, succeeded } from "./harness/expectations.ts";
import { feature } from "./harness/feature.ts";

feature("export", {}, (world) => {
  beforeAll(async () => {
    await world().store({
      more: [
        { path: "rootfs/keep", kind: "directory" },
        { path: "rootfs/keep/inner", kind: "file", bytes: "inner\n" },
        { path: "rootfs/gone", kind: "file", bytes: "gone\n" },
      ],
    });
  });

  const fresh = (): string => mkdtempSync(join(world().directory, "export-"));

  /** UUID of a pod that has run this script to its end. */
  async function left(script: string, ...argv: string[]): Promise<string> {
    const file = join(fresh(), "uuid");
    succeeded(await world().script(script, [`--uuid-file-save=${file}`, ...argv]));
    return readFileSync(file, "utf8");
  }

  const CHANGES =
    "echo new >/etc/new; rm /gone; mv /keep /moved; chmod 2750 /tmp; chown 7:8 /etc/new; " +
    "ln /etc/new /etc/same; ln -s new /etc/link; mkdir -p /a/b";

  for (const [how, argv] of [
    ["stacked layers", []],
    ["copied layers", ["--no-overlay"]],
  ] as const) {
    test(`an exported app of ${how} is an image with all changes`, async () => {
      const uuid = await left(CHANGES, ...argv);
      const out = join(fresh(), "out.aci");
      const exported = await world().rkt(["export", uuid, out]);
      expect(succeeded(exported) + exported.stderr).toBe("");
      expect([...readFileSync(out).subarray(0, 2)]).toEqual([0x1f, 0x8b]);
      const list = await run(["tar", "--numeric-owner", "-tvzf", out]);
      const members = succeeded(list);
      expect(members).toMatch(/^-rw-r--r-- 0\/0 .* manifest\n/);
      expect(members).toMatch(/^-rw-r--r-- 7\/8 .* rootfs\/etc\/new$/m);
      expect(members).toMatch(/^hrw-r--r-- 7\/8 .* rootfs\/etc\/same link to rootfs\/etc\/new$/m);
      expect(members).toMatch(/^lrwxrwxrwx .* rootfs\/etc\/link -> new$/m);
      expect(members).toMatch(/^drwxr-s--- .* rootfs\/tmp\/$/m);
      expect(members).not.toMatch(/rootfs\/(gone|keep)/);

      const data = fresh();
      const look = "cat /etc/same /moved/inner; test ! -e /gone; test -d /a/b; echo $?";
      const again = await world().rkt(
        [
          ...["--insecure-options=image", "run", "--net=none", out, "--exec=/bin/sh"],
          ...["--", "-c", look],
        ],
        { data },
      );
      expect(succeeded(again)).toBe("new\ninner\n0\n");
      succeeded(await world().rkt(["gc", "--grace-period=0s"], { data }));
    });
  }

  test("a file that is there is replaced only when asked", async () => {
    const uuid = await left("true", "--set-env=A=b");
    const out = join(fresh(), "out.aci");
    succeeded(await world().rkt(["export", uuid, out]));
    expect(refused(await world().rkt(["export", uuid, out]))).toBe(
      "export: error building aci: target file exists (try --overwrite)",
    );
    succeeded(await world().rkt(["export", "--overwrite", "--app=busybox", uuid, out]));
  });

  test("one of several apps must be named", async () => {
    const file = join(fresh(), "uuid");
    const apps = ["one", "two"].flatMap((name) => [
      ...[IMAGE_NAME, `--name=${name}`, "--exec=/bin/sh", "--", "-c", `echo ${name} >/who`, "---"],
    ]);
    succeeded(await world().rkt(["run", "--net=none", `--uuid-file-save=${file}`, ...apps]));
    const uuid = readFileSync(file, "utf8");
    const out = join(fresh(), "out.aci");
    const unclear = await world().rkt(["export", uuid, out]);
    expect(refused(unclear)).toBe(
      'export: unable to find app: specify app using "rkt export --app= ..."',
    );
    const none = await world().rkt(["export", "--app=no", uuid, out]);
    expect(refused(none)).toBe("export: unable to find app: app no is not present in pod");
    succeeded(await world().rkt(["export", "--app=two", uuid, out]));
    expect(succeeded(await run(["tar", "-xOzf", out, "rootfs/who"]))).toBe("two\n");
  });

  test("only a pod that has ended is exported, and only to an ACI", async () => {
    const uuid = succeeded(await world().rkt(["prepare", IMAGE_NAME])).trim();
    const path = join(fresh(), "out.aci");
    expect(refused(await world().rkt(["export", uuid, path]))).toBe(
      "export: pod is not exited. Only exited pods can be exported",
    );
    const done = await left("true");
    expect(refused(await world().rkt(["export", done, "/out.txt"]))).toBe(
      "export: extension must be .aci (given /out.txt)",
    );
    expect(refused(await world().rkt(["export", "00000000", path]))).toBe(
      'export: problem retrieving pod: no matches found for "00000000"',
    );
    expect(ended(await world().rkt(["export", done]), 254)).toStartWith("NAME:\n\texport - ");
  });

  test("a pod without overlayfs needs no mount of it, and can wait prepared", async () => {
    const argv = ["prepare", "--no-overlay", IMAGE_NAME, "--exec=/bin/sh"];
    const look = "grep ' / ' /proc/mounts | cut -d' ' -f1; cat /keep/inner; stat -c %a /tmp";
    const prepared = await world().rkt([...argv, "--", "-c", look]);
    const finished = await world().rkt(["run-prepared", "--net=none", succeeded(prepared).trim()]);
    const [root, ...rest] = succeeded(finished).split("\n");
    expect(root).not.toBe("overlay");
    expect(rest).toEqual(["inner", "1777", ""]);
  });

  test("an export holds no collector up for ever, and no collector takes it away", async () => {
    const uuid = await left("head -c 20000000 /dev/urandom >/big");
    const out = join(fresh(), "out.aci");
    const exporting = await world().start(["export", uuid, out]);
    const seen = await eventually("the export has begun or is over", async () => {
      const gc = await world().rkt(["gc", "--grace-period=0s"]);
      const finished = await Promise.race([exporting.finished, Bun.sleep(1)]);
      return finished === undefined ? undefined : { finished, gc };
    });
    succeeded(seen.gc);
    const { status, stderr } = seen.finished;
    // Either the export was first, and is whole; or the collector was, and it says so.
    if (status === 0) succeeded(await run(["gzip", "-t", out]));
    else
      expect(stderr).toMatch(/^export: (problem retrieving pod|pod is not exited|pod ".*" is in)/);
    succeeded(await world().rkt(["gc", "--grace-period=0s"]));
    expect(world().pods()).not.toContain(uuid);
  });
});
