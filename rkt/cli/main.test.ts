import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openStore, type StoredImage } from "@rkt/image";
import { preparePod } from "@rkt/stage0";
import { bundledStage1 } from "@rkt/stage1/bundled";
import { type Clock, systemClock } from "@shared/base";
import { kernel } from "@shared/linux";
import { runCommandLine } from "./main.ts";
import { VERSION } from "./version.ts";

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "rkt-cli-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

const NOW_MS = Date.UTC(2026, 0, 2, 3, 4, 5);

/** Time passes only where somebody sleeps. */
function stoppedClock(): Clock {
  let nowMs = NOW_MS;
  const sleep = (ms: number): Promise<void> => {
    nowMs += ms;
    return Promise.resolve();
  };
  return { now: () => nowMs, sleep };
}

/** Runs one command line and keeps what a person would see. */
async function rkt(...argv: string[]) {
  let [stdout, stderr] = ["", ""];
  const host = {
    clock: stoppedClock(),
    random: () => 0.5,
    environment: {},
    self: ["/proc/self/exe"],
    columns: () => undefined,
    print: (text: string) => {
      stdout += text;
    },
    write: () => undefined,
    note: (line: string) => {
      stderr += `${line}\n`;
    },
  };
  const status = await runCommandLine(host, argv);
  return { status, stdout, stderr };
}

test("the version is the repository's", async () => {
  const root = JSON.parse(readFileSync(join(import.meta.dir, "../../package.json"), "utf8"));
  expect((root as { version: string }).version).toBe(VERSION);
  const { stdout, status } = await rkt("version");
  expect(stdout).toStartWith(`rkt Version: ${VERSION}\nappc Version: 0.8.11\nBun Version: `);
  expect(stdout.trimEnd().split("\n")).toHaveLength(5);
  expect(status).toBe(0);
});

describe("answers that are help", () => {
  const rows: readonly [argv: string[], title: string, stderr: string, status: number][] = [
    [[], "rkt - rkt,", "rkt: missing command\n", 2],
    [["--", "list"], "rkt - rkt,", "rkt: missing command\n", 2],
    [["help"], "rkt - rkt,", "", 0],
    [["--help"], "rkt - rkt,", "", 0],
    [["-h"], "rkt - rkt,", "", 0],
    [["help", "nothing"], "rkt - rkt,", "Unknown help topic [`nothing`].\n", 0],
    [["help", "list", "extra"], "list - List pods", "", 0],
    [["list", "--help"], "list - List pods", "", 0],
    [["help", "image", "list"], "image list - List", "", 0],
    [["im"], "image - Operate", "", 0],
    [["image", "nothing"], "image - Operate", "", 0],
    [["--nothing"], "rkt - rkt,", "Error: unknown flag: --nothing\n\n", 254],
    [["list", "-x"], "list - List pods", "Error: unknown shorthand flag: 'x' in -x\n\n", 254],
    [
      ["list", "--format=nothing"],
      "list - List pods",
      'Error: invalid argument "nothing" for --format=nothing: Invalid format option: nothing\n\n',
      254,
    ],
    [["status"], "status - Check", "", 254],
    [["cat-manifest", "a", "b"], "cat-manifest - Inspect", "", 254],
    [["image", "cat-manifest", "a", "b"], "image cat-manifest - ", "", 254],
    [["trust"], "trust - Trust", "", 254],
  ];
  for (const [argv, title, stderr, status] of rows) {
    test(`rkt ${argv.join(" ")}`, async () => {
      const seen = await rkt(...argv);
      expect(seen.stdout).toStartWith(`NAME:\n\t${title}`);
      expect([seen.stderr, seen.status]).toEqual([stderr, status]);
    });
  }
});

test("an unknown command is one clear answer", async () => {
  expect(await rkt("lisst")).toEqual({
    stdout: "",
    stderr:
      'Error: unknown command "lisst" for "rkt"\n\nDid you mean this?\n\tlist\n\n' +
      "Run 'rkt --help' for usage.\n",
    status: 254,
  });
});

