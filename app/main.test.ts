import { describe, expect, test } from "bun:test";
import { join } from "node:path";

/** Starts the entry under a name, as a link to the executable would. */
function start(name: string, ...argv: string[]) {
  const { stdout, stderr, exitCode } = Bun.spawnSync(
    [process.execPath, join(import.meta.dir, "main.ts"), ...argv],
    { argv0: name, stdin: "ignore", stdout: "pipe", stderr: "pipe" },
  );
  return { stdout: stdout.toString(), stderr: stderr.toString(), exitCode };
}

describe("the name chooses the program", () => {
  const rkt: readonly [name: string, argv: string[]][] = [
    ["rkt", ["version"]],
    ["/usr/local/bin/rkt", ["version"]],
    ["rktnetes", ["rkt", "version"]],
  ];
  for (const [name, argv] of rkt) {
    test(`${name} ${argv.join(" ")} is rkt`, () => {
      const { stdout, stderr, exitCode } = start(name, ...argv);
      expect(stdout).toStartWith("rkt Version: ");
      expect([stderr, exitCode]).toEqual(["", 0]);
    });
  }

  for (const name of ["acbuild", "docker2aci"]) {
    test(`${name}, also after rktnetes`, () => {
      const own = start(name, "--help");
      expect(own.stdout).toStartWith(`NAME:\n\t${name} - `);
      expect(own).toMatchObject({ stderr: "", exitCode: 0 });
      expect(start("rktnetes", name, "--help")).toEqual(own);
    });
  }

  for (const argv of [["get", "pods"], ["rkt"]]) {
    test(`kubectl ${argv.join(" ")} is not there yet`, () => {
      expect(start("kubectl", ...argv)).toEqual({
        stdout: "",
        stderr: "kubectl: this release has none; use one of your own\n",
        exitCode: 254,
      });
    });
  }

  test("rktnetes has commands of its own", () => {
    expect(start("rktnetes", "help").stdout).toStartWith("usage: rktnetes COMMAND");
    expect(start("rktnetes", "nothing")).toEqual({
      stdout: "",
      stderr: 'rktnetes: unknown command "nothing"\nhint: see "rktnetes help" for what there is\n',
      exitCode: 1,
    });
  });

  test("a path in a stage1 root is an entrypoint", () => {
    const { stderr, exitCode } = start("/pods/x/stage1/rootfs/crun/none");
    expect(stderr).toStartWith("stage1: ");
    expect(exitCode).toBe(254);
  });

  test("the hidden first argument is the child that unpacks a layer", () => {
    const { stdout, exitCode } = start("rktnetes", "unpack-layer");
    expect(JSON.parse(stdout)).toMatchObject({ kind: "fault" });
    expect(exitCode).toBe(1);
  });
});
