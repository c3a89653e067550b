/** The command line itself: version, help, and what is wrong with a line. */
import { expect, test } from "bun:test";
import { refused, succeeded } from "./harness/expectations.ts";
import { feature } from "./harness/feature.ts";

/** Every command of this release, as the issue lists them. */
const COMMANDS = [
  ...[
    "cat-manifest",
    "enter",
    "fetch",
    "gc",
    "image",
    "image cat-manifest",
    "image list",
    "image rm",
  ],
  ...["list", "logs", "rm", "run", "status", "stop", "trust", "version", "help"],
];

feature("the command line", {}, (world) => {
  const rkt = (...argv: string[]) => world().rkt(argv);

  test("version prints five lines", async () => {
    const lines = succeeded(await rkt("version")).split("\n");
    expect(lines).toHaveLength(6);
    expect(lines[0]).toMatch(/^rkt Version: \d+\.\d+\.\d+$/);
    expect(lines[4]).toMatch(/^Features: [-+]TPM/);
  });

  test("help lists the commands", async () => {
    const text = succeeded(await rkt("help"));
    for (const command of COMMANDS.filter((each) => each !== "image")) {
      expect(text).toMatch(new RegExp(`^\t${command}\t`, "m"));
    }
  });

  for (const command of COMMANDS) {
    test(`help ${command}`, async () => {
      const text = succeeded(await rkt("help", ...command.split(" ")));
      expect(text).toStartWith("NAME:\n\t");
      expect(text).toContain("GLOBAL OPTIONS:\n");
      if (command === "help") return; // its own --help is the help of all
      expect(succeeded(await rkt(...command.split(" "), "--help"))).toBe(text);
    });
  }

  test("no command: the help, and status 2", async () => {
    const finished = await rkt();
    expect(finished.status).toBe(2);
    expect(finished.stdout + finished.stderr).toContain("missing command");
  });

  test("an unknown command is named", async () => {
    const finished = await rkt("nonsense");
    expect(finished.status).toBe(254);
    expect(finished.stderr).toContain('"nonsense"');
  });

  test("an unknown flag is named", async () => {
    const finished = await rkt("list", "--nonsense");
    expect(finished.status).toBe(254);
    expect(finished.stderr).toContain("unknown flag: --nonsense");
  });

  test("an unambiguous beginning of a command is enough", async () => {
    expect(succeeded(await rkt("vers"))).toBe(succeeded(await rkt("version")));
  });

  test("global flags may stand after the command", async () => {
    succeeded(await rkt("list", "--debug", "--no-legend"));
  });

  test("an unknown security option is named", async () => {
    const finished = await rkt("--insecure-options=nonsense", "list");
    expect(finished.status).toBe(254);
    expect(finished.stderr).toContain("nonsense");
  });

  const asNobody = { as: ["setpriv", "--reuid=12345", "--regid=12345", "--clear-groups", "--"] };
  for (const command of ["run example.test/busybox", "gc", "rm 00000000", "enter 00000000"]) {
    test(`${command}: only root may`, async () => {
      const finished = await world().rkt(command.split(" "), asNobody);
      expect(refused(finished)).toBe(`${command.split(" ")[0]}: cannot run as unprivileged user`);
    });
  }

  for (const command of ["version", "help"]) {
    test(`${command}: everybody may`, async () => {
      succeeded(await world().rkt([command], asNobody));
    });
  }

  test("a configuration of Bun in the current directory is not obeyed", async () => {
    const { directory, machine } = world();
    await machine.shell(`cd ${directory}
      echo 'throw new Error("preloaded")' >evil.ts
      printf 'preload = ["./evil.ts"]\n' >bunfig.toml
      echo 'RKT_EVIL=1' >.env`);
    const as = ["env", "-C", directory, "BUN_OPTIONS=--print 1", "BUN_INSPECT="];
    expect(succeeded(await world().rkt(["version"], { as }))).toStartWith("rkt Version:");
  });
});