describe("an empty data directory", () => {
  const legend = "UUID\tAPP\tIMAGE NAME\tSTATE\tCREATED\tSTARTED\tNETWORKS\n";
  const answers: readonly [argv: string[], stdout: string][] = [
    [["list"], legend],
    [["list", "extra"], legend],
    [["li", "--no-legend"], ""],
    [["list", "--format=json"], "null\n"],
    [["image", "list"], "ID\tNAME\tSIZE\tIMPORT TIME\tLAST USED\tVERIFICATION\n"],
    [["image", "list", "--format=json-pretty"], "null\n"],
  ];
  for (const [argv, stdout] of answers) {
    test(`rkt ${argv.join(" ")}`, async () => {
      expect(await rkt(`--dir=${dir}`, ...argv)).toEqual({ stdout, stderr: "", status: 0 });
    });
  }

  const failures: readonly [argv: string[], stderr: string][] = [
    [["status", "0"], 'status: problem retrieving pod: no matches found for "0"\n'],
    [["status", ""], "status: problem retrieving pod: UUID cannot be empty\n"],
    [["logs", "x"], 'logs: problem retrieving pod: no matches found for "x"\n'],
    [
      ["--debug", "cat-manifest", "x"],
      'cat-manifest: problem retrieving pod\n  └─no matches found for "x"\n',
    ],
    [
      ["stop", "a", "b"],
      'stop: cannot get pod: no matches found for "a"\n' +
        'stop: cannot get pod: no matches found for "b"\nstop: failed to stop 2 pod(s)\n',
    ],
    [["fetch"], "fetch: must provide at least one image\n"],
    [["image", "rm"], "rm: must provide at least one image ID\n"],
    [
      ["image", "rm", "nonsense"],
      'rm: cannot find aci satisfying name: "nonsense" and labels: [] in the local store\n',
    ],
    [
      ["image", "cat-manifest", "a.test/b:3,os=linux"],
      'cat-manifest: cannot find aci satisfying name: "a.test/b" and labels: ' +
        '[{"version" "3"} {"os" "linux"}] in the local store\n',
    ],
    [["image", "cat-manifest", "sha512-0"], "cat-manifest: image ID too short\n"],
  ];
  for (const [argv, stderr] of failures) {
    test(`rkt ${argv.join(" ")}`, async () => {
      const seen = await rkt(`--dir=${dir}`, ...argv);
      expect(seen).toEqual({ stdout: "", stderr, status: 254 });
    });
  }
});

describe("two images", () => {
  const ids = ["a", "b"].map((digit) => `sha512-${digit.repeat(64)}` as const);

  beforeEach(() => {
    using store = openStore({ kernel, clock: systemClock }, dir);
    ids.forEach((id, at) => {
      const name = ["golden.test/one", "golden.test/two"][at] ?? "";
      store.addImage({
        id,
        format: "aci",
        name: `${name}:1.0.0`,
        manifest: {
          acKind: "ImageManifest",
          acVersion: "0.8.11",
          name,
          labels: [{ name: "version", value: "1.0.0" }],
        },
        layers: [],
        blobs: [],
        sizeBytes: [3_000_000, 2_000_000][at] ?? 0,
        importedMs: NOW_MS - 60_000 * (2 - at),
        verification: { kind: "none" },
        references: [],
        aliases: [],
      });
    });
  });

  const image = (...argv: string[]) => rkt(`--dir=${dir}`, "image", ...argv);

  test("are listed by age", async () => {
    expect((await image("list")).stdout).toBe(
      "ID\t\t\tNAME\t\t\tSIZE\tIMPORT TIME\tLAST USED\tVERIFICATION\n" +
        "sha512-aaaaaaaaaaaa\tgolden.test/one:1.0.0\t2.9MiB\t2 minutes ago\t2 minutes ago\tnone\n" +
        "sha512-bbbbbbbbbbbb\tgolden.test/two:1.0.0\t1.9MiB\t1 minute ago\t1 minute ago\tnone\n",
    );
  });

  const orders: readonly [argv: string[], names: string][] = [
    [["--sort=size"], "two one"],
    [["--sort=size", "--order=desc"], "one two"],
    [["--sort=name,size"], "one two"],
    [["--sort=importtime", "--order=desc"], "two one"],
  ];
  for (const [argv, names] of orders) {
    test(argv.join(" "), async () => {
      const { stdout } = await image("list", "--no-legend", "--fields=name", ...argv);
      expect(
        stdout
          .replace(/golden\.test\/|:1\.0\.0/g, "")
          .trim()
          .split("\n"),
      ).toEqual(names.split(" "));
    });
  }

  test("whole with --full", async () => {
    const { stdout } = await image("list", "--full", "--no-legend", "--fields=size,importtime,id");
    expect(stdout.split("\n")[0]).toBe(`3000000\t2026-01-02 03:02:05 +0000 UTC\t${ids[0]}`);
  });

  test("as JSON, times in nanoseconds", async () => {
    const { stdout } = await image("list", "--format=json", "--sort=name");
    expect(stdout).toStartWith(
      `[{"id":"${ids[0]}","name":"golden.test/one:1.0.0","import_time":1767322925000000000,` +
        '"last_used_time":1767322925000000000,"size":3000000,"verification":{"kind":"none"}},{',
    );
  });

  test("are found by id, by name, by name and version", async () => {
    for (const text of ["sha512-aaa", "golden.test/one", "golden.test/one:1.0.0"]) {
      const { stdout, status } = await image("cat-manifest", "--pretty-print=false", text);
      expect(stdout).toStartWith('{"acKind":"ImageManifest","acVersion":"0.8.11","name":');
      expect(stdout).toContain('"golden.test/one"');
      expect(status).toBe(0);
    }
  });

  test("one is removed, the other stays", async () => {
    expect(await image("rm", "golden.test/none", "golden.test/one")).toEqual({
      stdout: `successfully removed aci for image: "${ids[0]}"\n`,
      stderr:
        'rm: cannot find aci satisfying name: "golden.test/none" and labels: [] ' +
        "in the local store\nrm: 1 image(s) successfully removed\n",
      status: 254,
    });
    expect((await image("list", "--no-legend", "--fields=id")).stdout).toBe(
      "sha512-bbbbbbbbbbbb\n",
    );
  });

  test("image gc removes what was not used for long enough", async () => {
    expect((await image("gc")).stdout).toBe("");
    expect((await image("gc", "--grace-period=90s")).stdout).toBe(
      `successfully removed aci for image: "${ids[0]}"\n`,
    );
    expect((await image("list", "--no-legend", "--fields=id")).stdout).toBe(
      "sha512-bbbbbbbbbbbb\n",
    );
  });
});

