import { afterAll, describe, expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { kernel } from "@shared/linux";
import type { LayerId } from "../image.ts";
import { linkWhitelisted, whitelistedLayerId } from "./whitelist.ts";

const scratch = mkdtempSync(join(tmpdir(), "rkt-whitelist-"));
afterAll(() => rmSync(scratch, { recursive: true }));
const shell = (script: string): string =>
  execFileSync("sh", ["-euc", script], { cwd: scratch, encoding: "utf8" });

describe.skipIf(process.getuid?.() !== 0)("linkWhitelisted() (needs root)", () => {
  const SOURCE = `
    mkdir -p source/bin source/etc/deep/er source/private
    echo ls >source/bin/ls; echo cat >source/bin/cat; ln -s ls source/bin/dir
    echo x >source/etc/deep/er/file; echo y >source/etc/deep/other
    mkfifo source/etc/pipe
    ln -s /etc source/link; ln -s bin source/usr
    chmod 4750 source/bin/ls; chown 12:34 source/etc/deep; chmod 1700 source/etc/deep
    touch -d 2001-02-03T04:05:06.789Z source/etc/deep source/etc source`;
  const listed = (paths: readonly string[]): string[] => {
    rmSync(join(scratch, "target"), { recursive: true, force: true });
    mkdirSync(join(scratch, "target"));
    linkWhitelisted({ kernel }, join(scratch, "source"), join(scratch, "target"), paths);
    return shell("find target -mindepth 1 -printf '%y%m %U:%G %P\\n' | sort -k3").split("\n");
  };

  test("files are the same inodes; directories on the way keep owner, mode and time", () => {
    shell(SOURCE);
    expect(listed(["/bin/ls", "/bin/dir", "etc//deep/er/", "/etc/pipe", "/none/at/all"])).toEqual([
      "d755 0:0 bin",
      "l777 0:0 bin/dir",
      "f4750 0:0 bin/ls",
      "d755 0:0 etc",
      "d1700 12:34 etc/deep",
      "d755 0:0 etc/deep/er",
      "p644 0:0 etc/pipe",
      "",
    ]);
    const inode = (path: string): string => shell(`stat -c %i ${path}`);
    expect(inode("target/bin/ls")).toBe(inode("source/bin/ls"));
    for (const path of ["", "/etc", "/etc/deep"]) {
      expect(shell(`stat -c %y target${path}`)).toStartWith("2001-02-03 ");
    }
  });

  test("a directory alone comes without its content", () => {
    expect(listed(["/etc"])).toEqual(["d755 0:0 etc", ""]);
  });

  test("nothing is found behind a symbolic link or above the root", () => {
    expect(listed(["/link/passwd", "/usr/ls", "/../../etc/passwd"])).toEqual(["d755 0:0 etc", ""]);
    expect(listed(["/link"])).toEqual(["l777 0:0 link", ""]);
  });
});

test("whitelistedLayerId(): by the set of paths, and by the layer", () => {
  const layer = `sha512-${"a".repeat(64)}` as LayerId;
  const other = `sha512-${"b".repeat(64)}` as LayerId;
  const id = whitelistedLayerId(layer, ["/a", "/b/c"]);
  expect(id).toMatch(/^sha256-[0-9a-f]{64}$/);
  expect(whitelistedLayerId(layer, ["b//c/", "/a", "a"])).toBe(id);
  expect(whitelistedLayerId(layer, ["/a"])).not.toBe(id);
  expect(whitelistedLayerId(other, ["/a", "/b/c"])).not.toBe(id);
});
