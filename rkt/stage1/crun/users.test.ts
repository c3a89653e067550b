import { afterAll, describe, expect, test } from "bun:test";
import { chownSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { kernel } from "@shared/linux";
import { resolveAccount } from "./users.ts";

const root = mkdtempSync(join(tmpdir(), "users-"));
afterAll(() => rmSync(root, { recursive: true }));
mkdirSync(join(root, "etc"));
writeFileSync(
  join(root, "etc/passwd"),
  "root:x:0:0:root:/root:/bin/sh\nalice:x:1000:100:Alice:/home/alice:/bin/ash\nbroken line\n",
);
writeFileSync(join(root, "etc/group"), "root:x:0:\nusers:x:100:alice\n");
writeFileSync(join(root, "owned"), "");
const isRoot = process.getuid?.() === 0;
if (isRoot) chownSync(join(root, "owned"), 1000, 100);

const account = (user: string, group: string): ReturnType<typeof resolveAccount> =>
  resolveAccount({ kernel }, root, { user, group });

describe("resolveAccount()", () => {
  for (const [user, group, uid, gid, name, why] of [
    ["alice", "users", 1000, 100, "alice", "names"],
    ["1000", "100", 1000, 100, "alice", "numbers find the name"],
    ["4242", "4343", 4242, 4343, undefined, "numbers without a line"],
    ["", "", 0, 0, "root", "nothing means root"],
  ] as const) {
    test(`${user}:${group}: ${why}`, () => {
      expect(account(user, group)).toMatchObject({ uid, gid });
      expect(account(user, group).name).toBe(name);
    });
  }

  test.skipIf(!isRoot)("a path means its owner", () => {
    expect(account("/owned", "/owned")).toMatchObject({ uid: 1000, gid: 100 });
  });

  for (const [user, group, message, why] of [
    ["bob", "root", '"bob" user not found', "unknown user"],
    ["root", "nogroup", '"nogroup" group not found', "unknown group"],
    ["-1", "root", "Invalid uid or gid", "negative number"],
    ["4294967295", "root", "Invalid uid or gid", "the number that means unchanged"],
    ["/none", "root", "no such file or directory", "path that is not there"],
  ] as const) {
    test(`${user}:${group}: ${why}`, () => expect(() => account(user, group)).toThrow(message));
  }

  test("a passwd that links out of the root is looked up inside", () => {
    const other = mkdtempSync(join(tmpdir(), "users-"));
    mkdirSync(join(other, "etc"));
    symlinkSync("/etc/passwd", join(other, "etc/passwd"));
    expect(() => resolveAccount({ kernel }, other, { user: "root", group: "0" })).toThrow();
    rmSync(other, { recursive: true });
  });
});