const isRoot = process.geteuid?.() === 0;

describe("a prepared pod of two apps", () => {
  const uuid = "80808080-8080-4080-8080-808080808080";
  const id = `sha512-${"a".repeat(64)}` as const;
  const labels = [
    { name: "version", value: "1.0.0" },
    { name: "os", value: "linux" },
    { name: "arch", value: "amd64" },
  ];
  const app = { exec: ["/bin/true"], user: "0", group: "0" };
  const image: StoredImage = {
    id,
    format: "aci",
    name: "golden.test/one:1.0.0",
    manifest: {
      acKind: "ImageManifest",
      acVersion: "0.8.11",
      name: "golden.test/one",
      labels,
      app,
    },
    layers: [],
    sizeBytes: 1,
    importedMs: NOW_MS,
    lastUsedMs: NOW_MS,
    verification: { kind: "none" },
  };

  beforeEach(() => {
    const host = { kernel, random: () => 0.5, warn: () => undefined };
    const { path } = preparePod(host, {
      dataDir: dir,
      stage1: bundledStage1("crun", VERSION),
      next: "prepared",
      apps: ["first", "second"].map((name) => ({ name, image, app })),
    });
    utimesSync(join(path, "pod-created"), NOW_MS / 1000 - 120, NOW_MS / 1000 - 120);
  });

  const pod = (...argv: string[]) => rkt(`--dir=${dir}`, ...argv);

  test("has a row for each app; what is the pod's stands in the first", async () => {
    expect((await pod("list")).stdout).toBe(
      "UUID\t\tAPP\tIMAGE NAME\t\tSTATE\t\tCREATED\t\tSTARTED\tNETWORKS\n" +
        "80808080\tfirst\tgolden.test/one:1.0.0\tprepared\t2 minutes ago\t\t\n" +
        "\t\tsecond\tgolden.test/one:1.0.0\t\t\t\t\t\t\n",
    );
  });

  test("is shown whole with --full", async () => {
    const { stdout } = await pod("list", "--full", "--no-legend");
    expect(stdout.split("\n")[0]).toBe(
      `${uuid}\tfirst\tgolden.test/one:1.0.0\tsha512-aaaaaaaaaaaa\tprepared\t` +
        "2026-01-02 03:02:05 +0000 UTC\t\t",
    );
  });

  test("is JSON: pod times in seconds, app times in nanoseconds", async () => {
    const apps = ["first", "second"].map((name) => ({
      name,
      state: "created",
      created_at: 1_767_322_925_000_000_000,
      image_id: id,
    }));
    const document = {
      name: uuid,
      state: "prepared",
      app_names: ["first", "second"],
      apps,
      created_at: 1_767_322_925,
    };
    const one = await pod("status", "--format=json", "8");
    expect(one.stdout).toBe(`${JSON.stringify(document)}\n`);
    const all = await pod("list", "--format=json-pretty");
    expect(all.stdout).toBe(`${JSON.stringify([document], undefined, "\t")}\n`);
  });

  test("has a status of few lines before it runs", async () => {
    expect((await pod("status", "8080")).stdout).toBe(
      "state=prepared\ncreated=2026-01-02 03:02:05 +0000 UTC\n",
    );
  });

  test("is named by a file as well", async () => {
    writeFileSync(join(dir, "uuid"), `${uuid}\n`);
    const { stdout } = await pod("cat-manifest", "--pretty-print=false", `--uuid-file=${dir}/uuid`);
    expect(stdout).toStartWith('{"acVersion":"0.8.11","acKind":"PodManifest","apps":[{"name":');
    expect((await pod("status", `--uuid-file=${dir}/uuid`, uuid)).status).toBe(254);
    expect((await pod("status", `--uuid-file=${dir}/none`)).stderr).toBe(
      `status: unable to resolve UUID from file: open "${dir}/none": no such file or directory\n`,
    );
  });

  test("does not run, so it is not stopped, and has written nothing", async () => {
    expect(await pod("stop", uuid)).toEqual({
      stdout: "",
      stderr: `stop: pod "${uuid}" is not running\nstop: failed to stop 1 pod(s)\n`,
      status: 254,
    });
    expect(await pod("logs", uuid)).toEqual({ stdout: "", stderr: "", status: 0 });
    expect(await pod("logs", "--app=third", uuid)).toEqual({
      stdout: "",
      stderr: 'logs: app "third" is not in the pod\nhint: its apps: first, second\n',
      status: 254,
    });
  });

  test("is awaited only for so long", async () => {
    expect((await pod("status", "--wait=1ms", uuid)).stderr).toBe(
      "status: error waiting for pod to finish: context deadline exceeded\n",
    );
    expect((await pod("status", "--wait-ready=1ms", uuid)).stderr).toBe(
      "status: error waiting for pod readiness: context deadline exceeded\n",
    );
  });

  test.skipIf(!isRoot)("is removed by rm (as root)", async () => {
    expect(await pod("rm", "none", uuid)).toEqual({
      stdout: `"${uuid}"\n`,
      stderr:
        'rm: cannot get pod: no matches found for "none"\n' +
        `rm: moving expired prepared pod "${uuid}" to garbage\n` +
        "rm: failed to remove one or more pods\n",
      status: 254,
    });
    expect((await pod("list", "--no-legend")).stdout).toBe("");
  });
});

