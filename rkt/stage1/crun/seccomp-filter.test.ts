import { describe, expect, test } from "bun:test";
import { DEFAULT_CAPABILITIES } from "@rkt/spec";
import { filterFor } from "./seccomp/filter.ts";
import { seccompSettings, UNFILTERED } from "./seccomp-filter.ts";

const arch = process.arch === "arm64" ? "aarch64" : "x86_64";
const compiled = (...capabilities: readonly string[]): string =>
  Buffer.from(filterFor({ arch, mode: "default" }, capabilities) ?? "").toString("base64");

describe("seccompSettings()", () => {
  test("nothing special: what the build compiled is what would be compiled now", async () => {
    const { filter } = await seccompSettings({});
    expect(filter).toBe(compiled(...DEFAULT_CAPABILITIES));
  });

  test("more capabilities: another filter", async () => {
    const { filter } = await seccompSettings({ capabilitiesRetain: ["CAP_SYS_ADMIN"] });
    expect(filter).toBe(compiled("CAP_SYS_ADMIN"));
    expect(filter).not.toBe(compiled(...DEFAULT_CAPABILITIES));
  });

  test("all calls retained: no filter", async () => {
    const seccomp = { mode: "retain", names: ["@appc.io/all"] } as const;
    expect(await seccompSettings({ seccomp })).toEqual(UNFILTERED);
  });
});
