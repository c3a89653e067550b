/** Wrong input to `rkt run`: one clear line, status 254, nothing left half done. */
import { beforeAll, expect, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { IMAGE_NAME, writeAci } from "./fixtures/aci.ts";
import { expectEmptyStore, refused, succeeded } from "./harness/expectations.ts";
import { feature } from "./harness/feature.ts";
import type { World } from "./harness/world.ts";

/** What is wrong, the words after `rkt run --net=none`, and what the line must say. */
const WRONG: readonly (readonly [string, readonly string[], string | RegExp])[] = [
  ["no image", [], "run: must provide at least one image or specify the pod manifest"],
  [
    "an image that nobody has",
    ["example.invalid/none"],
    /^run: .*example\.invalid|^run: discovery failed/,
  ],
  ["a file that is not there", ["./none.aci"], /none\.aci.*no such file or directory/],
  ["an id that nobody has", ["sha512-0000"], "run: no image IDs found"],
  ["a name that no image can have", ["Bad_Name"], /Bad_Name.*ACIdentifier/],
  ["a name that no app can have", [IMAGE_NAME, "--name=Bad_Name"], /ACName must contain only/],
  [
    "a flag of an app before any image",
    ["--exec=/bin/true", IMAGE_NAME],
    /--exec must follow an image/,
  ],
  ["a flag twice", [IMAGE_NAME, "--exec=/a", "--exec=/b"], /--exec specified multiple times/],
  [
    "a capability twice over",
    [IMAGE_NAME, "--caps-retain=CAP_KILL", "--caps-remove=CAP_CHOWN"],
    /caps-retain and --caps-remove/,
  ],
  [
    "a seccomp filter without names",
    [IMAGE_NAME, "--seccomp=mode=retain"],
    /set must be non-empty/,
  ],
  [
    "a relative volume",
    ["--volume=v,kind=host,source=relative", IMAGE_NAME],
    /source for host volume must be absolute path/,
  ],
  ["a volume without a source", ["--volume=v,kind=host", IMAGE_NAME], /source/],
  [
    "a relative working directory",
    [IMAGE_NAME, "--working-dir=here"],
    /workingDirectory must be an absolute path/,
  ],
  [
    "gids that are no numbers",
    [IMAGE_NAME, "--supplementary-gids=x"],
    /--supplementary-gids must be integers/,
  ],
];

feature("rkt run with wrong input", {}, (world) => {
  beforeAll(async () => {
    await world().store();
  });

  for (const [name, argv, message] of WRONG) {
    test(`${name} is refused`, async () => {
      const finished = await world().rkt(["run", "--net=none", ...argv]);
      expect(finished.status).toBe(254);
      expect(finished.stderr).toMatch(
        typeof message === "string" ? literal(message) : perLine(message),
      );
      expectNoPod(world());
    });
  }

  test("an image without a command is refused, unless --exec gives one", async () => {
    await world().store({ name: "example.test/no-app", app: null });
    const line = refused(await world().rkt(["run", "--net=none", "example.test/no-app"]));
    expect(line).toMatch(
      /image sha512-[0-9a-f]{64} has no app section and --exec argument is not provided$/,
    );
    expectNoPod(world());
    const argv = ["run", "--net=none", "example.test/no-app", "--exec=/bin/echo", "--", "given"];
    expect(succeeded(await world().rkt(argv))).toBe("given\n");
    await world().rkt(["gc", "--grace-period=0s"]);
  });

  test("an image for another machine is refused", async () => {
    const labels = [
      { name: "os", value: "linux" },
      { name: "arch", value: "nonsense" },
    ];
    const path = writeAci(world().directory, "arch.aci", { manifest: { labels } });
    const line = refused(await world().rkt(["run", "--insecure-options=image", path]));
    expect(line).toContain('bad arch "nonsense" for linux');
  });

  for (const missing of ["os", "arch"]) {
    test(`an image that does not say its ${missing} is not run`, async () => {
      const labels = missing === "os" ? [] : [{ name: "os", value: "linux" }];
      const manifest = { labels };
      const path = writeAci(world().directory, `no-${missing}.aci`, { manifest });
      const line = refused(await world().rkt(["run", "--insecure-options=image", path]));
      expect(line).toBe(
        `run: error setting up stage0: missing ${missing} label in the image manifest`,
      );
    });
  }

  test("an unsigned image is refused", async () => {
    const path = writeAci(world().directory, "unsigned.aci", { name: "example.test/unsigned" });
    const line = refused(await world().rkt(["run", "--net=none", path]));
    expect(line).toBe(`run: open ${path}.asc: no such file or directory`);
    expectNoPod(world());
  });

  function expectNoPod(here: World): void {
    expect(here.pods()).toEqual([]);
  }
});

function literal(text: string): RegExp {
  return new RegExp(`^${text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}$`, "m");
}

function perLine(pattern: RegExp): RegExp {
  return new RegExp(pattern.source, "m");
}

feature("rkt on a full disk", {}, (world) => {
  /** A data directory on a file system of `size`, in the machine's own mount table. */
  async function small(name: string, size: string): Promise<string> {
    const data = join(world().directory, name);
    mkdirSync(data);
    await world().machine.shell(`mount -t tmpfs -o size=${size} tmpfs ${data}`);
    return data;
  }

  for (const size of ["200k", "1m", "2m"]) {
    test(`fetch into ${size} says so and leaves nothing of the image`, async () => {
      const data = await small(`full-${size}`, size);
      const aci = writeAci(world().directory, "image.aci");
      const finished = await world().rkt(["fetch", "--insecure-options=image", aci], { data });
      expect(refused(finished)).toContain("no space left on device");
      await world().machine.shell(`mount -o remount,size=64m ${data}`);
      await emptyInside(data);
      succeeded(await world().rkt(["fetch", "--insecure-options=image", aci], { data }));
      await world().machine.shell(`umount ${data}`);
    });
  }

  /** The file system is to be seen only inside the machine. */
  async function emptyInside(data: string): Promise<void> {
    const list = await world().rkt(["image", "list", "--no-legend"], { data });
    expect(succeeded(list)).toBe("");
    const files = `cd ${data}/cas; find tmp layers blob -type f 2>/dev/null || :`;
    expect(await world().machine.shell(files)).toBe("");
  }

  test("run says so and leaves nothing that gc does not remove", async () => {
    const data = await small("full-run", "64m");
    const aci = writeAci(world().directory, "image.aci");
    succeeded(await world().rkt(["fetch", "--insecure-options=image", aci], { data }));
    await world().machine.shell(`head -c 64m /dev/zero >${data}/ballast 2>/dev/null || :`);
    const line = refused(await world().rkt(["run", "--net=none", IMAGE_NAME], { data }));
    expect(line).toContain("no space left on device");
    succeeded(await world().rkt(["list"], { data }));
    await world().machine.shell(`rm ${data}/ballast`);
    succeeded(await world().rkt(["gc", "--grace-period=0s"], { data }));
    expect(succeeded(await world().rkt(["list", "--no-legend"], { data }))).toBe("");
    succeeded(await world().rkt(["run", "--net=none", IMAGE_NAME], { data }));
    succeeded(await world().rkt(["gc", "--grace-period=0s"], { data }));
    await world().machine.shell(`umount ${data}`);
  });

  test("gc frees what a killed fetch left, on a disk without one free byte", async () => {
    const data = await small("full-gc", "64m");
    const aci = writeAci(world().directory, "image.aci");
    const fetch = ["fetch", "--insecure-options=image", aci];
    succeeded(await world().rkt(fetch, { data }));
    succeeded(await world().rkt(["image", "rm", IMAGE_NAME], { data }));
    const killed = await world().rkt(fetch, {
      data,
      env: { RKT_CRASH_AT: "fetch-layer-complete" },
    });
    expect(killed.signal).toBe("SIGKILL");
    const fill = `head -c 64m /dev/zero >${data}/ballast 2>/dev/null || :`;
    await world().machine.shell(`rm -f ${data}/cas/store.db-*; ${fill}`);
    expect(refused(await world().rkt(["image", "list"], { data }))).toContain("no space left");
    succeeded(await world().rkt(["gc"], { data }));
    expect(await world().machine.shell(`ls ${data}/cas/tmp ${data}/cas/layers`)).toBe(
      `${data}/cas/layers:\n\n${data}/cas/tmp:\n`,
    );
    succeeded(await world().rkt(["image", "list"], { data }));
    await world().machine.shell(`umount ${data}`);
  });

  test("the store of the world itself stays empty", async () => {
    await expectEmptyStore(world());
  });
});
