import { afterAll, describe, expect, test } from "bun:test";
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { Fault } from "@shared/base";
import { cgroupControllers, cgroupLayout, kernel } from "./mod.ts";

const dir = mkdtempSync(join(tmpdir(), "linux-"));
afterAll(() => rmSync(dir, { recursive: true }));
const isRoot = process.getuid?.() === 0;

describe("exchange()", () => {
  const [one, two] = [join(dir, "one"), join(dir, "two")];

  test("gives each of two names what the other one had", () => {
    mkdirSync(join(one, "inside"), { recursive: true });
    writeFileSync(two, "a file");
    expect(kernel.exchange(one, two)).toBe(true);
    expect(readFileSync(one, "utf8")).toBe("a file");
    expect(statSync(join(two, "inside")).isDirectory()).toBe(true);
  });

  test("needs both", () => {
    expect(() => kernel.exchange(one, join(dir, "none"))).toThrow('none": no such file');
  });
});

describe("flock()", () => {
  test("is refused to a second descriptor, and given once the first is closed", () => {
    const first = openSync(dir, "r");
    const second = openSync(dir, "r");
    expect(kernel.flock(first, "exclusive", { wait: false })).toBe(true);
    expect(kernel.flock(second, "shared", { wait: false })).toBe(false);
    closeSync(first);
    expect(kernel.flock(second, "shared", { wait: false })).toBe(true);
    closeSync(second);
  });
});

describe("openInRoot()", () => {
  mkdirSync(join(dir, "root/etc"), { recursive: true });
  writeFileSync(join(dir, "secret"), "host");
  writeFileSync(join(dir, "root/secret"), "inside");
  for (const [name, target, why] of [
    ["absolute", "/secret", "an absolute link starts at the root"],
    ["upward", "../../../../secret", "dots stop at the root"],
    ["plain", "../secret", "an ordinary relative link"],
  ] as const) {
    test(`stays inside: ${why}`, () => {
      symlinkSync(target, join(dir, "root/etc", name));
      const fd = kernel.openInRoot(join(dir, "root"), `/etc/${name}`);
      expect(fd).toBeDefined();
      if (fd === undefined) return;
      expect(readFileSync(fd, "utf8")).toBe("inside");
      closeSync(fd);
    });
  }
  test("is undefined where nothing is", () => {
    expect(kernel.openInRoot(join(dir, "root"), "etc/none")).toBeUndefined();
  });
});

describe.skipIf(!isRoot)("as root", () => {
  test("mknod() makes a device node with its numbers", () => {
    const path = join(dir, "null");
    kernel.mknod(path, 0o020666, { major: 1, minor: 3 });
    const { rdev } = statSync(path);
    expect([rdev >> 8, rdev & 0xff]).toEqual([1, 3]);
  });

  test("setXattr(), getXattr() and listXattrs() agree, bytes kept", () => {
    const path = join(dir, "attributes");
    writeFileSync(path, "");
    const value = new Uint8Array([0, 255, 1, 10]);
    kernel.setXattr(path, "trusted.test", value);
    expect(kernel.getXattr(path, "trusted.test")).toEqual(value);
    expect(kernel.listXattrs(path)).toContain("trusted.test");
    expect(kernel.getXattr(path, "trusted.none")).toBeUndefined();
  });

  test("inNewNamespaces() is inside during the action and home after it", () => {
    const before = readlinkSync("/proc/thread-self/ns/net");
    const name = hostname();
    const inside = kernel.inNewNamespaces(["net", "uts", "ipc"], () => {
      kernel.setHostname("inside");
      kernel.setLoopbackUp();
      return {
        net: readlinkSync("/proc/thread-self/ns/net"),
        name: readFileSync("/proc/sys/kernel/hostname", "utf8").trim(),
        addresses: readFileSync("/proc/thread-self/net/fib_trie", "utf8"),
      };
    });
    expect(inside.net).not.toBe(before);
    expect(inside.name).toBe("inside");
    expect(inside.addresses).toContain("127.0.0.1");
    expect(readlinkSync("/proc/thread-self/ns/net")).toBe(before);
    expect(readFileSync("/proc/sys/kernel/hostname", "utf8").trim()).toBe(name);
  });

  test("a child started in a new pid namespace is its first process", () => {
    const child = kernel.inNewNamespaces(["pid"], () => Bun.spawnSync(["sh", "-c", "echo $$"]));
    expect(child.stdout.toString()).toBe("1\n");
  });

  test("mount() names what it could not do, with errno's kind", () => {
    const target = join(dir, "none");
    expect(() => kernel.mount({ target, type: "tmpfs" })).toThrow(
      new Fault("not-found", `mount "tmpfs" on "${target}": no such file or directory`),
    );
  });
});

test("execve() becomes the program, with its arguments and environment", () => {
  const script = `
    import { kernel } from "${import.meta.dir}/mod.ts";
    kernel.execve("/bin/sh", ["renamed", "-c", "echo $0 $A $$"], { A: "b" });`;
  const child = Bun.spawnSync([process.execPath, "-e", script]);
  expect(child.stdout.toString()).toBe(`renamed b ${child.pid}\n`);
});

test("cgroupLayout() tells the hierarchies of a directory without any", () => {
  expect(cgroupLayout(dir)).toBe("none");
  expect(cgroupControllers(dir)).toEqual([]);
});