describe.skipIf(!isRoot)("run refuses before it makes anything (as root)", () => {
  const refusals: readonly [argv: string[], stderr: string][] = [
    [[], "run: must provide at least one image or specify the pod manifest\n"],
    [["--"], "run: must provide at least one image or specify the pod manifest\n"],
    [["--interactive", "a", "b"], "run: interactive option only supports one image\n"],
    [
      ["--net=none", "--port=web:80", "a"],
      "run: --port flag does not work with 'none' networking\n",
    ],
    [
      ["--mount=volume=v,target=/mnt", "a"],
      "run: error parsing app image arguments: " +
        'dangling mount point "/mnt": volume "v" not found\n',
    ],
    [
      ["a", "--memory=x"],
      'run: error parsing app image arguments: invalid argument "x" for --memory=x: ' +
        "error parsing request: quantities must match the regular expression " +
        "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'\n",
    ],
    [
      ["a", "--exec=/x", "--exec=/y"],
      'run: error parsing app image arguments: invalid argument "/y" for --exec=/y: ' +
        "--exec specified multiple times for the same image\n",
    ],
  ];
  for (const [argv, stderr] of refusals) {
    test(`rkt run ${argv.join(" ")}`, async () => {
      const seen = await rkt(`--dir=${dir}/data`, "run", ...argv);
      expect(seen).toEqual({ stdout: "", stderr, status: 254 });
      expect(existsSync(join(dir, "data"))).toBe(false);
    });
  }

  test("an environment file that is wrong is named", async () => {
    writeFileSync(join(dir, "env"), "A=1\nB\n");
    const { stderr } = await rkt("run", `--set-env-file=${dir}/env`, "a");
    expect(stderr).toStartWith(`Error: invalid argument "${dir}/env" for --set-env-file=`);
  });
});
